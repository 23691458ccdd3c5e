"""Monitor scrapes a port that nothing it selects has, so the target is dropped in silence.

`port` of a ServiceMonitor is the name of a Service's port, never its number; `targetPort` and a
PodMonitor's `port` are about container ports. It is an error when no selected object has the port; a
selected Service that has none of the monitor's ports is a warning, since one monitor may serve several
kinds of Service.
https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Endpoint

Fix: Write the name that the port has in the Service, or name that port as the monitor says.

Bad:
    kind: ServiceMonitor
    spec:
      selector: {matchLabels: {monitoring: enabled}}
      endpoints:
      - port: prometheus  # finding
    ---
    kind: Service
    metadata: {labels: {monitoring: enabled}}
    spec:
      selector: {app.kubernetes.io/name: example}
      ports: [{name: metrics, port: 8000, targetPort: http}]
    ---
    kind: Deployment
Good:
    kind: ServiceMonitor
    spec:
      selector: {matchLabels: {monitoring: enabled}}
      endpoints:
      - port: metrics
    ---
    kind: Service
    metadata: {labels: {monitoring: enabled}}
    spec:
      selector: {app.kubernetes.io/name: example}
      ports: [{name: metrics, port: 8000, targetPort: http}]
    ---
    kind: Deployment
"""

from collections.abc import Iterable

from validator.cluster import Service
from validator.cluster.monitoring import Endpoint, Monitor, running_ports
from validator.manifest import string
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR, item=6, neighbours=True)
def monitor_port_unknown(monitor: Monitor) -> Findings:
    if not monitor.is_closed or not (monitor.services or monitor.operated or monitor.workloads):
        return
    for endpoint in monitor.endpoints:
        if endpoint.port is None and endpoint.target is None:
            continue
        if monitor.of_services:
            known = _any_service(monitor, endpoint)
        else:
            known = monitor.reaches_outside_pods or any(
                endpoint.takes_name(port.name) or endpoint.takes_target(port.name, port.number)
                for workload in monitor.workloads
                for _, port in running_ports(workload)
            )
        if not known:
            yield monitor.at(*endpoint.path, endpoint.field), _message(monitor, endpoint)
    if len(monitor.services) > 1:
        yield from _left_out(monitor)


def _any_service(monitor: Monitor, endpoint: Endpoint) -> bool:
    if any(_has(service, endpoint) for service in monitor.services):
        return True
    for operated in monitor.operated:
        targets = [p for p in operated.container_ports if p == endpoint.target]
        if targets or (endpoint.port and any(endpoint.takes_name(n) for n in operated.port_names)):
            return True
    return False


def _has(service: Service, endpoint: Endpoint) -> bool:
    if endpoint.port is not None or endpoint.target is None:
        return any(endpoint.takes_name(string(port.get("name"))) for _, port in service.ports)
    # Without pods in the render (no selector, or others' pods) their ports are not known.
    return not service.workloads or any(
        endpoint.takes_target(port.name, port.number)
        for workload in service.workloads
        for _, port in running_ports(workload)
    )


def _message(monitor: Monitor, endpoint: Endpoint) -> str:
    wanted = endpoint.port if endpoint.port is not None else endpoint.target
    if monitor.of_services and endpoint.port is not None:
        names = {
            str(p.get("name") or f"unnamed {p.get('port')}") for s in monitor.services for _, p in s.ports
        }
        names |= {name for operated in monitor.operated for name in operated.port_names}
        hint = ", which takes a port's name, not its number" if endpoint.port.isdecimal() else ""
        return (
            f"`port` is `{wanted}`{hint}, and is not among the ports of {_objects(monitor)}: {_list(names)}"
        )
    ports = {
        f"{port.name} ({port.number})" if port.name else str(port.number)
        for workload in monitor.workloads
        for _, port in running_ports(workload)
    }
    return (
        f"`{endpoint.field}` is `{wanted}`, and the containers of {_objects(monitor)} declare {_list(ports)}"
    )


def _objects(monitor: Monitor) -> str:
    """What is selected: one by its name, several by their number."""
    found = [str(s) for s in monitor.services] + [f"Service/{o.name}" for o in monitor.operated]
    if not monitor.of_services:
        found = [str(w) for w in monitor.workloads]
    return found[0] if len(found) == 1 else f"the {len(found)} selected objects together"


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "no port"


def _left_out(monitor: Monitor) -> Findings:
    served = [s for s in monitor.services if any(_has(s, endpoint) for endpoint in monitor.endpoints)]
    if not served:
        return
    kept = {id(service) for service in served}
    for service in monitor.services:
        if id(service) not in kept:
            yield Fault(
                monitor.at("spec", "selector"),
                f"{service} is selected, but has none of the ports scraped here, so it is not scraped",
                (Related("the Service's ports", service.at("spec", "ports")),),
                Severity.WARNING,
            )
