"""What containers and pods ask for, as the server counts it: LimitRange defaults, init containers, surge."""

from collections import defaultdict
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from validator.cluster.index import Cluster
from validator.cluster.objects import LimitRange, scaled
from validator.cluster.quantity import quantity, show
from validator.cluster.workload import Container, Workload
from validator.finding import Path
from validator.manifest import Resource, dig, mapping, sequence

Side = Literal["requests", "limits"]


class Amount(NamedTuple):
    """An amount, and the LimitRange whose default it is; None when the manifest itself says it."""

    value: Fraction
    source: LimitRange | None = None

    @property
    def origin(self) -> str:
        """For messages: where the amount comes from when the container does not say it."""
        return f" (default of {self.source})" if self.source else ""


Defaults = dict[str, Amount]


@lru_cache(maxsize=1)
def _defaults(cluster: Cluster) -> dict[tuple[str, Side], Defaults]:
    """What LimitRanges fill in, by namespace. The first LimitRange that has a default gives it.

    Their own defaulting is SetDefaults_LimitRangeItem (pkg/apis/core/v1/defaults.go): `default` is filled
    in from `max`, `defaultRequest` from `default` and then from `min`.
    """
    found: dict[tuple[str, Side], Defaults] = defaultdict(dict)
    for limit_range in cluster.of(LimitRange):
        own: dict[Side, Defaults] = {"limits": {}, "requests": {}}
        for item in sequence(limit_range.spec.get("limits")):
            item = mapping(item)
            if item.get("type") != "Container":
                continue
            limits = {**mapping(item.get("max")), **mapping(item.get("default"))}
            requests = {**mapping(item.get("min")), **limits, **mapping(item.get("defaultRequest"))}
            given: tuple[tuple[Side, dict[str, Any]], ...] = (("limits", limits), ("requests", requests))
            for side, values in given:
                for resource, value in values.items():
                    if (amount := quantity(value)) is not None:
                        own[side][resource] = Amount(amount, limit_range)
        for side, defaults in own.items():
            merged = found[limit_range.namespace, side]
            for resource, default in defaults.items():
                merged.setdefault(resource, default)
    return found


def default_of(container: Container, side: Side, resource: str) -> Amount | None:
    """What a LimitRange of the namespace fills in where the container says nothing."""
    defaults = _defaults(container.cluster)
    if not defaults:
        return None
    return defaults.get((container.workload.namespace, side), {}).get(resource)


def declares(container: Container, side: Side, resource: str) -> bool:
    """Whether the container sets it; a limit implies the request (SetDefaults_Pod copies it)."""
    return container.limits.get(resource) is not None or (
        side == "requests" and container.requests.get(resource) is not None
    )


def amount(container: Container, side: Side, resource: str) -> Amount | None:
    """What the container ends up with: its own value, else the limit for a request, else a default."""
    if declares(container, side, resource):
        own = container.requests.get(resource) if side == "requests" else None
        value = quantity(container.limits.get(resource) if own is None else own)
        return None if value is None else Amount(value)
    return default_of(container, side, resource)


def pod_level(workload: Workload, side: Side, resource: str) -> Fraction | None:
    """The pod's own `resources` (Kubernetes 1.34+), which bound all of its containers together."""
    if resource not in ("cpu", "memory") and not resource.startswith("hugepages-"):
        return None
    return quantity(dig(workload.pod, "resources", side, resource))


def pod_declares(workload: Workload, side: Side, resource: str) -> bool:
    """Whether the pod as a whole sets it; here too a limit implies the request."""
    return pod_level(workload, "limits", resource) is not None or (
        side == "requests" and pod_level(workload, "requests", resource) is not None
    )


def has_pod_level(workload: Workload) -> bool:
    resources = mapping(workload.pod.get("resources"))
    return bool(mapping(resources.get("requests")) or mapping(resources.get("limits")))


def missing(container: Container, side: Side, resource: str, effect: str) -> str | None:
    """That a value is missing, and the effect, in words; None when the container or its pod sets it.

    A LimitRange's default does not count. It is named instead of the effect, which it prevents.
    """
    if declares(container, side, resource) or pod_declares(container.workload, side, resource):
        return None
    said = f"no {resource} {side[:-1]}"
    default = default_of(container, side, resource)
    if default is None:
        return f"{said}: {effect}"
    given = show(resource, default.value)
    return f"{said} of its own: {default.source} gives it {given} like any other, whatever it needs"


def pod_amount(workload: Workload, side: Side, resource: str) -> Fraction | None:
    """What one pod counts for; None when no container and no pod-level field says anything.

    PodRequests and PodLimits of k8s.io/component-helpers/resource: containers and sidecars run together;
    each init container runs beside the sidecars started before it, so only the highest counts.
    """
    known = _pod_amounts(workload.cluster)
    key = (id(workload), side, resource)
    if key not in known:
        known[key] = _pod_amount(workload, side, resource)
    return known[key]


@lru_cache(maxsize=1)
def _pod_amounts(cluster: Cluster) -> dict[tuple[int, Side, str], Fraction | None]:
    """What was worked out before: several lines of several quotas ask the same."""
    return {}


def _pod_amount(workload: Workload, side: Side, resource: str) -> Fraction | None:
    if (own := pod_level(workload, side, resource)) is not None:
        return own + _overhead(workload, resource)
    together, peak, sidecars, said = Fraction(0), Fraction(0), Fraction(0), False
    for container in workload.containers:
        given = amount(container, side, resource)
        if given is None:
            continue
        said = True
        if container.role == "container":
            together += given.value
        elif container.role == "sidecar":
            sidecars += given.value
            peak = max(peak, sidecars)
        else:
            peak = max(peak, sidecars + given.value)
    if not said:
        limit = pod_level(workload, "limits", resource) if side == "requests" else None
        return None if limit is None else limit + _overhead(workload, resource)
    return max(together + sidecars, peak) + _overhead(workload, resource)


def _overhead(workload: Workload, resource: str) -> Fraction:
    return quantity(dig(workload.pod, "overhead", resource)) or Fraction(0)


def is_best_effort(workload: Workload) -> bool:
    """No CPU or memory anywhere in the pod, defaults included: the first to be evicted."""
    sides: tuple[Side, ...] = ("requests", "limits")
    return not any(pod_amount(workload, s, r) for s in sides for r in ("cpu", "memory"))


class Pods(NamedTuple):
    """How many pods a workload has at most: at rest, added by a rollout, and terminating beside those.

    `terminating` is one batch: a Deployment starts the next pods without waiting for the old ones to end.
    """

    steady: int
    surge: int = 0
    terminating: int = 0

    @property
    def peak(self) -> int:
        return self.steady + self.surge


def most_pods(workload: Workload) -> Pods:
    """The most pods that a workload is meant to have. A DaemonSet counts once: nodes are not known here."""
    replicas = workload.max_replicas
    match workload.kind:
        case "Deployment":
            strategy = mapping(workload.spec.get("strategy"))
            if strategy.get("type") == "Recreate":
                return Pods(replicas)
            return _rolling(replicas, mapping(strategy.get("rollingUpdate")))
        case "Rollout":
            strategy = mapping(workload.spec.get("strategy"))
            if "blueGreen" in strategy:
                return Pods(replicas, replicas)
            return _rolling(replicas, mapping(strategy.get("canary")))
        case "DaemonSet":
            surge = dig(workload.spec, "updateStrategy", "rollingUpdate", "maxSurge")
            return Pods(1, scaled(surge, 1, up=True) or 0)
        case "Job":
            return _job(replicas, workload.spec)
        case "CronJob":
            if workload.spec.get("suspend") is True:
                return Pods(0)
            return _job(replicas, mapping(dig(workload.spec, "jobTemplate", "spec")))
        case "PodTemplate":
            return Pods(0)
    return Pods(replicas)


def _rolling(replicas: int, update: dict[str, Any]) -> Pods:
    surge, unavailable = fenceposts(replicas, update)
    return Pods(replicas, surge, min(replicas, surge + unavailable))


def fenceposts(replicas: int, update: dict[str, Any]) -> tuple[int, int]:
    """How many pods a rollout may add and how many it may take away, from its `rollingUpdate`.

    ResolveFenceposts (pkg/controller/deployment/util): surge rounds up, unavailable down, 25 % each, and
    where both come to 0 one may be unavailable.
    """
    surge = scaled(update.get("maxSurge"), replicas, up=True)
    if surge is None:
        surge = scaled("25%", replicas, up=True) or 0
    unavailable = scaled(update.get("maxUnavailable"), replicas, up=False)
    if unavailable is None:
        unavailable = scaled("25%", replicas, up=False) or 0
    if surge <= 0 and unavailable <= 0:
        unavailable = 1
    return max(surge, 0), max(unavailable, 0)


def _job(parallelism: int, spec: dict[str, Any]) -> Pods:
    if spec.get("suspend") is True:
        return Pods(0)
    completions = spec.get("completions")
    return Pods(min(parallelism, completions) if type(completions) is int else parallelism)


# --- claims


class Claims(NamedTuple):
    """A claim or a template of one: who makes it, its spec, where that stands, and how often it is made."""

    owner: Resource
    spec: dict[str, Any]
    path: Path
    pods: Pods

    @property
    def storage(self) -> Fraction | None:
        return quantity(dig(self.spec, "resources", "requests", "storage"))


@lru_cache(maxsize=1)
def _by_namespace(cluster: Cluster) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    for resource in cluster.resources:
        found[resource.namespace].append(resource)
    return found


def objects_in(cluster: Cluster, namespace: str) -> list[Resource]:
    """All objects of a namespace."""
    return _by_namespace(cluster).get(namespace, [])


@lru_cache(maxsize=1)
def _claims(cluster: Cluster) -> dict[str, list[Claims]]:
    found: dict[str, list[Claims]] = defaultdict(list)
    for resource in cluster.resources:
        if resource.kind == "PersistentVolumeClaim" and resource.group == "":
            spec = mapping(resource.get("spec"))
            found[resource.namespace].append(Claims(resource, spec, ("spec",), Pods(1)))
    for workload in cluster.workloads:
        pods = most_pods(workload)
        if workload.kind == "StatefulSet":
            for i, template in enumerate(sequence(workload.spec.get("volumeClaimTemplates"))):
                path: Path = ("spec", "volumeClaimTemplates", i, "spec")
                spec = mapping(mapping(template).get("spec"))
                found[workload.namespace].append(Claims(workload.resource, spec, path, pods))
        for i, volume in enumerate(sequence(workload.pod.get("volumes"))):
            template = dig(volume, "ephemeral", "volumeClaimTemplate", "spec")
            if type(template) is dict:
                path = (*workload.pod_path, "volumes", i, "ephemeral", "volumeClaimTemplate", "spec")
                found[workload.namespace].append(Claims(workload.resource, template, path, pods))
    return found


def claims_in(cluster: Cluster, namespace: str) -> list[Claims]:
    """The claims of a namespace: objects, StatefulSets' templates, and pods' ephemeral volumes."""
    return _claims(cluster).get(namespace, [])
