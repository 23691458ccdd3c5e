"""Container declares port 22: a remote shell inside a pod is a way in that no audit log of the cluster sees.

Access by `kubectl exec` and `kubectl debug` goes through RBAC and is logged.
https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/

Fix: Remove the SSH server; give those who must look inside a role with `pods/exec` or
`pods/ephemeralcontainers`.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{containerPort: 8000},
        {containerPort: 22}]},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{containerPort: 8000}]},
    ]}}}
"""

from validator.cluster import Container
from validator.rule import Findings, Severity, rule


def _has_ports(container: Container) -> bool:
    return bool(container.ports)


@rule(Severity.WARNING, when=_has_ports)
def ssh_port(container: Container) -> Findings:
    for port in container.ports:
        if port.number == 22 and port.protocol == "TCP":
            yield (
                container.at("ports", port.position, "containerPort"),
                "port 22 is SSH, a way in past RBAC and audit",
            )
