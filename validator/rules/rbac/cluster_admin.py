"""Binding hands out cluster-admin, so whoever takes over one such pod owns what it reaches.

A ClusterRoleBinding gives every right on the whole cluster; a RoleBinding gives every right in the
namespace, its Secrets and its roles included
(https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles).

Fix: bind a role with the few rules that the subject needs.

Bad:
    kind: ClusterRole
    metadata: {name: reader}
    rules: [{apiGroups: [""], resources: [nodes], verbs: [list]}]
    ---
    kind: ClusterRoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}  # finding
    subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}]
Good:
    kind: ClusterRole
    metadata: {name: reader}
    rules: [{apiGroups: [""], resources: [nodes], verbs: [list]}]
    ---
    kind: ClusterRoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
    subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}]
"""

from validator.cluster.rbac import Binding
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=10)
def cluster_admin(binding: Binding) -> Findings:
    if binding.role_kind != "ClusterRole" or binding.role_name != "cluster-admin":
        return
    subjects = ", ".join(map(str, binding.subjects)) or "nobody yet"
    local = binding.kind == "RoleBinding"
    reach = f"in namespace {binding.namespace}" if local else "on the whole cluster"
    yield binding.at("roleRef", "name"), f"every right {reach} for {subjects}"
