"""Route leads to a Service, or to a port of one, that does not exist, so clients get 500.

A backend in another namespace needs a ReferenceGrant there. `port` is the Service's port. Backends of other
kinds are not judged, nor those in namespaces that the render does not show.
https://gateway-api.sigs.k8s.io/api-types/httproute/#backendrefs-optional

Fix: Correct the backend's name, namespace or port; add a ReferenceGrant to the Service's namespace.

Bad:
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    spec:
      rules:
        - backendRefs:
            - {name: apl, port: 80}  # finding
    ---
    kind: Service
    metadata: {name: api}
    spec: {ports: [{name: http, port: 80}]}
Good:
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    spec:
      rules:
        - backendRefs:
            - {name: api, port: 80}
    ---
    kind: Service
    metadata: {name: api}
    spec: {ports: [{name: http, port: 80}]}
"""

from validator.cluster import Cluster, Service
from validator.cluster.routes import ReferenceGrant, Route
from validator.cluster.services import absence, port_absence
from validator.manifest import string
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR, neighbours=True)
def route_backend(route: Route, cluster: Cluster) -> Findings:
    for path, backend in route.backends():
        name = string(backend.get("name"))
        if name is None or (backend.get("group") or "", backend.get("kind", "Service")) != ("", "Service"):
            continue
        namespace = string(backend.get("namespace")) or route.namespace
        if why := absence(cluster, namespace, name):
            yield route.at(*path, "name"), why
            continue
        service = cluster.find(Service, namespace, name)
        if service is None:
            continue
        if namespace != route.namespace and not _is_granted(route, service):
            yield (
                route.at(*path, "namespace"),
                f"no ReferenceGrant in namespace {namespace} lets a {route.kind} of {route.namespace} name "
                f"{service}",
            )
        port = backend.get("port")
        if port is None:
            yield route.at(*path), f"no port, which a Service needs ({service})"
        elif why := port_absence(service, port):
            related = (Related("the Service's ports", service.at("spec", "ports")),)
            yield Fault(route.at(*path, "port"), why, related)


def _is_granted(route: Route, service: Service) -> bool:
    return any(
        grant.namespace == service.namespace and grant.allows(route, service.name)
        for grant in route.cluster.of(ReferenceGrant)
    )
