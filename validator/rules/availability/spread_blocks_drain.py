"""Spread by host counts the node that is drained as an empty one, so its pod finds no other place.

`DoNotSchedule` compares each node with the emptiest. A drained node is tainted, but counts with its 0 pods
unless `nodeTaintsPolicy: Honor` is set; then every node that holds `maxSkew` pods is full, and on a small
cluster the evicted pod stays pending. With no more pods than `maxSkew` they all fit on any one node.
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#spread-constraint-definition

Fix: Set `nodeTaintsPolicy: Honor`, or `whenUnsatisfiable: ScheduleAnyway`.

Bad:
    kind: Deployment
    spec:
      replicas: 2
      template:
        spec:
          topologySpreadConstraints:
          - maxSkew: 1  # finding
            topologyKey: kubernetes.io/hostname
            whenUnsatisfiable: DoNotSchedule
            labelSelector: {matchLabels: {app.kubernetes.io/name: example}}
Good:
    kind: Deployment
    spec:
      replicas: 2
      template:
        spec:
          topologySpreadConstraints:
          - maxSkew: 1
            topologyKey: kubernetes.io/hostname
            whenUnsatisfiable: DoNotSchedule
            nodeTaintsPolicy: Honor
            labelSelector: {matchLabels: {app.kubernetes.io/name: example}}
"""

from validator.cluster import Workload
from validator.cluster.placement import HOST, spreads
from validator.rule import Findings, Severity, rule


def _is_spread(workload: Workload) -> bool:
    return workload.is_replicated() and any(spreads(workload))


@rule(Severity.ERROR, when=_is_spread)
def spread_blocks_drain(workload: Workload) -> Findings:
    for spread in spreads(workload):
        if (
            spread.value.get("topologyKey") == HOST
            and spread.value.get("whenUnsatisfiable") != "ScheduleAnyway"
            and spread.value.get("nodeTaintsPolicy") != "Honor"
            and spread.counts_itself
            and workload.max_replicas > spread.skew
        ):
            yield (
                workload.at_pod(*spread.path),
                f"DoNotSchedule by host with maxSkew {spread.skew} for up to {workload.max_replicas} pods, "
                "nodeTaintsPolicy not Honor: the drained node counts as empty, the others as full",
            )
