"""Manifest sets `replicas` though an autoscaler owns it, so every apply throws the pods back to that number.

In the middle of a peak that is an outage; the HPA needs a while to scale up again. `replicas: 0` switches the
autoscaler off. The line that is reported is the one that sets it: a base, a patch or `replicas:` of a
kustomization.
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling

Fix: Remove `replicas`; on objects that are already in the cluster, take it out of the last-applied
configuration first (`kubectl apply edit-last-applied`), or the next apply scales to one pod.

Bad:
    kind: Deployment
    spec:
      replicas: 2  # finding
      minReadySeconds: 5
    ---
    kind: HorizontalPodAutoscaler
    spec: {minReplicas: 2, maxReplicas: 5}
Good:
    kind: Deployment
    spec:
      minReadySeconds: 5
    ---
    kind: HorizontalPodAutoscaler
    spec: {minReplicas: 2, maxReplicas: 5}
"""

from validator.cluster import Workload
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_scaled(workload: Workload) -> bool:
    return bool(workload.hpas)


@rule(Severity.WARNING, when=_is_scaled)
def hpa_fights_replicas(workload: Workload) -> Findings:
    replicas = workload.spec.get("replicas")
    if replicas is None:
        return
    hpa = workload.hpas[0]
    bounds = f"{hpa} scales it from {hpa.minimum} to {hpa.maximum}"
    yield Fault(
        workload.at("spec", "replicas"),
        f"replicas 0 switches the autoscaler off: {bounds}"
        if replicas == 0
        else f"replicas {replicas} is set at every apply, while {bounds}",
        related=(Related("the autoscaler", hpa.at("spec", "scaleTargetRef")),),
    )
