"""Process may gain more rights than it was started with, by a set-user-ID program such as `su` or `mount`.

`allowPrivilegeEscalation: false` sets the kernel's `no_new_privs`. Unset means true; so do `privileged` and
the capability SYS_ADMIN, whatever the field says.
https://kubernetes.io/docs/tasks/configure-pod-container/security-context/

Fix: Set `allowPrivilegeEscalation: false` in the container's securityContext.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       securityContext: {  # finding
         readOnlyRootFilesystem: true}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       securityContext: {
         readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.security_context import escalation
from validator.rule import Findings, Severity, rule

_FIELD = "allowPrivilegeEscalation"


@rule(Severity.ERROR, when=Container.is_linux)
def privilege_escalation(container: Container) -> Findings:
    own = container.security.own
    found = list(escalation(own))
    for at, said in found:
        yield at, f"{said}: a set-user-ID program can give the process more rights"
    if found:
        return
    if own.get("privileged") is True:
        yield (
            own.at(_FIELD),
            f"`{_FIELD}: false` contradicts `privileged: true`: the server refuses both together",
        )
    elif not {"SYS_ADMIN", "CAP_SYS_ADMIN"}.isdisjoint(own.capabilities("add")):
        yield (
            own.at(_FIELD),
            f"`{_FIELD}: false` does not hold beside the capability SYS_ADMIN, which implies true",
        )
