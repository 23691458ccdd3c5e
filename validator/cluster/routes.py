"""What leads from outside the cluster to a workload: Ingresses, routes of the Gateway API, Services."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.objects import Ingress
from validator.cluster.view import View
from validator.cluster.workload import Workload
from validator.finding import Path
from validator.manifest import dig, mapping, sequence, string

GATEWAY = "gateway.networking.k8s.io"


class Route(View):
    kinds = tuple((GATEWAY, kind) for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"))

    def backends(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Each place that names a backend: where a rule sends requests, and where it mirrors them."""
        for i, entry in enumerate(sequence(self.spec.get("rules"))):
            at: Path = ("spec", "rules", i)
            for j, backend in enumerate(sequence(dig(entry, "backendRefs"))):
                yield (*at, "backendRefs", j), mapping(backend)
            for j, step in enumerate(sequence(dig(entry, "filters"))):
                if type(mirror := dig(step, "requestMirror", "backendRef")) is dict:
                    yield (*at, "filters", j, "requestMirror", "backendRef"), mirror


class ReferenceGrant(View):
    """Lets objects of another namespace name Services of its own."""

    kinds = ((GATEWAY, "ReferenceGrant"),)

    def allows(self, route: Route, service: str) -> bool:
        """https://gateway-api.sigs.k8s.io/api-types/referencegrant/"""
        origin = (GATEWAY, route.kind, route.namespace)
        granted = any(
            (dig(entry, "group"), dig(entry, "kind"), dig(entry, "namespace")) == origin
            for entry in sequence(self.spec.get("from"))
        )
        return granted and any(
            dig(entry, "group") in ("", None, "core")
            and dig(entry, "kind") == "Service"
            and dig(entry, "name") in (None, "", service)
            for entry in sequence(self.spec.get("to"))
        )


@lru_cache(maxsize=1)
def _entrances(cluster: Cluster) -> dict[tuple[str, str], View]:
    """The first Ingress or route that leads to a Service, by namespace and name of that."""
    found: dict[tuple[str, str], View] = {}
    for ingress in cluster.of(Ingress):
        for _, backend in ingress_backends(ingress):
            if name := string(dig(backend, "service", "name")):
                found.setdefault((ingress.namespace, name), ingress)
    for route in cluster.of(Route):
        for path, backend in route.backends():
            name = string(backend.get("name"))
            if name and "filters" not in path and backend.get("kind", "Service") == "Service":
                found.setdefault((string(backend.get("namespace")) or route.namespace, name), route)
    return found


def ingress_paths(ingress: Ingress) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """(host, where, entry) of each path."""
    for i, rule in enumerate(sequence(ingress.spec.get("rules"))):
        host = string(dig(rule, "host")) or ""
        for j, entry in enumerate(sequence(dig(rule, "http", "paths"))):
            if type(entry) is dict:
                yield host, ("spec", "rules", i, "http", "paths", j), entry


def ingress_backends(ingress: Ingress) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each place that names a backend."""
    if type(default := ingress.spec.get("defaultBackend")) is dict:
        yield ("spec", "defaultBackend"), default
    for _, at, entry in ingress_paths(ingress):
        if type(backend := entry.get("backend")) is dict:
            yield (*at, "backend"), backend


def entrance_of(workload: Workload) -> View | None:
    """What brings requests from outside the cluster to a workload: an Ingress, a route or a Service."""
    entrances = _entrances(workload.cluster)
    for service in workload.cluster.services_of(workload):
        if service.type in ("LoadBalancer", "NodePort"):
            return service
        if entrance := entrances.get((service.namespace, service.name)):
            return entrance
    return None
