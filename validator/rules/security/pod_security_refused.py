"""Namespace enforces a Pod Security level that refuses this pod, so the workload never gets one.

The server accepts the Deployment and refuses its pods, which shows only in the events of its ReplicaSet.
Judged is as the server does it, in the version that the namespace pins: every securityContext counts, also
one that no container uses, and `runAsUser` does not replace `runAsNonRoot`.
https://kubernetes.io/docs/concepts/security/pod-security-standards/

Fix: Set what the control asks for; or move the workload to a namespace of its own with a lower level.

Bad:
    kind: Namespace
    metadata: {name: trading, labels: {pod-security.kubernetes.io/enforce: restricted}}
    ---
    kind: Deployment
    metadata: {name: api, namespace: trading}
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {  # finding
        runAsUser: 10001}},
    ]}}}
Good:
    kind: Namespace
    metadata: {name: trading, labels: {pod-security.kubernetes.io/enforce: restricted}}
    ---
    kind: Deployment
    metadata: {name: api, namespace: trading}
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {
        runAsUser: 10001, runAsNonRoot: true}},
    ]}}}
"""

from validator.cluster import Workload
from validator.cluster.pod_security import ENFORCE, policy_of, refusals
from validator.cluster.rbac import runs_pods
from validator.cluster.security_context import Violation
from validator.rule import Fault, Findings, Related, Severity, rule

_SHOWN = 3


def _is_judged(workload: Workload) -> bool:
    policy = policy_of(workload)
    return policy is not None and policy.level != "privileged" and runs_pods(workload)


@rule(Severity.ERROR, when=_is_judged)
def pod_security_refused(workload: Workload) -> Findings:
    policy = policy_of(workload)
    if policy is None:
        return
    refused = "this pod" if workload.kind == "Pod" else "its pods"
    for control, violations in refusals(workload, policy.level, policy.version):
        said = "; ".join(_said(violation) for violation in violations[:_SHOWN])
        more = f"; and {len(violations) - _SHOWN} more" if len(violations) > _SHOWN else ""
        yield Fault(
            violations[0].at,
            f"{policy.namespace} enforces {policy}, whose control {control} refuses {refused}: {said}{more}",
            related=(
                Related("the level", policy.namespace.at("metadata", "labels", ENFORCE)),
                *(Related("also refused", violation.at) for violation in violations[1:]),
            ),
        )


def _said(violation: Violation) -> str:
    return f"{violation.at.container}: {violation.said}" if violation.at.container else violation.said
