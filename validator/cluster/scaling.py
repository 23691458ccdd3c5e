"""What scales a workload, and by which metrics."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from validator.cluster.index import Cluster
from validator.cluster.objects import HorizontalPodAutoscaler
from validator.cluster.view import View
from validator.cluster.workload import Workload
from validator.finding import Path
from validator.manifest import Resource, dig, mapping, string

_Identity = tuple[str, str, str, str]
_OF_RESOURCES = {"Resource": "resource", "ContainerResource": "containerResource"}


class ScaledObject(View):
    """KEDA's object, from which it makes an HPA."""

    kinds = (("keda.sh", "ScaledObject"),)

    @property
    def target(self) -> tuple[str, str, str]:
        """(group, kind, name) of the scaleTargetRef, defaulted as KEDA does."""
        ref = mapping(self.spec.get("scaleTargetRef"))
        group = (string(ref.get("apiVersion")) or "apps/v1").rpartition("/")[0]
        return group, string(ref.get("kind")) or "Deployment", string(ref.get("name")) or ""


class ReferringRollout(View):
    """An Argo Rollout that runs the pods of a Deployment and scales that down."""

    kinds = (("argoproj.io", "Rollout"),)

    @classmethod
    def takes(cls, resource: Resource) -> bool:
        return resource.get("spec", "workloadRef") is not None


@lru_cache(maxsize=1)
def _rolled_out(cluster: Cluster) -> frozenset[tuple[str, str, str]]:
    return frozenset(
        (rollout.namespace, str(rollout.get("spec", "workloadRef", "kind")), str(name))
        for rollout in cluster.of(ReferringRollout)
        if (name := rollout.get("spec", "workloadRef", "name"))
    )


@lru_cache(maxsize=1)
def _scaled_objects(cluster: Cluster) -> dict[_Identity, list[ScaledObject]]:
    found: dict[_Identity, list[ScaledObject]] = defaultdict(list)
    for scaled in cluster.of(ScaledObject):
        found[scaled.namespace, *scaled.target].append(scaled)
    return found


def is_autoscaled(workload: Workload) -> bool:
    """Whether an HPA, or KEDA, sets its number of pods."""
    return bool(workload.hpas) or _identity(workload) in _scaled_objects(workload.cluster)


def has_known_replicas(workload: Workload) -> bool:
    """Whether `Workload.replicas` is true: not under KEDA, nor unset where an HPA may be out of sight.

    Nor of a Deployment whose pods a Rollout runs in a number of its own.
    """
    if (workload.namespace, workload.kind, workload.name) in _rolled_out(workload.cluster):
        return False
    if workload.hpas:
        return True
    said = workload.cluster.complete or workload.spec.get("replicas") is not None
    return said and not is_autoscaled(workload)


@lru_cache(maxsize=1)
def _workloads(cluster: Cluster) -> dict[_Identity, Workload]:
    return {_identity(workload): workload for workload in cluster.workloads}


def _identity(workload: Workload) -> _Identity:
    ref = workload.resource.ref
    return workload.namespace, ref.group, ref.kind, ref.name


def target_of(hpa: HorizontalPodAutoscaler) -> Workload | None:
    """The workload that an HPA scales; None when the target does not hold it."""
    return _workloads(hpa.cluster).get((hpa.namespace, *hpa.target))


class Utilization(NamedTuple):
    """A metric that is a share of what containers request. `container=None`: of all of them together."""

    path: Path
    resource: str
    container: str | None


def utilizations(hpa: HorizontalPodAutoscaler) -> Iterator[Utilization]:
    """The utilization targets of an HPA.

    One without metrics scales on 80 % CPU in both versions of the API
    (SetDefaults_HorizontalPodAutoscaler, pkg/apis/autoscaling).
    """
    if "targetCPUUtilizationPercentage" in hpa.spec:
        yield Utilization(("spec", "targetCPUUtilizationPercentage"), "cpu", None)
    elif not hpa.metrics:
        yield Utilization(("spec",), "cpu", None)
    for index, metric in hpa.metrics:
        field = _OF_RESOURCES.get(str(metric.get("type")))
        source = mapping(metric.get(field)) if field else {}
        name = string(source.get("name"))
        if field is None or name is None or dig(source, "target", "type") != "Utilization":
            continue
        container = string(source.get("container")) if field == "containerResource" else None
        yield Utilization(("spec", "metrics", index, field), name, container)
