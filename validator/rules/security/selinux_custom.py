"""Container chooses its own SELinux type, user or role, and so may leave the confinement of containers.

Types for containers (container_t, container_init_t, container_kvm_t, container_engine_t) and any `level`
are fine; `spc_t` is not confined at all. Asked are the effective options, the container's before the pod's.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

Fix: Remove `type`, `user` and `role` from `seLinuxOptions`; the runtime sets them.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {seLinuxOptions: {level: "s0:c123,c456",
        type: spc_t}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {seLinuxOptions: {level: "s0:c123,c456"}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.security_context import selinux
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=Container.is_linux)
def selinux_custom(container: Container) -> Findings:
    for at, said in container.security.violations(selinux, "seLinuxOptions"):
        yield at, f"{said}, not the one that the runtime gives to containers"
