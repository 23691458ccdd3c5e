"""Binding names the group system:masters, whose members no authorizer ever asks.

Membership bypasses RBAC and webhooks and cannot be withdrawn by deleting a binding, so the binding
adds nothing and suggests a control that is not there
(https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege).

Fix: bind a group of your own identity provider to a role with the rights it needs.

Bad:
    kind: ClusterRoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:masters"}  # finding
Good:
    kind: ClusterRoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: "operations"}
"""

from validator.cluster.rbac import Binding
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=10)
def masters_group(binding: Binding) -> Findings:
    for subject in binding.subjects:
        if (subject.kind, subject.name) == ("Group", "system:masters"):
            yield (
                binding.at("subjects", subject.index, "name"),
                "members of `system:masters` hold every right whatever is bound; no binding can take it away",
            )
