"""Binding names a role that does not exist, so it grants nothing and the component is refused at run time.

The server accepts such a binding without a word. Roles that the server itself creates (`cluster-admin`,
`admin`, `edit`, `view`, `system:*`) are always there.

Fix: add the role to the overlay or correct `roleRef`; it is immutable, so delete the old binding first.

Bad:
    kind: Role
    metadata: {name: reader}
    rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
    ---
    kind: RoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reeder}  # finding
    subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}]
Good:
    kind: Role
    metadata: {name: reader}
    rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
    ---
    kind: RoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
    subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}]
"""

from validator.cluster import Cluster
from validator.cluster.rbac import Binding, Role
from validator.config import nearest
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=10, neighbours=True)
def role_missing(binding: Binding, cluster: Cluster) -> Findings:
    if not binding.role_name or binding.role is not None or binding.binds_built_in():
        return  # without a name the schema reports it
    namespace = "" if binding.role_kind == "ClusterRole" else binding.namespace
    place = f" in namespace {namespace}" if namespace else ""
    # A hint is sought among a bounded number of roles: the search is linear in them.
    known = [role.name for role in cluster.of(Role)[:200] if role.namespace == namespace]
    yield (
        binding.at("roleRef", "name"),
        f"no {binding.role_kind or 'role'} `{binding.role_name}`{place}: the binding grants nothing"
        f"{nearest(binding.role_name, known)}",
    )
