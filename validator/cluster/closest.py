"""For a selector that matches nothing: which pods it probably meant."""

from difflib import SequenceMatcher

from validator.cluster.index import Cluster
from validator.cluster.selector import EVERYTHING, Selector
from validator.cluster.workload import Workload

_SOUGHT = 200
"""How many workloads are compared: the search is linear in them."""


def closest(cluster: Cluster, namespace: str, selector: Selector) -> str | None:
    """The workload whose labels come nearest, with these labels, in words; None when none comes near."""
    if selector.null or selector.everything:
        return None
    for workload in cluster.workloads[:_SOUGHT]:
        if workload.namespace != namespace and selector.matches(workload.pod_labels):
            return f"{workload} in namespace {workload.namespace} has these labels"
    best: tuple[float, Workload, list[str]] | None = None
    for workload in cluster.select(namespace, EVERYTHING)[:_SOUGHT]:
        likeness, labels = _likeness(selector, workload.pod_labels)
        if labels and (best is None or likeness > best[0]):
            best = likeness, workload, labels
    return f"{best[1]} has {', '.join(best[2])}" if best else None


def _likeness(selector: Selector, labels: dict[str, str]) -> tuple[float, list[str]]:
    """How much a pod's labels are like the selected ones, and which of them."""
    total, like = 0.0, []
    wanted = [(key, {value}) for key, value in selector.pairs]
    wanted += [(requirement.key, set(requirement.values)) for requirement in selector.requirements]
    for key, values in wanted:
        if key in labels:
            total += max((SequenceMatcher(None, labels[key], value).ratio() for value in values), default=0.5)
            like.append(f"{key}={labels[key]}")
            continue
        for other, value in labels.items():
            if value in values:
                total += 0.5
                like.append(f"{other}={value}")
                break
    return total, like
