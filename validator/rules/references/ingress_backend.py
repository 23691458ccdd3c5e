"""Ingress leads to a Service, or to a port of one, that does not exist, so clients get 503.

The Service must be in the Ingress's own namespace. `port` is the Service's port by name or number, not the
pods' port behind it. Services that operators make from objects in the render are known.
https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource

Fix: Correct the backend's name or port, or add the Service to the Ingress's namespace.

Bad:
    kind: Ingress
    spec: {rules: [{host: qt.example.com, http: {paths: [
      {path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 8000}}}},  # finding
    ]}}]}
    ---
    kind: Service
    metadata: {name: api}
    spec: {ports: [{name: http, port: 80, targetPort: 8000}]}
Good:
    kind: Ingress
    spec: {rules: [{host: qt.example.com, http: {paths: [
      {path: /, pathType: Prefix, backend: {service: {name: api, port: {name: http}}}},
    ]}}]}
    ---
    kind: Service
    metadata: {name: api}
    spec: {ports: [{name: http, port: 80, targetPort: 8000}]}
"""

from validator.cluster import Cluster, Ingress, Service
from validator.cluster.routes import ingress_backends
from validator.cluster.services import absence, port_absence
from validator.manifest import dig, string
from validator.rule import Fault, Findings, Related, Severity, rule

_ACTION = "use-annotation"
"""The port's name that makes a backend an action of the AWS controller, defined in an annotation."""


@rule(Severity.ERROR, neighbours=True)
def ingress_backend(ingress: Ingress, cluster: Cluster) -> Findings:
    told: set[tuple[str, object]] = set()
    for path, backend in ingress_backends(ingress):
        name = string(dig(backend, "service", "name"))
        port = dig(backend, "service", "port", "name") or dig(backend, "service", "port", "number")
        if (
            name is None
            or type(port) not in (str, int, type(None))
            or port == _ACTION
            or (name, port) in told
        ):
            continue
        told.add((name, port))
        if why := absence(cluster, ingress.namespace, name):
            yield ingress.at(*path, "service", "name"), why
            continue
        service = cluster.find(Service, ingress.namespace, name)
        if service is not None and port is not None and (why := port_absence(service, port)):
            related = (Related("the Service's ports", service.at("spec", "ports")),)
            yield Fault(ingress.at(*path, "service", "port"), why, related)
