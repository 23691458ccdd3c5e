"""Several pods, and nothing keeps them apart, so one node can hold all of them and take all of them down.

A topology spread constraint or an anti-affinity counts only when its selector selects the pods themselves.
The scheduler's own default tolerates three more of a kind on one node than on another.
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/

Fix: Add a `topologySpreadConstraints` entry by `kubernetes.io/hostname`, with the pods' own labels and
`nodeTaintsPolicy: Honor` if it is `DoNotSchedule`.

Bad:
    kind: Deployment
    spec:
      replicas: 2
      template:
        spec:  # finding
          terminationGracePeriodSeconds: 45
Good:
    kind: Deployment
    spec:
      replicas: 2
      template:
        spec:
          terminationGracePeriodSeconds: 45
          topologySpreadConstraints:
          - maxSkew: 1
            topologyKey: kubernetes.io/hostname
            whenUnsatisfiable: ScheduleAnyway
            labelSelector: {matchLabels: {app.kubernetes.io/name: example}}
"""

from validator.cluster import Selector, Workload
from validator.cluster.placement import repels_itself, spreads
from validator.manifest import dig
from validator.rule import Findings, Severity, rule


def _has_several(workload: Workload) -> bool:
    return workload.is_replicated() and workload.replicas > 1


@rule(Severity.WARNING, prod=True, when=_has_several)
def not_spread(workload: Workload) -> Findings:
    found = list(spreads(workload))
    if any(spread.counts_itself for spread in found) or repels_itself(workload):
        return
    if found:
        selector = Selector.parse(found[0].value.get("labelSelector"))
        message = f"the spread constraint counts {selector}, not these pods"
    elif dig(workload.pod, "affinity", "podAntiAffinity"):
        message = "the anti-affinity selects other pods than these"
    else:
        message = "neither a topology spread constraint nor an anti-affinity"
    at = workload.at_pod(*found[0].path, "labelSelector") if found else workload.at_pod("affinity")
    yield at, f"{message}: one node may hold all pods ({workload.replicas_reason})"
