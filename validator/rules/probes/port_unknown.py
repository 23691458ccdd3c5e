"""Probe or lifecycle hook names a port that its container does not declare, so it always fails.

The kubelet looks the name up among the ports of the same container only; a quoted number is a name too. A
failing liveness probe then restarts the container for ever.
https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port

Fix: Use a name from the container's own `ports`, or the number without quotes.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}],
       livenessProbe: {httpGet: {path: /live, port: http}},
       readinessProbe: {httpGet: {path: /ready, port: htpp}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}],
       livenessProbe: {httpGet: {path: /live, port: http}},
       readinessProbe: {httpGet: {path: /ready, port: http}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.probes import asked_ports, asks_ports
from validator.config import nearest
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=asks_ports)
def port_unknown(container: Container) -> Findings:
    names = [port.name for port in container.ports if port.name]
    for asked in asked_ports(container):
        name = asked.port
        if type(name) is not str or name in names:
            continue
        if name.isdecimal():
            hint = ", because a quoted number is a name"
        elif owner := _owner(container, name):
            hint = f", only its neighbour {owner} does"
        else:
            hint = nearest(name, names)
        declared = f"it declares {', '.join(names)}" if names else "it declares no named port"
        yield asked.at, f"the {asked.by} asks port `{name}`, but {declared}{hint}"


def _owner(container: Container, name: str) -> str | None:
    for other in container.workload.containers:
        if other is not container and any(port.name == name for port in other.ports):
            return other.name
    return None
