"""Typed views of the objects around workloads."""

import math
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from validator.cluster.selector import Selector
from validator.cluster.view import View
from validator.manifest import mapping, sequence, string

if TYPE_CHECKING:
    from validator.cluster.workload import Workload


class Namespace(View):
    kinds = (("", "Namespace"),)


class ServiceAccount(View):
    kinds = (("", "ServiceAccount"),)


class ConfigMap(View):
    kinds = (("", "ConfigMap"),)


class Secret(View):
    kinds = (("", "Secret"),)


class ResourceQuota(View):
    kinds = (("", "ResourceQuota"),)


class LimitRange(View):
    kinds = (("", "LimitRange"),)


class PriorityClass(View):
    kinds = (("scheduling.k8s.io", "PriorityClass"),)

    @property
    def is_default(self) -> bool:
        """Whether pods that name no class get this one."""
        return self.get("globalDefault") is True


class Service(View):
    kinds = (("", "Service"),)

    @cached_property
    def selector(self) -> Selector:
        return Selector.equality(self.spec.get("selector"))

    @property
    def type(self) -> str:
        return string(self.spec.get("type")) or "ClusterIP"

    @cached_property
    def ports(self) -> list[tuple[int, dict[str, Any]]]:
        """(index, port) of each entry that is a mapping."""
        return [(i, p) for i, p in enumerate(sequence(self.spec.get("ports"))) if type(p) is dict]

    def port(self, name_or_number: Any) -> dict[str, Any] | None:
        for _, port in self.ports:
            if name_or_number is not None and name_or_number in (port.get("name"), port.get("port")):
                return port
        return None

    @cached_property
    def workloads(self) -> "tuple[Workload, ...]":
        return self.cluster.select(self.namespace, self.selector)


class Ingress(View):
    kinds = (("networking.k8s.io", "Ingress"), ("extensions", "Ingress"))


class NetworkPolicy(View):
    kinds = (("networking.k8s.io", "NetworkPolicy"),)

    @cached_property
    def selector(self) -> Selector:
        """An absent `podSelector` counts as empty, as it does since Kubernetes 1.35 made it optional."""
        return Selector.parse(self.spec.get("podSelector") or {})

    @cached_property
    def types(self) -> frozenset[str]:
        """`policyTypes`, defaulted as the server does: Ingress, and Egress when egress rules exist."""
        declared = sequence(self.spec.get("policyTypes"))
        if declared:
            return frozenset(str(t) for t in declared)
        return frozenset({"Ingress", "Egress"} if self.spec.get("egress") else {"Ingress"})

    @cached_property
    def workloads(self) -> "tuple[Workload, ...]":
        return self.cluster.select(self.namespace, self.selector)


class PodDisruptionBudget(View):
    kinds = (("policy", "PodDisruptionBudget"),)

    @cached_property
    def selector(self) -> Selector:
        """policy/v1: an empty selector selects every pod of the namespace, an absent one none."""
        return Selector.parse(self.spec.get("selector"))

    @cached_property
    def workloads(self) -> "tuple[Workload, ...]":
        return self.cluster.select(self.namespace, self.selector)

    def allowed_disruptions(self, pods: int) -> tuple[int, str] | None:
        """How many of `pods` healthy pods may be evicted at once, and the arithmetic in words.

        Percentages round up, for both fields, as the disruption controller does
        (GetScaledValueFromIntOrPercent with roundUp, pkg/controller/disruption). None when the
        budget sets neither field or an unreadable value.
        """
        for field in ("maxUnavailable", "minAvailable"):
            value = self.spec.get(field)
            if value is None:
                continue
            amount = scaled(value, pods, up=True)
            if amount is None:
                return None
            shown = f"{field} {value}"
            if type(value) is str:
                shown += f" of {pods} = {amount}"
            if field == "maxUnavailable":
                return min(amount, pods), shown
            return max(pods - amount, 0), f"{shown}, {pods} - {amount} = {pods - amount}"
        return None


class HorizontalPodAutoscaler(View):
    kinds = (("autoscaling", "HorizontalPodAutoscaler"),)

    @property
    def minimum(self) -> int:
        value = self.spec.get("minReplicas")
        return value if type(value) is int else 1

    @property
    def maximum(self) -> int:
        value = self.spec.get("maxReplicas")
        return value if type(value) is int else self.minimum

    @property
    def target(self) -> tuple[str, str, str]:
        """(group, kind, name) of the scaleTargetRef."""
        ref = mapping(self.spec.get("scaleTargetRef"))
        group = str(ref.get("apiVersion") or "").rpartition("/")[0]
        return group, str(ref.get("kind") or ""), str(ref.get("name") or "")

    @cached_property
    def metrics(self) -> list[tuple[int, dict[str, Any]]]:
        return [(i, m) for i, m in enumerate(sequence(self.spec.get("metrics"))) if type(m) is dict]


def scaled(value: Any, total: int, *, up: bool) -> int | None:
    """An int-or-percent of a total, rounded up or down; None when it is neither."""
    if type(value) is int:
        return value
    if type(value) is str and value.endswith("%") and value[:-1].isdecimal():
        share = Fraction(int(value[:-1]) * total, 100)
        return math.ceil(share) if up else math.floor(share)
    return None
