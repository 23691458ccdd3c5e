"""Container adds a capability, a part of root's power that it keeps whatever else confines it.

SYS_ADMIN, SYS_PTRACE, NET_ADMIN, DAC_READ_SEARCH and others lead out of a container. Only NET_BIND_SERVICE,
which opens ports below 1024, may be added. Names are written as Kubernetes has them: without `CAP_`.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

Fix: Remove it from `capabilities.add`; let a component that truly needs it run in a namespace of its own.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {capabilities: {drop: [ALL], add: [
        NET_RAW,  # finding
        NET_BIND_SERVICE]}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {capabilities: {drop: [ALL], add: [
        NET_BIND_SERVICE]}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.pod_security import adds_unsafe
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=Container.is_linux)
def capabilities_added(container: Container) -> Findings:
    for at, said in adds_unsafe(container.security.own):
        yield at, f"{said}; only NET_BIND_SERVICE may be added"
