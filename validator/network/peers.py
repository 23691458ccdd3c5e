"""The pods that the peers of policies mean, and whether the render can tell."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from validator.cluster import EVERYTHING, Cluster, Selector, Workload
from validator.network.grants import Grant
from validator.network.scope import shown_namespaces

NAMESPACE_NAME = "kubernetes.io/metadata.name"

_CONTROLLERS_LABELS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
"""Labels that controllers put on pods, and no manifest shows
(https://kubernetes.io/docs/reference/labels-annotations-taints/)."""


class Selection:
    """Answers about selectors, each worked out once: many policies name the same peers."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._selected: dict[tuple[str | Selector | None, Selector], tuple[Workload, ...]] = {}
        self._exists: dict[tuple[str, Selector], bool] = {}
        self._values: dict[tuple[str, str], dict[str, Workload]] = {}
        self._hints: dict[tuple[str, str, str], str] = {}

    def workloads(self, grant: Grant) -> tuple[Workload, ...]:
        """The workloads of the render that a grant means."""
        if grant.peer is None:
            return self.cluster.workloads
        if not grant.means_pods():
            return ()
        pods = grant.pods
        namespaces = grant.peer.get("namespaceSelector")
        where = grant.policy.namespace if namespaces is None else Selector.parse(namespaces)
        found = self._selected.get((where, pods))
        if found is None:
            found = self._selected[where, pods] = tuple(
                w for namespace in self._named(where) for w in self.cluster.select(namespace, pods)
            )
        return found

    def _named(self, where: str | Selector) -> list[str]:
        if isinstance(where, str):
            return [where]
        return [name for name, labels in self.cluster.namespace_labels.items() if where.matches(labels)]

    def closed_namespaces(self, grant: Grant) -> list[str] | None:
        """The namespaces that a peer means, or None when pods may be there that the render does not show.

        Only a peer of the policy's own namespace, or one that names its namespaces, is closed; a label may
        stand on any namespace of the cluster.
        """
        shown = shown_namespaces(self.cluster)
        selector = (grant.peer or {}).get("namespaceSelector")
        if selector is None:
            return [grant.policy.namespace] if grant.policy.namespace in shown else None
        parsed = Selector.parse(selector)
        named = {value for key, value in parsed.pairs if key == NAMESPACE_NAME}
        for requirement in parsed.requirements:
            if requirement.key == NAMESPACE_NAME and requirement.operator == "In":
                named |= requirement.values
        if not named or not named <= shown:
            return None
        return sorted(name for name in named if parsed.matches(self.cluster.namespace_labels[name]))

    def exists(self, namespace: str, selector: Selector) -> bool:
        """Whether a selector may find a pod: of the render, of an operator, or one that others make."""
        known = self._exists.get((namespace, selector))
        if known is None:
            known = self._exists[namespace, selector] = self._search(namespace, selector)
        return known

    def _search(self, namespace: str, selector: Selector) -> bool:
        if selector.everything or self.cluster.select(namespace, selector):
            return True
        if any(pods.namespace == namespace and pods.may_match(selector) for pods in self.cluster.outside):
            return True
        visible = selector.without(_CONTROLLERS_LABELS.__contains__)
        return visible != selector and bool(self.cluster.select(namespace, visible))

    def closest(self, namespaces: Iterable[str], selector: Selector) -> str:
        """`; closest: Deployment/api has app=api`: the pods that carry a selected key with another value."""
        wanted = [*selector.pairs]
        for requirement in selector.requirements:
            if requirement.operator == "In":
                wanted += [(requirement.key, value) for value in sorted(requirement.values)]
        for namespace in namespaces:
            for key, value in wanted:
                values = self._values_of(namespace, key)
                if not values or value in values:
                    continue
                shown = self._hints.get((namespace, key, value))
                if shown is None:
                    # A hint is sought among a bounded number of values: the search is linear in them.
                    found = get_close_matches(value, list(values)[:50], n=1, cutoff=0.6)
                    shown = self._hints[namespace, key, value] = found[0] if found else next(iter(values))
                return f"; closest: {values[shown]} has {key}={shown}"
        return ""

    def _values_of(self, namespace: str, key: str) -> dict[str, Workload]:
        found = self._values.get((namespace, key))
        if found is None:
            found = self._values[namespace, key] = {}
            for workload in self.cluster.select(namespace, EVERYTHING):
                if key in workload.pod_labels:
                    found.setdefault(workload.pod_labels[key], workload)
        return found


@lru_cache(maxsize=1)
def selection(cluster: Cluster) -> Selection:
    return Selection(cluster)
