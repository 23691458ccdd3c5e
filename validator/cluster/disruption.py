"""How many pods a PodDisruptionBudget lets go at once, as the disruption controller works it out.

pkg/controller/disruption/disruption.go of Kubernetes: getExpectedPodCount and getExpectedScale.
"""

from typing import NamedTuple

from validator.cluster.objects import PodDisruptionBudget
from validator.cluster.scaling import has_known_replicas
from validator.cluster.workload import Workload

_WITHOUT_SCALE = frozenset({"Job", "CronJob", "DaemonSet"})


class Allowance(NamedTuple):
    """How many of how many pods may be evicted at once, and why."""

    allowed: int
    pods: int
    arithmetic: str
    counted: str


def allowance(pdb: PodDisruptionBudget) -> Allowance | None:
    """The allowance while every workload has its fewest pods; None when a count is not known here.

    The fewest is the worst: what may go never falls as pods are added, percentages included.
    """
    counted: list[tuple[Workload, int]] = []
    for workload in pdb.workloads:
        if workload.kind in ("DaemonSet", "Service") or not _is_counted(workload):
            return None
        if workload.kind not in ("Job", "CronJob", "PodTemplate"):
            # An HPA that may scale to zero says nothing about the drain of a node without pods.
            pods = max(workload.replicas, 1) if workload.hpas else workload.replicas
            if pods:
                counted.append((workload, pods))
    if any(
        outside.namespace == pdb.namespace and outside.labels is not None and outside.may_match(pdb.selector)
        for outside in pdb.cluster.outside
    ):
        return None
    total = sum(pods for _, pods in counted)
    found = pdb.allowed_disruptions(total)
    if not total or found is None:
        return None
    reasons = [
        workload.replicas_reason if len(counted) == 1 else f"{workload.name} {pods}"
        for workload, pods in counted
    ]
    return Allowance(found[0], total, found[1], " + ".join(reasons))


def _is_counted(workload: Workload) -> bool:
    return not workload.is_replicated() or has_known_replicas(workload)


def without_scale(pdb: PodDisruptionBudget) -> Workload | None:
    """A selected workload whose wanted number of pods the controller cannot ask for, though it must.

    Only an integer `minAvailable` goes without; for anything else the sync fails, and then no eviction
    is allowed (failSafe).
    """
    if pdb.spec.get("maxUnavailable") is None and type(pdb.spec.get("minAvailable")) is not str:
        return None
    return next((w for w in pdb.workloads if w.kind in _WITHOUT_SCALE), None)
