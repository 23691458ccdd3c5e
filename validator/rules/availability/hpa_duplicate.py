"""Two autoscalers scale one workload, so neither does: both stop with `AmbiguousSelector`.

Before Kubernetes 1.26 each set its own number and the pods came and went; since then the controller finds
two for the same pods and computes nothing for either (pkg/controller/podautoscaler/horizontal.go).

Fix: Keep one HPA and put all metrics into it; it takes the highest number that any of them asks for.

Bad:
    kind: Deployment
    ---
    kind: Deployment
    metadata: {name: worker}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: example}
    ---
    kind: HorizontalPodAutoscaler
    metadata: {name: worker}
    spec:
      minReplicas: 2
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: example}  # finding
Good:
    kind: Deployment
    ---
    kind: Deployment
    metadata: {name: worker}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: example}
    ---
    kind: HorizontalPodAutoscaler
    metadata: {name: worker}
    spec:
      minReplicas: 2
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}
"""

from validator.cluster import Workload
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_scaled(workload: Workload) -> bool:
    return bool(workload.hpas)


@rule(Severity.ERROR, when=_is_scaled)
def hpa_duplicate(workload: Workload) -> Findings:
    first, *others = workload.hpas
    for hpa in others:
        yield Fault(
            hpa.at("spec", "scaleTargetRef"),
            f"{first} scales {workload} already: with two, neither does",
            related=(Related("scales it already", first.at("spec", "scaleTargetRef")),),
        )
