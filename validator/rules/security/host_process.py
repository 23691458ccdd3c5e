"""Windows container runs as a process of the node itself, outside any container.

It sees the node's file system, network and processes, with the rights of the account that it names, often
SYSTEM.
https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/

Fix: Remove `hostProcess`; keep it to agents of the node, in a namespace of their own.

Bad:
    # also: security.host-namespace
    kind: DaemonSet
    spec: {template: {spec: {
      os: {name: windows}, hostNetwork: true, containers: [
      {name: agent, securityContext: {windowsOptions: {
        hostProcess: true}}},  # finding
    ]}}}
Good:
    # also: security.host-namespace
    kind: DaemonSet
    spec: {template: {spec: {
      os: {name: windows}, hostNetwork: true, containers: [
      {name: agent, securityContext: {windowsOptions: {
        hostProcess: false}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster import security_context as conditions
from validator.rule import Findings, Severity, rule

_FIELD = ("windowsOptions", "hostProcess")


def _may_be(container: Container) -> bool:
    return container.workload.is_windows() or container.security.get(*_FIELD) is not None


@rule(Severity.ERROR, when=_may_be)
def host_process(container: Container) -> Findings:
    for at, said in container.security.violations(conditions.host_process, *_FIELD):
        yield at, f"{said}: it runs on the node itself, uncontained"
