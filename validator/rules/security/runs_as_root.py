"""Container runs as root, or may: its image decides, and most images say root.

User 0 inside is user 0 of the node if it breaks out, and it may write wherever root may in every volume.
Asked is the effective value, the container's before the pod's: a `runAsUser` other than 0, or
`runAsNonRoot: true`, with which the kubelet refuses to start an image that says root. On Windows the user
is ContainerAdministrator. A pod in a user namespace of its own (`hostUsers: false`) is not asked: its root
is nobody on the node.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

Fix: Set `runAsNonRoot: true` and a `runAsUser` of 10000 or above in the pod's securityContext.

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
         readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 10001}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.security_context import has_host_user_namespace
from validator.rule import Findings, Severity, rule

_ADMINISTRATOR = "containeradministrator"


def _is_asked(container: Container) -> bool:
    return has_host_user_namespace(container.workload)


@rule(Severity.ERROR, when=_is_asked)
def runs_as_root(container: Container) -> Findings:
    security = container.security
    path = ("runAsUser",) if container.is_linux() else ("windowsOptions", "runAsUserName")
    user, must_not = security.get(*path), security.get("runAsNonRoot") is True
    if user == 0 or str(user).lower() == _ADMINISTRATOR:
        refused = ", and with `runAsNonRoot: true` the kubelet refuses to start it" if must_not else ""
        yield security.address(*path), f"`{path[-1]}` is {user}{refused}"
    elif user is None and not must_not:
        yield (
            security.address("runAsNonRoot"),
            f"neither `runAsNonRoot: true` nor `{path[-1]}`: it runs as its image's user, which may be root",
        )
