"""PodDisruptionBudget never lets a pod go, so the drain of its node waits until somebody deletes the budget.

It is worked out for the fewest pods (the HPA's minimum, else `replicas`), all of them healthy. Percentages
round up, for both fields, so `minAvailable: 50%` of 3 pods is 2, and `maxUnavailable: 1%` of 3 still 1. For
percentages and `maxUnavailable` the controller asks each pod's owner how many there should be; a Job, CronJob
or DaemonSet cannot say, and then nothing may be evicted at all (`SyncFailed`). Nor may anything with neither
field set.
https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages

Fix: Use `maxUnavailable: 1`, which lets one pod go whatever their number; let the selector leave out Jobs.

Bad:
    kind: PodDisruptionBudget
    spec:
      minAvailable: 2  # finding
      selector: {matchLabels: {app.kubernetes.io/name: example}}
    ---
    kind: Deployment
    spec: {replicas: 2}
Good:
    kind: PodDisruptionBudget
    spec:
      minAvailable: 1
      selector: {matchLabels: {app.kubernetes.io/name: example}}
    ---
    kind: Deployment
    spec: {replicas: 2}
"""

from validator.cluster import PodDisruptionBudget
from validator.cluster.disruption import allowance, without_scale
from validator.rule import Fault, Findings, Related, Severity, rule


def _selects(pdb: PodDisruptionBudget) -> bool:
    return bool(pdb.workloads)


@rule(Severity.ERROR, item=5, when=_selects)
def pdb_blocks_drain(pdb: PodDisruptionBudget) -> Findings:
    field = "minAvailable" if pdb.spec.get("maxUnavailable") is None else "maxUnavailable"
    if pdb.spec.get(field) is None:
        yield pdb.at("spec"), "neither maxUnavailable nor minAvailable is set: no pod may be evicted"
    elif workload := without_scale(pdb):
        yield Fault(
            pdb.at("spec", field),
            f"it selects {workload}, and {field} {pdb.spec[field]} cannot be worked out for a "
            f"{workload.kind}, which has no scale: while such a pod exists, none may be evicted",
            related=(Related("is selected too", workload.at_template("metadata", "labels")),),
        )
    elif (found := allowance(pdb)) and found.allowed <= 0:
        yield Fault(
            pdb.at("spec", field),
            f"no pod may be evicted: {found.arithmetic} ({found.counted})",
            related=tuple(Related("is selected", w.at("spec", "replicas")) for w in pdb.workloads[:5]),
        )
