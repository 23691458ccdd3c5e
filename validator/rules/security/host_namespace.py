"""Pod shares the node's network, processes or memory segments instead of having its own.

With `hostNetwork` it listens on the node's addresses and no NetworkPolicy applies; with `hostPID` it sees,
and as root kills, every process of the node; with `hostIPC` it reads their shared memory.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

Fix: Remove the field; a Service reaches pods without `hostNetwork`.

Bad:
    kind: Deployment
    spec: {template: {spec: {
      hostPID: true,  # finding
      enableServiceLinks: false}}}
Good:
    kind: Deployment
    spec: {template: {spec: {
      enableServiceLinks: false}}}
"""

from validator.cluster import Workload
from validator.cluster.pod_security import host_namespaces
from validator.rule import Findings, Severity, rule

_SHARED = {
    "hostNetwork": "the node's addresses, past every NetworkPolicy",
    "hostPID": "the processes of the node",
    "hostIPC": "the shared memory of the node",
}


@rule(Severity.ERROR)
def host_namespace(workload: Workload) -> Findings:
    for at, said in host_namespaces(workload):
        yield at, f"{said}: its containers have {_SHARED[str(at.path[-1])]}"
