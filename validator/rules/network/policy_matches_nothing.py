"""Policy selects no pod, so the pods that it was written for are not protected by it.

The labels must be those of the pod template, in the policy's own namespace. An empty selector means every
pod, those to come too. Pods that operators make from objects in the render are known; a namespace that the
render does not show is not judged.
https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource

Fix: Select labels that the pod template has; list pods that others make under `external-pods` in
qt-validate.toml.

Bad:
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      podSelector: {matchLabels: {app.kubernetes.io/name: exampel}}  # finding
Good:
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      podSelector: {matchLabels: {app.kubernetes.io/name: example}}
"""

from validator.cluster import NetworkPolicy
from validator.network.peers import selection
from validator.network.scope import shown_namespaces
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, neighbours=True)
def policy_matches_nothing(policy: NetworkPolicy) -> Findings:
    if policy.namespace not in shown_namespaces(policy.cluster):
        return
    known = selection(policy.cluster)
    if policy.selector.null or policy.workloads or known.exists(policy.namespace, policy.selector):
        return  # null is of a wrong type, which the schema reports
    yield (
        policy.at("spec", "podSelector"),
        f"no pod in {policy.namespace} has {policy.selector}"
        f"{known.closest([policy.namespace], policy.selector)}",
    )
