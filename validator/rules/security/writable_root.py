"""Container can write to its own root file system, so an intruder can replace programs and leave tools.

What is written there is also lost with the container and counts as the node's ephemeral storage.
https://kubernetes.io/docs/tasks/configure-pod-container/security-context/

Fix: Set `readOnlyRootFilesystem: true`, and mount an `emptyDir` where the program must write, such as /tmp.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       securityContext: {  # finding
         allowPrivilegeEscalation: false}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       securityContext: {
         allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}},
    ]}}}
"""

from validator.cluster import Container
from validator.rule import Findings, Severity, rule

_FIELD = "readOnlyRootFilesystem"


@rule(Severity.WARNING, when=Container.is_linux)
def writable_root(container: Container) -> Findings:
    own = container.security.own
    value = own.get(_FIELD)
    if value is not True:
        said = "unset" if value is None else "false"
        yield own.at(_FIELD), f"`{_FIELD}` is {said}: its programs can be overwritten while it runs"
