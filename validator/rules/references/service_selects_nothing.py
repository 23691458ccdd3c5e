"""Service selects no pod, so whoever calls it waits for a connection that nobody answers.

All of its labels must stand in the pod template, in the Service's own namespace. Pods that operators make
from objects in the render are known. Without a selector somebody must write the addresses: an Endpoints or
EndpointSlice object in the render, or a program at run time, which is why that is only a warning.
https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors

Fix: Select labels that the pod template has; list pods that others make under `external-pods` in
qt-validate.toml.

Bad:
    kind: Deployment
    metadata: {name: api}
    ---
    kind: Service
    spec:
      selector: {app.kubernetes.io/name: apl}  # finding
      ports: [{port: 80}]
Good:
    kind: Deployment
    metadata: {name: api}
    ---
    kind: Service
    spec:
      selector: {app.kubernetes.io/name: api}
      ports: [{port: 80}]
"""

from validator.cluster import Service
from validator.cluster.closest import closest
from validator.cluster.services import has_addresses
from validator.network.peers import selection
from validator.rule import Fault, Findings, Severity, rule


def _is_judged(service: Service) -> bool:
    return service.type != "ExternalName"


@rule(Severity.ERROR, neighbours=True, when=_is_judged)
def service_selects_nothing(service: Service) -> Findings:
    cluster, selector = service.cluster, service.selector
    if selector.null:
        if not has_addresses(service):
            message = "without a selector, and no EndpointSlice gives it addresses"
            yield Fault(service.at("spec", "selector"), message, severity=Severity.WARNING)
        return
    if service.workloads or selection(cluster).exists(service.namespace, selector):
        return
    near = closest(cluster, service.namespace, selector)
    yield (
        service.at("spec", "selector"),
        f"no pod in namespace {service.namespace} has {selector}" + (f"; nearest: {near}" if near else ""),
    )
