"""Workload is meant to be scaled by load, and no HorizontalPodAutoscaler does it.

Which workloads those are stands in `autoscaled` of `qt-validate.toml`. A KEDA ScaledObject does as well,
since it makes an HPA.
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/

Fix: Add an HPA whose `scaleTargetRef` names the workload, with `apiVersion: apps/v1` and its kind.

Bad:
    # setting: autoscaled = ["api-service"]
    kind: Deployment  # finding
    metadata: {name: api-service}
    ---
    kind: Deployment
    metadata: {name: worker}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}
Good:
    # setting: autoscaled = ["api-service"]
    kind: Deployment
    metadata: {name: api-service}
    ---
    kind: Deployment
    metadata: {name: worker}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api-service}
"""

from validator.cluster import Workload
from validator.cluster.scaling import is_autoscaled
from validator.rule import Findings, Severity, rule


def _is_listed(workload: Workload) -> bool:
    return workload.is_replicated() and workload.name in workload.cluster.settings.autoscaled


@rule(Severity.ERROR, item=4, prod=True, neighbours=True, when=_is_listed)
def hpa_missing(workload: Workload) -> Findings:
    if not is_autoscaled(workload):
        yield (
            workload.at(),
            f"no HPA scales it, though `autoscaled` lists it: it stays at {workload.replicas_reason}",
        )
