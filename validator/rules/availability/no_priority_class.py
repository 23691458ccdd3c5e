"""Workload has no priority class, so on a full cluster anything may take its place, and it takes nobody's.

Without one the priority is 0, unless a PriorityClass is the cluster's default (`globalDefault`); the kubelet
too evicts low priorities first when a node runs short. Jobs are not asked: they can wait.
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/

Fix: Set `priorityClassName`, with a higher class for what must not be displaced.

Bad:
    kind: Deployment
    spec:
      template:
        spec:  # finding
          enableServiceLinks: false
Good:
    kind: Deployment
    spec:
      template:
        spec:
          enableServiceLinks: false
          priorityClassName: trading-services
"""

from validator.cluster import Workload
from validator.cluster.objects import PriorityClass
from validator.rule import Findings, Severity, rule


@rule(Severity.INFO, prod=True, when=Workload.is_long_running)
def no_priority_class(workload: Workload) -> Findings:
    if workload.pod.get("priorityClassName"):
        return
    if not any(each.is_default for each in workload.cluster.of(PriorityClass)):
        yield (
            workload.at_pod("priorityClassName"),
            "no priorityClassName, so priority 0: any pod of a higher class may displace it",
        )
