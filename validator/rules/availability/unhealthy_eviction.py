"""PodDisruptionBudget leaves open what becomes of unhealthy pods, so one that never gets ready stops a drain.

By default (`IfHealthyBudget`) a pod that is not ready may go only while enough others are healthy; with one
pod never, since a budget that needs no healthy pod lets only healthy ones go (pkg/registry/core/pod/storage/
eviction.go). A crash loop then keeps a node from being drained, though nothing would be lost.
https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy

Fix: Set `unhealthyPodEvictionPolicy: AlwaysAllow`, or `IfHealthyBudget` where an unready pod may hold data.

Bad:
    kind: PodDisruptionBudget
    spec:  # finding
      maxUnavailable: 1
      selector: {matchLabels: {app.kubernetes.io/name: example}}
    ---
    kind: Deployment
Good:
    kind: PodDisruptionBudget
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app.kubernetes.io/name: example}}
      unhealthyPodEvictionPolicy: AlwaysAllow
    ---
    kind: Deployment
"""

from validator.cluster import PodDisruptionBudget
from validator.rule import Findings, Severity, rule


@rule(Severity.INFO)
def unhealthy_eviction(pdb: PodDisruptionBudget) -> Findings:
    if pdb.spec.get("unhealthyPodEvictionPolicy") is None:
        yield (
            pdb.at("spec", "unhealthyPodEvictionPolicy"),
            "unhealthyPodEvictionPolicy is unset, so IfHealthyBudget: "
            "a pod that never gets ready can stop the drain of its node",
        )
