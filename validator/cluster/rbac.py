"""Roles, bindings and the accounts that pods run as."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from validator.cluster.objects import ServiceAccount
from validator.cluster.view import View
from validator.manifest import Resource, mapping, sequence, string

if TYPE_CHECKING:
    from validator.cluster.index import Cluster
    from validator.cluster.workload import Workload

RBAC = "rbac.authorization.k8s.io"

_BUILT_IN_CLUSTER_ROLES = frozenset({"cluster-admin", "admin", "edit", "view"})
_BUILT_IN_ROLES = frozenset({"extension-apiserver-authentication-reader"})
"""What the API server itself creates, beside everything that starts with `system:`
(plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, namespace_policy.go)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry of a role's `rules`, with its index."""

    index: int
    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]

    def verb(self, verb: str) -> bool:
        return verb in self.verbs or "*" in self.verbs

    def resource(self, group: str, *resources: str) -> bool:
        """Whether it covers one of the resources of an API group, a wildcard included."""
        if group not in self.groups and "*" not in self.groups:
            return False
        return "*" in self.resources or not set(resources).isdisjoint(self.resources)


class Role(View):
    """A Role or ClusterRole; the latter has the namespace "", whatever stands in its metadata."""

    kinds = ((RBAC, "Role"), (RBAC, "ClusterRole"))

    def __init__(self, resource: Resource, cluster: "Cluster") -> None:
        super().__init__(resource, cluster)
        if self.kind == "ClusterRole":
            self.namespace = ""

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        return tuple(
            Grant(
                index,
                *(
                    tuple(str(v) for v in sequence(entry.get(key)))
                    for key in ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
                ),
            )
            for index, entry in enumerate(sequence(self.get("rules")))
            if type(entry) is dict
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """One entry of a binding's `subjects`, with its index."""

    index: int
    kind: str
    name: str
    namespace: str | None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Binding(View):
    """A RoleBinding or ClusterRoleBinding."""

    kinds = ((RBAC, "RoleBinding"), (RBAC, "ClusterRoleBinding"))

    @property
    def role_kind(self) -> str:
        return str(mapping(self.get("roleRef")).get("kind") or "")

    @property
    def role_name(self) -> str:
        return str(mapping(self.get("roleRef")).get("name") or "")

    @cached_property
    def role(self) -> Role | None:
        """The role it binds, when that is in the render."""
        namespace = "" if self.role_kind == "ClusterRole" else self.namespace
        return self.cluster.find(Role, namespace, self.role_name)

    def binds_built_in(self) -> bool:
        """Whether the role is one that every API server creates."""
        if self.role_name.startswith("system:"):
            return self.role_kind == "ClusterRole" or self.namespace.startswith("kube-")
        if self.role_kind == "ClusterRole":
            return self.role_name in _BUILT_IN_CLUSTER_ROLES
        return self.namespace == "kube-system" and self.role_name in _BUILT_IN_ROLES

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        return tuple(
            Subject(
                index,
                str(entry.get("kind") or ""),
                str(entry.get("name") or ""),
                string(entry.get("namespace")),
            )
            for index, entry in enumerate(sequence(self.get("subjects")))
            if type(entry) is dict
        )


def account_of(workload: "Workload") -> str:
    """The name of the account that a workload's pods run as; the deprecated field fills in, as in the API."""
    pod = workload.pod
    return string(pod.get("serviceAccountName")) or string(pod.get("serviceAccount")) or "default"


def has_account(cluster: "Cluster", namespace: str, name: str) -> bool:
    """Whether an account exists: in the render, or `default`, which every namespace has."""
    return name == "default" or cluster.find(ServiceAccount, namespace, name) is not None


@lru_cache(maxsize=1)
def owned_namespaces(cluster: "Cluster") -> frozenset[str]:
    """The namespaces that the target fills itself: only there does an absent account mean anything."""
    accounts = cluster.of(ServiceAccount)
    return frozenset({w.namespace for w in cluster.workloads} | {a.namespace for a in accounts})


def runs_pods(workload: "Workload") -> bool:
    """A PodTemplate is only stored; every other kind yields pods."""
    return workload.kind != "PodTemplate"
