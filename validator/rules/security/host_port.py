"""Container takes a port of the node, so one such pod fits on a node, and who reaches the node reaches it.

The port is open on every address of the node, beside Services and Ingresses.
https://kubernetes.io/docs/concepts/configuration/overview/#services

Fix: Remove `hostPort`, and expose the port by a Service.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000,
        hostPort: 8000}]},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}]},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.pod_security import host_ports
from validator.rule import Findings, Severity, rule


def _has_ports(container: Container) -> bool:
    return bool(container.ports)


@rule(Severity.ERROR, when=_has_ports)
def host_port(container: Container) -> Findings:
    for at, said in host_ports(container):
        yield at, f"{said}: open on every address of its node, and one pod a node"
