"""Container sees all of /proc, parts of which the runtime hides because they change the node's kernel.

Unmasked, /proc/sys and /proc/sysrq-trigger can be written by root inside. It is meant for containers in
containers, with a user namespace of their own.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

Fix: Remove `procMount`, or set it to `Default`.

Bad:
    kind: Deployment
    spec: {template: {spec: {hostUsers: false, containers: [
      {name: builder, securityContext: {
        procMount: Unmasked}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {hostUsers: false, containers: [
      {name: builder, securityContext: {
        procMount: Default}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster import security_context as conditions
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=Container.is_linux)
def proc_mount(container: Container) -> Findings:
    for at, said in conditions.proc_mount(container.security.own):
        yield at, f"{said}, so the parts of /proc that reach the node's kernel are not hidden"
