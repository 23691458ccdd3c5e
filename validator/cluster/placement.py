"""Where the scheduler may put a workload's pods: the constraints that count these pods themselves."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from validator.cluster.selector import Selector
from validator.cluster.workload import Workload
from validator.finding import Path
from validator.manifest import dig, mapping, sequence

HOST = "kubernetes.io/hostname"


class Spread(NamedTuple):
    """One topologySpreadConstraint. One that does not select the pod's own labels counts others."""

    path: Path
    value: dict[str, Any]
    counts_itself: bool

    @property
    def skew(self) -> int:
        value = self.value.get("maxSkew")
        return value if type(value) is int and value > 0 else 1


def spreads(workload: Workload) -> Iterator[Spread]:
    """The constraints of the pod's spec; a selector that is absent selects nothing."""
    for index, value in enumerate(sequence(workload.pod.get("topologySpreadConstraints"))):
        value = mapping(value)
        selector = Selector.parse(value.get("labelSelector"))
        path = ("topologySpreadConstraints", index)
        yield Spread(path, value, selector.matches(workload.pod_labels))


def repels_itself(workload: Workload) -> bool:
    """Whether an anti-affinity, required or preferred, keeps its pods away from one another."""
    rules = mapping(dig(workload.pod, "affinity", "podAntiAffinity"))
    terms = sequence(rules.get("requiredDuringSchedulingIgnoredDuringExecution")) + [
        dig(preferred, "podAffinityTerm")
        for preferred in sequence(rules.get("preferredDuringSchedulingIgnoredDuringExecution"))
    ]
    return any(_covers(mapping(term), workload) for term in terms)


def _covers(term: dict[str, Any], workload: Workload) -> bool:
    """Whether a term is about these pods: their labels, and their namespace unless it names others."""
    selector = Selector.parse(term.get("labelSelector"))
    if not selector.matches(workload.pod_labels):
        return False
    namespaces = sequence(term.get("namespaces"))
    elsewhere = namespaces or term.get("namespaceSelector") is not None
    if not elsewhere or workload.namespace in namespaces:
        return True
    labels = workload.cluster.namespace_labels.get(workload.namespace, {})
    return Selector.parse(term.get("namespaceSelector")).matches(labels)
