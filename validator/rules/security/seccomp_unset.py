"""Container names no seccomp profile, so unless the kubelet sets one no system call is filtered.

Neither it nor its pod sets one. Only with the kubelet's `seccompDefault` does that mean RuntimeDefault, and
a manifest cannot know.
https://kubernetes.io/docs/tutorials/security/seccomp/

Fix: Set `seccompProfile: {type: RuntimeDefault}` in the pod's securityContext.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {  # finding
        runAsUser: 10001}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {
        runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}},
    ]}}}
"""

from validator.cluster import Container
from validator.rule import Findings, Severity, rule


@rule(Severity.WARNING, when=Container.is_linux)
def seccomp_unset(container: Container) -> Findings:
    security = container.security
    if security.get("seccompProfile") is None:
        yield (
            security.own.at("seccompProfile"),
            "no `seccompProfile` here or in the pod: no filter, unless the kubelet has `seccompDefault`",
        )
