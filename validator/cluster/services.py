"""What stands behind a Service, and whether a backend that names one finds it."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.objects import Namespace, Service
from validator.cluster.operated import operates_service
from validator.cluster.view import View
from validator.cluster.workload import Container, Workload
from validator.config import nearest
from validator.manifest import string

ALWAYS_THERE = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
"""Namespaces that the API server itself creates."""
_OWNER = "kubernetes.io/service-name"


class Endpoints(View):
    """Addresses that somebody wrote by hand for a Service."""

    kinds = (("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice"))

    @property
    def service(self) -> str | None:
        return self.labels.get(_OWNER) if self.kind == "EndpointSlice" else self.name


@lru_cache(maxsize=1)
def _addressed(cluster: Cluster) -> frozenset[tuple[str, str | None]]:
    return frozenset((endpoints.namespace, endpoints.service) for endpoints in cluster.of(Endpoints))


def has_addresses(service: Service) -> bool:
    """Whether the render holds addresses for a Service without selector."""
    return (service.namespace, service.name) in _addressed(service.cluster)


def serving(workload: Workload) -> Iterator[Container]:
    """The containers whose ports a Service finds by name: those that run beside each other."""
    return (c for c in workload.containers if c.role != "init")


def is_foreign(cluster: Cluster, namespace: str) -> bool:
    """Whether a namespace is run by others, so that it may hold what the render does not show."""
    return namespace not in _shown(cluster)


@lru_cache(maxsize=1)
def _shown(cluster: Cluster) -> frozenset[str]:
    """Namespaces of the render, or with workloads or Services in it."""
    return frozenset(
        [namespace.name for namespace in cluster.of(Namespace)]
        + [workload.namespace for workload in cluster.workloads]
        + [service.namespace for service in cluster.of(Service)]
    )


@lru_cache(maxsize=1)
def _names(cluster: Cluster) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for service in cluster.of(Service):
        found[service.namespace].append(service.name)
    return found


@lru_cache(maxsize=1)
def _namespaces(cluster: Cluster) -> dict[str, str]:
    return {service.name: service.namespace for service in cluster.of(Service)}


def absence(cluster: Cluster, namespace: str, name: str) -> str | None:
    """Why a Service counts as absent, in words; None when it is there, or others may have made it."""
    if cluster.find(Service, namespace, name) is not None:
        return None
    if is_foreign(cluster, namespace) or operates_service(cluster, namespace, name):
        return None
    hint = nearest(name, _names(cluster).get(namespace, [])[:200])
    if not hint and (elsewhere := _namespaces(cluster).get(name)):
        hint = f"; namespace {elsewhere} has one"
    return f"no Service `{name}` in namespace {namespace}{hint}"


def port_absence(service: Service, port: Any) -> str | None:
    """Why a Service lacks a port, by name or number, in words; None when it has it."""
    if service.port(port) is not None or (service.type == "ExternalName" and not service.ports):
        return None
    shown = [_shown_port(entry) for _, entry in service.ports]
    named = [name for _, entry in service.ports if (name := string(entry.get("name")))]
    hint = nearest(port, named) if type(port) is str else _behind(service, port)
    return f"{service} has no port {port}, only {', '.join(shown) or 'none'}{hint}"


def _shown_port(entry: dict[str, Any]) -> str:
    name = string(entry.get("name"))
    return f"{entry.get('port')} ({name})" if name else str(entry.get("port"))


def _behind(service: Service, port: Any) -> str:
    """For a number that is the pods' port, not the Service's."""
    for _, entry in service.ports:
        if entry.get("targetPort") == port:
            return f"; {port} is the pods' port behind {entry.get('port')}"
    return ""
