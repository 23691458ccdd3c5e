"""What leads from outside the cluster to a workload: Ingresses, routes of the Gateway API, Services."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.objects import Ingress
from validator.cluster.view import View
from validator.cluster.workload import Workload
from validator.manifest import dig, mapping, sequence, string


class Route(View):
    kinds = tuple(
        ("gateway.networking.k8s.io", kind) for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")
    )


@lru_cache(maxsize=1)
def _entrances(cluster: Cluster) -> dict[tuple[str, str], View]:
    """The first Ingress or route that leads to a Service, by namespace and name of that."""
    found: dict[tuple[str, str], View] = {}
    for ingress in cluster.of(Ingress):
        for backend in _ingress_backends(ingress.spec):
            if name := string(dig(backend, "service", "name")):
                found.setdefault((ingress.namespace, name), ingress)
    for route in cluster.of(Route):
        for entry in sequence(route.spec.get("rules")):
            for backend in map(mapping, sequence(dig(entry, "backendRefs"))):
                name = string(backend.get("name"))
                if name and backend.get("kind", "Service") == "Service":
                    found.setdefault((string(backend.get("namespace")) or route.namespace, name), route)
    return found


def _ingress_backends(spec: dict[str, Any]) -> Iterator[Any]:
    yield spec.get("defaultBackend")
    for entry in sequence(spec.get("rules")):
        for path in sequence(dig(entry, "http", "paths")):
            yield dig(path, "backend")


def entrance_of(workload: Workload) -> View | None:
    """What brings requests from outside the cluster to a workload: an Ingress, a route or a Service."""
    entrances = _entrances(workload.cluster)
    for service in workload.cluster.services_of(workload):
        if service.type in ("LoadBalancer", "NodePort"):
            return service
        if entrance := entrances.get((service.namespace, service.name)):
            return entrance
    return None
