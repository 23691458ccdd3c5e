"""Workload with several pods has no PodDisruptionBudget, so a node upgrade may evict all of them at once.

The pods are counted at their fewest: the HPA's minimum, else `replicas`. With one pod a budget can protect
nothing.
https://kubernetes.io/docs/tasks/run-application/configure-pdb/

Fix: Add a PodDisruptionBudget that selects its pods, with `maxUnavailable: 1`, which fits any number of pods.

Bad:
    kind: Deployment  # finding
    spec: {replicas: 3}
    ---
    kind: PodDisruptionBudget
    spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: other}}}
    ---
    kind: Deployment
    metadata: {name: other}
Good:
    kind: Deployment
    spec: {replicas: 3}
    ---
    kind: PodDisruptionBudget
    spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: example}}}
    ---
    kind: Deployment
    metadata: {name: other}
"""

from validator.cluster import Workload
from validator.rule import Findings, Severity, rule


def _has_several(workload: Workload) -> bool:
    return workload.is_replicated() and workload.replicas > 1


@rule(Severity.ERROR, item=5, prod=True, neighbours=True, when=_has_several)
def pdb_missing(workload: Workload) -> Findings:
    if not workload.cluster.pdbs_of(workload):
        yield (
            workload.at(),
            f"no PodDisruptionBudget selects its pods ({workload.replicas_reason}): "
            "a drain may evict all of them at once",
        )
