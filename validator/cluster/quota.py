"""What a ResourceQuota counts: which pods are in its scope, and what the render's objects add up to.

pkg/quota/v1/evaluator/core of Kubernetes: pods.go, services.go, persistent_volume_claims.go.
https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from validator.cluster.objects import ResourceQuota
from validator.cluster.resources import (
    Claims,
    Pods,
    Side,
    claims_in,
    declares,
    default_of,
    has_pod_level,
    is_best_effort,
    most_pods,
    objects_in,
    pod_amount,
)
from validator.cluster.selector import EVERYTHING, Requirement
from validator.cluster.workload import Container, Workload
from validator.finding import Address
from validator.manifest import Resource, dig, mapping, sequence, string

_ONE = Fraction(1)
_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
_PLAIN = frozenset({"cpu", "memory", "ephemeral-storage"})
_OBJECTS = frozenset({"configmaps", "secrets", "services", "replicationcontrollers", "resourcequotas"})
"""Kinds that a quota counts by their bare name too; all others only as `count/…`."""
_MUST_SAY: dict[str, tuple[Side, str]] = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
"""`validationSet` of pods.go: where a quota counts one of these, every container must set it."""


class Demand(NamedTuple):
    """What one object adds: so much for each of its pods (or itself)."""

    name: str
    at: Address
    each: Fraction
    pods: Pods

    @property
    def steady(self) -> Fraction:
        return self.each * self.pods.steady

    @property
    def peak(self) -> Fraction:
        return self.each * self.pods.peak

    @property
    def ending(self) -> Fraction:
        """What the pods that a rollout is ending still hold beside the peak."""
        return self.each * self.pods.terminating


def pods_of(quota: ResourceQuota) -> list[Workload] | None:
    """The workloads of its namespace whose pods it counts; None when a scope cannot be read."""
    tests: list[Callable[[Workload], bool]] = []
    for name, operator, values in _scopes(quota):
        test = _scope(name, operator, values)
        if test is None:
            return None
        tests.append(test)
    workloads = quota.cluster.select(quota.namespace, EVERYTHING)
    return [w for w in workloads if w.kind != "PodTemplate" and all(test(w) for test in tests)]


def is_scoped(quota: ResourceQuota) -> bool:
    """A scoped quota counts nothing but pods."""
    return bool(_scopes(quota))


def _scopes(quota: ResourceQuota) -> list[tuple[str, str, frozenset[str]]]:
    found = [(str(scope), "Exists", frozenset[str]()) for scope in sequence(quota.spec.get("scopes"))]
    for item in sequence(dig(quota.spec, "scopeSelector", "matchExpressions")):
        values = frozenset(str(v) for v in sequence(dig(item, "values")))
        found.append((str(dig(item, "scopeName")), str(dig(item, "operator")), values))
    return found


def _scope(name: str, operator: str, values: frozenset[str]) -> Callable[[Workload], bool] | None:
    match name:
        case "Terminating":
            return _has_deadline
        case "NotTerminating":
            return lambda workload: not _has_deadline(workload)
        case "BestEffort":
            return is_best_effort
        case "NotBestEffort":
            return lambda workload: not is_best_effort(workload)
        case "PriorityClass":
            requirement = Requirement(name, operator, values)

            def matches(workload: Workload) -> bool:
                priority = string(workload.pod.get("priorityClassName"))
                return requirement.matches({name: priority} if priority else {})

            return matches
    return None


def _has_deadline(workload: Workload) -> bool:
    """The pod's own deadline; a Job's `activeDeadlineSeconds` is not copied to its pods."""
    deadline = workload.pod.get("activeDeadlineSeconds")
    return type(deadline) is int and deadline >= 0


def unsaid(quota: ResourceQuota, container: Container) -> list[str]:
    """The counted amounts that a container leaves out, so that the server refuses its pod."""
    if has_pod_level(container.workload):
        return []
    return [
        name
        for name in mapping(quota.spec.get("hard"))
        if (said := _MUST_SAY.get(name))
        and not declares(container, *said)
        and default_of(container, *said) is None
    ]


def demands(quota: ResourceQuota, name: str, workloads: Iterable[Workload]) -> list[Demand]:
    """What the objects of the namespace add to one line of the quota, as far as that line is known."""
    if name in ("pods", "count/pods"):
        return [Demand(w.name, w.at(), _ONE, most_pods(w)) for w in workloads]
    if (compute := _compute(name)) is not None:
        found = []
        for workload in workloads:
            each = pod_amount(workload, *compute)
            if each:
                found.append(Demand(workload.name, workload.at(), each, most_pods(workload)))
        return found
    if is_scoped(quota):
        return []
    if name in ("requests.storage", "persistentvolumeclaims", "count/persistentvolumeclaims"):
        return _storage(quota, name.removeprefix("count/"), None)
    if _STORAGE_CLASS in name:
        storage_class, _, what = name.partition(_STORAGE_CLASS)
        return _storage(quota, what, storage_class)
    if name.startswith("services."):
        return _services(quota, name)
    return _counted(quota, name)


def _compute(name: str) -> tuple[Side, str] | None:
    """The side and resource of a compute line: `limits.memory`, `cpu`, `requests.nvidia.com/gpu`."""
    if name in _PLAIN or name.startswith("hugepages-"):
        return "requests", name
    side, _, resource = name.partition(".")
    if resource == "storage" or _STORAGE_CLASS in name:
        return None
    if side == "requests":
        return "requests", resource
    return ("limits", resource) if side == "limits" else None


def _storage(quota: ResourceQuota, what: str, storage_class: str | None) -> list[Demand]:
    found = []
    for claim in claims_in(quota.cluster, quota.namespace):
        if storage_class is not None and claim.spec.get("storageClassName") != storage_class:
            continue
        each = claim.storage if what == "requests.storage" else _ONE
        if each is not None:
            at = Address(claim.owner.ref, _claim_path(claim))
            found.append(Demand(claim.owner.name, at, each, claim.pods))
    return found


def _claim_path(claim: Claims) -> tuple[str | int, ...]:
    return (*claim.path, "resources", "requests", "storage")


def _services(quota: ResourceQuota, name: str) -> list[Demand]:
    found = []
    for resource in objects_in(quota.cluster, quota.namespace):
        if (resource.group, resource.kind) != ("", "Service"):
            continue
        count = _service_count(name, mapping(resource.get("spec")))
        if count:
            found.append(Demand(resource.name, Address(resource.ref), Fraction(count), Pods(1)))
    return found


def _service_count(name: str, spec: dict[str, Any]) -> int:
    """A load balancer takes node ports too, unless it declines them and names none itself."""
    kind, ports = spec.get("type"), sequence(spec.get("ports"))
    if name == "services.loadbalancers":
        return int(kind == "LoadBalancer")
    if name != "services.nodeports" or kind not in ("NodePort", "LoadBalancer"):
        return 0
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        return sum(1 for port in ports if dig(port, "nodePort"))
    return len(ports)


def _counted(quota: ResourceQuota, name: str) -> list[Demand]:
    if name not in _OBJECTS and not name.startswith("count/"):
        return []
    plural, _, group = name.removeprefix("count/").partition(".")
    return [
        Demand(resource.name, Address(resource.ref), _ONE, Pods(1))
        for resource in objects_in(quota.cluster, quota.namespace)
        if resource.group == group and _plural(resource) == plural
    ]


def _plural(resource: Resource) -> str:
    """The resource name of a kind; regular for all built-in kinds (networkpolicies, ingresses)."""
    kind = resource.kind.lower()
    if kind.endswith("y") and not kind.endswith("ey"):
        return f"{kind[:-1]}ies"
    return kind if kind == "endpoints" else f"{kind}es" if kind.endswith(("s", "x", "ch")) else f"{kind}s"
