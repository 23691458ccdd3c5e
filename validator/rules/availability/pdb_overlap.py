"""Two PodDisruptionBudgets select one pod, so the server refuses to evict it and the drain never ends.

The eviction fails with "This pod has more than one PodDisruptionBudget, which the eviction subresource does
not support", whatever the two allow; it is not even retried as a budget that is used up would be.
https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors

Fix: Keep one budget for each workload, and give each a selector of its own.

Bad:
    kind: PodDisruptionBudget
    metadata: {name: example}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: example}}}
    ---
    kind: PodDisruptionBudget
    metadata: {name: everything}
    spec: {maxUnavailable: 1, selector: {}}  # finding
    ---
    kind: Deployment
Good:
    kind: PodDisruptionBudget
    metadata: {name: example}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: example}}}
    ---
    kind: PodDisruptionBudget
    metadata: {name: everything}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: other}}}
    ---
    kind: Deployment
"""

from validator.cluster import PodDisruptionBudget
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR, item=5)
def pdb_overlap(pdb: PodDisruptionBudget) -> Findings:
    """Reported on the later budget of each two."""
    shared: dict[int, tuple[PodDisruptionBudget, list[str]]] = {}
    for workload in pdb.workloads:
        for other in pdb.cluster.pdbs_of(workload):
            if other is pdb:
                break
            shared.setdefault(id(other), (other, []))[1].append(str(workload))
    for other, workloads in shared.values():
        shown = ", ".join(workloads[:3]) + (f" and {len(workloads) - 3} more" if len(workloads) > 3 else "")
        yield Fault(
            pdb.at("spec", "selector"),
            f"{other} selects the pods of {shown} too: the server refuses to evict them",
            related=(Related("selects them too", other.at("spec", "selector")),),
        )
