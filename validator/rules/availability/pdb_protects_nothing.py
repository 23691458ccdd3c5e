"""PodDisruptionBudget lets all pods go at once, so it is there and protects nothing.

It is worked out for the fewest pods (the HPA's minimum, else `replicas`) when there are two or more, with
percentages rounded up as the controller does; one pod can be protected only against any eviction.
https://kubernetes.io/docs/tasks/run-application/configure-pdb/

Fix: Use `maxUnavailable: 1`, or a `minAvailable` of at least 1.

Bad:
    kind: PodDisruptionBudget
    spec:
      maxUnavailable: 2  # finding
      selector: {matchLabels: {app.kubernetes.io/name: example}}
    ---
    kind: Deployment
    spec: {replicas: 2}
Good:
    kind: PodDisruptionBudget
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app.kubernetes.io/name: example}}
    ---
    kind: Deployment
    spec: {replicas: 2}
"""

from validator.cluster import PodDisruptionBudget
from validator.cluster.disruption import allowance, without_scale
from validator.rule import Findings, Severity, rule


def _guards_several(pdb: PodDisruptionBudget) -> bool:
    found = allowance(pdb)
    return found is not None and found.pods > 1


@rule(Severity.WARNING, when=_guards_several)
def pdb_protects_nothing(pdb: PodDisruptionBudget) -> Findings:
    found = allowance(pdb)
    if found and found.allowed >= found.pods and without_scale(pdb) is None:
        field = "minAvailable" if pdb.spec.get("maxUnavailable") is None else "maxUnavailable"
        yield (
            pdb.at("spec", field),
            f"all {found.pods} pods may be evicted at once: {found.arithmetic} ({found.counted})",
        )
