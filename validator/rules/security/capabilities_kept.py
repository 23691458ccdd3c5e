"""Container keeps the capabilities that the runtime gives everyone, such as CHOWN, SETUID and NET_RAW.

A process that runs as root, or finds a way to, can use them; most programs need none of the fourteen or so.
`ALL` is spelt in capitals.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

Fix: Set `capabilities: {drop: [ALL]}`, and add NET_BIND_SERVICE again if the program needs it.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {capabilities: {
        drop: [NET_RAW]}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {capabilities: {
        drop: [ALL]}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.security_context import keeps_capabilities
from validator.rule import Findings, Severity, rule


@rule(Severity.WARNING, when=Container.is_linux)
def capabilities_kept(container: Container) -> Findings:
    for at, said in keeps_capabilities(container.security.own):
        yield at, f"{said}: the rest of the runtime's default capabilities stay"
