"""Pod sets a kernel parameter that is not isolated from its neighbours, so most kubelets refuse to start it.

Safe are those that the Pod Security Standards list; others need `allowedUnsafeSysctls` of every kubelet
that may run the pod, and may disturb other pods of the node.
https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/

Fix: Remove it, or set it on nodes of their own and bind the pod to these.

Bad:
    kind: Deployment
    spec: {template: {spec: {securityContext: {sysctls: [
      {name: net.ipv4.tcp_syncookies, value: "1"},
      {name: net.core.somaxconn, value: "1024"},  # finding
    ]}}}}
Good:
    kind: Deployment
    spec: {template: {spec: {securityContext: {sysctls: [
      {name: net.ipv4.tcp_syncookies, value: "1"},
    ]}}}}
"""

from validator.cluster import Workload
from validator.cluster.pod_security import sysctls
from validator.manifest import sequence
from validator.rule import Findings, Severity, rule


def _sets_any(workload: Workload) -> bool:
    return bool(sequence(workload.security.get("sysctls")))


@rule(Severity.ERROR, when=_sets_any)
def unsafe_sysctl(workload: Workload) -> Findings:
    for at, said in sysctls(workload):
        yield (
            at,
            f"{said}, which is not among the safe ones: a kubelet refuses the pod unless told to allow it",
        )
