"""One index of all objects of a target: who is there, who selects whom."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any, TypeVar

from validator.cluster.objects import (
    ConfigMap,
    HorizontalPodAutoscaler,
    Namespace,
    NetworkPolicy,
    PodDisruptionBudget,
    Secret,
    Service,
)
from validator.cluster.outside import OutsidePods, outside_pods
from validator.cluster.selector import Selector
from validator.cluster.view import View
from validator.cluster.workload import Container, Workload
from validator.config import Settings
from validator.finding import Address
from validator.manifest import Resource

V = TypeVar("V", bound=View)
_METADATA_NAME = "kubernetes.io/metadata.name"


class Cluster:
    """The objects of one target, as Kubernetes would see them together.

    `complete` says whether absences mean anything. None: by whether the objects hold the Namespaces of
    their workloads, as an input does that is meant as a whole.
    """

    def __init__(
        self,
        resources: list[Resource],
        settings: Settings | None = None,
        *,
        complete: bool | None = True,
        profile: str = "prod",
    ) -> None:
        self.resources = resources
        self.settings = settings or Settings()
        self.profile = profile
        self._by_kind: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            self._by_kind[resource.group, resource.kind].append(resource)
        self._views: dict[type[View], tuple[Any, ...]] = {}
        self._names: dict[type[View], dict[tuple[str, str], Any]] = {}
        self._selecting: dict[type[View], dict[int, list[Any]]] = {}
        self.complete = self._self_contained() if complete is None else complete

    def at(self) -> Address:
        """The target as a whole, for what no object could carry."""
        return Address(None)

    def _self_contained(self) -> bool:
        rendered = {namespace.name for namespace in self.of(Namespace)}
        used = {workload.namespace for workload in self.workloads}
        return bool(used) and used <= rendered

    # --- objects

    def kinds(self) -> Iterable[tuple[str, str]]:
        """The (group, kind) pairs that the target holds."""
        return self._by_kind.keys()

    def resources_of(self, group: str, kind: str) -> list[Resource]:
        """The objects of one kind, as they are."""
        return self._by_kind.get((group, kind), [])

    def of(self, view: type[V]) -> tuple[V, ...]:
        """All objects of a view's kinds, in the order of the render."""
        found = self._views.get(view)
        if found is None:
            chosen = [r for kind in view.kinds for r in self._by_kind.get(kind, ()) if view.takes(r)]
            if len(view.kinds) > 1:
                chosen.sort(key=lambda resource: resource.ref.index)
            found = self._views[view] = tuple(view(resource, self) for resource in chosen)
        return found

    def find(self, view: type[V], namespace: str, name: str) -> V | None:
        """The object of a view's kinds by namespace and name."""
        names = self._names.get(view)
        if names is None:
            names = self._names[view] = {(v.namespace, v.name): v for v in self.of(view)}
        found: V | None = names.get((namespace, name))
        return found

    @property
    def workloads(self) -> tuple[Workload, ...]:
        return self.of(Workload)

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        return tuple(c for workload in self.workloads for c in workload.containers)

    @cached_property
    def outside(self) -> tuple[OutsidePods, ...]:
        """Pods that others make next to ours: operators' objects and the configuration name them."""
        return outside_pods(self)

    # --- selection

    @cached_property
    def _pods_by_namespace(self) -> dict[str, list[Workload]]:
        found: dict[str, list[Workload]] = defaultdict(list)
        for workload in self.workloads:
            found[workload.namespace].append(workload)
        return found

    @cached_property
    def _pods_by_label(self) -> dict[tuple[str, str, str], list[Workload]]:
        found: dict[tuple[str, str, str], list[Workload]] = defaultdict(list)
        for workload in self.workloads:
            for key, value in workload.pod_labels.items():
                found[workload.namespace, key, value].append(workload)
        return found

    def select(self, namespace: str, selector: Selector) -> tuple[Workload, ...]:
        """The workloads of a namespace whose pods a selector selects.

        Equality pairs and `In` are answered by the index: the rarest one gives the candidates.
        """
        if selector.null:
            return ()
        by_label = self._pods_by_label
        lists = [by_label.get((namespace, key, value), []) for key, value in selector.pairs]
        for requirement in selector.requirements:
            if requirement.operator == "In":
                labels = [(namespace, requirement.key, value) for value in requirement.values]
                found = [workload for label in labels for workload in by_label.get(label, ())]
                lists.append(sorted(found, key=lambda workload: workload.resource.ref.index))
        candidates = min(lists, key=len) if lists else self._pods_by_namespace.get(namespace, [])
        return tuple(w for w in candidates if selector.matches(w.pod_labels))

    def selecting(self, view: type[V], workload: Workload) -> tuple[V, ...]:
        """The objects (Service, PodDisruptionBudget, NetworkPolicy …) that select a workload's pods.

        The view must have a `workloads` property.
        """
        index = self._selecting.get(view)
        if index is None:
            index = self._selecting[view] = defaultdict(list)
            for selecting in self.of(view):
                for selected in selecting.workloads:  # type: ignore[attr-defined]
                    index[id(selected)].append(selecting)
        return tuple(index.get(id(workload), ()))

    def services_of(self, workload: Workload) -> tuple[Service, ...]:
        return self.selecting(Service, workload)

    def pdbs_of(self, workload: Workload) -> tuple[PodDisruptionBudget, ...]:
        return self.selecting(PodDisruptionBudget, workload)

    def policies_of(self, workload: Workload) -> tuple[NetworkPolicy, ...]:
        return self.selecting(NetworkPolicy, workload)

    @cached_property
    def _hpas_by_target(self) -> dict[tuple[str, str, str, str], list[HorizontalPodAutoscaler]]:
        found: dict[tuple[str, str, str, str], list[HorizontalPodAutoscaler]] = defaultdict(list)
        for hpa in self.of(HorizontalPodAutoscaler):
            found[hpa.namespace, *hpa.target].append(hpa)
        return found

    def hpas_of(self, workload: Workload) -> tuple[HorizontalPodAutoscaler, ...]:
        ref = workload.resource.ref
        key = (workload.namespace, ref.group, ref.kind, ref.name)
        return tuple(self._hpas_by_target.get(key, ()))

    @cached_property
    def namespace_labels(self) -> dict[str, dict[str, str]]:
        """Labels of every namespace that is rendered or used; the server sets one label on each."""
        found = {w.namespace: {_METADATA_NAME: w.namespace} for w in self.workloads}
        for pods in self.outside:
            found.setdefault(pods.namespace, {_METADATA_NAME: pods.namespace})
        for namespace in self.of(Namespace):
            found[namespace.name] = {**namespace.labels, _METADATA_NAME: namespace.name}
        return found

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        return self.find(ConfigMap, namespace, name)

    def secret(self, namespace: str, name: str) -> Secret | None:
        return self.find(Secret, namespace, name)
