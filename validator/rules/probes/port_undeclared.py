"""Probe asks a port number that its container does not declare, which is mostly a port that has moved.

The kubelet would ask it all the same; but when the declared ports and the probed one differ, usually one of
the two was forgotten in a change, and the probe fails from then on. Only TCP ports count: a probe cannot ask
UDP.
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/

Fix: Declare the port under `ports` with a name, and use that name in the probe.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}],
       livenessProbe: {httpGet: {path: /live, port: 8000}},
       readinessProbe: {httpGet: {path: /ready, port: 8080}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}],
       livenessProbe: {httpGet: {path: /live, port: 8000}},
       readinessProbe: {httpGet: {path: /ready, port: 8000}}},
    ]}}}
"""

from validator.cluster import Container, Port
from validator.cluster.probes import asked_ports, asks_ports
from validator.rule import Findings, Severity, rule


@rule(Severity.WARNING, when=asks_ports)
def port_undeclared(container: Container) -> Findings:
    declared = [port for port in container.ports if port.protocol == "TCP"]
    numbers = {port.number for port in declared}
    for asked in asked_ports(container):
        if type(asked.port) is int and asked.port not in numbers:
            listed = ", ".join(_spoken(port) for port in declared) or "none"
            yield asked.at, f"the {asked.by} asks port {asked.port}, the container declares {listed}"


def _spoken(port: Port) -> str:
    return f"{port.number} ({port.name})" if port.name else str(port.number)
