"""Container is privileged, with every capability and every device, so root inside is root of the node.

Neither seccomp nor AppArmor nor the masks on /proc and /sys apply to it.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

Fix: Remove `privileged`, and add the one capability or mount the one device that the process needs.

Bad:
    # also: security.privilege-escalation
    kind: DaemonSet
    spec: {template: {spec: {containers: [
      {name: agent, securityContext: {
        privileged: true}},  # finding
    ]}}}
Good:
    kind: DaemonSet
    spec: {template: {spec: {containers: [
      {name: agent, securityContext: {
        privileged: false, allowPrivilegeEscalation: false}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster import security_context as conditions
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=Container.is_linux)
def privileged(container: Container) -> Findings:
    for at, said in conditions.privileged(container.security.own):
        yield at, f"{said}: whoever takes over this process has the node"
