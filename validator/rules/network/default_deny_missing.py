"""Namespace has no default deny, so a pod that no other policy selects is open to everybody.

A default deny is a NetworkPolicy with an empty `podSelector` that restricts ingress and egress, or one for
each direction; it may allow something, but not everything. It holds for the workloads of tomorrow too.
https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies

Fix: Add a policy with `podSelector: {}` and `policyTypes: [Ingress, Egress]` and no rules.

Bad:
    kind: Namespace  # finding
    metadata: {name: trading}
    ---
    kind: Deployment
    metadata: {namespace: trading}
    ---
    kind: NetworkPolicy
    metadata: {namespace: trading}
    spec:
      podSelector: {matchLabels: {app.kubernetes.io/name: example}}
      policyTypes: [Ingress, Egress]
Good:
    kind: Namespace
    metadata: {name: trading}
    ---
    kind: Deployment
    metadata: {namespace: trading}
    ---
    kind: NetworkPolicy
    metadata: {namespace: trading}
    spec:
      podSelector: {}
      policyTypes: [Ingress, Egress]
"""

from collections import defaultdict

from validator.cluster import Cluster, Namespace, NetworkPolicy
from validator.network.grants import Direction, grants
from validator.network.scope import is_governed
from validator.rule import Findings, Severity, rule

_DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")


@rule(Severity.WARNING, prod=True, neighbours=True)
def default_deny_missing(cluster: Cluster) -> Findings:
    denied: dict[str, set[str]] = defaultdict(set)
    for policy in cluster.of(NetworkPolicy):
        if policy.selector.everything:
            denied[policy.namespace] |= {d for d in _DIRECTIONS if _denies(policy, d)}
    rendered = {namespace.name: namespace for namespace in cluster.of(Namespace)}
    counts: dict[str, int] = defaultdict(int)
    for workload in cluster.workloads:
        if is_governed(workload):
            counts[workload.namespace] += 1
    for name, count in counts.items():
        missing = [d for d in _DIRECTIONS if d not in denied[name]]
        if missing:
            yield (
                rendered[name].at() if name in rendered else cluster.at(),
                f"no policy with an empty podSelector denies {' and '.join(missing)} by default "
                f"in namespace {name}, which has {count} {'workload' if count == 1 else 'workloads'}",
            )


def _denies(policy: NetworkPolicy, direction: Direction) -> bool:
    """Restricts a direction and does not allow all of it again."""
    if direction.capitalize() not in policy.types:
        return False
    return not any(grant.peer is None and not grant.ports for grant in grants(policy, direction))
