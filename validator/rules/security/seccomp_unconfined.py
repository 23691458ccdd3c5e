"""Container runs without a seccomp filter, so every system call of the node's kernel is open to it.

Asked is the effective profile, the container's before the pod's.
https://kubernetes.io/docs/tutorials/security/seccomp/

Fix: Set `seccompProfile: {type: RuntimeDefault}`, or `Localhost` with a profile made for the program.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {seccompProfile: {
        type: Unconfined}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {seccompProfile: {
        type: RuntimeDefault}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.security_context import seccomp
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=Container.is_linux)
def seccomp_unconfined(container: Container) -> Findings:
    for at, said in container.security.violations(seccomp, "seccompProfile"):
        yield at, f"{said}, which filters no system call; RuntimeDefault and Localhost do"
