"""Binding gives rights to callers without credentials: anyone who can open a connection has them.

The user `system:anonymous` and the group `system:unauthenticated` are requests that nobody signed
(https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests). The group
`system:authenticated` is a warning: it is every account of every pod, and with some providers every
customer. The server's own `system:public-info-viewer` and `system:discovery` may be bound so.

Fix: name the ServiceAccount, user or group that needs the role.

Bad:
    kind: ClusterRoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:unauthenticated"}  # finding
Good:
    kind: ClusterRoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: "traders"}
"""

from validator.cluster.rbac import Binding
from validator.rule import Fault, Findings, Severity, rule

_PUBLIC_ROLES = frozenset({"system:public-info-viewer", "system:discovery", "system:basic-user"})
_ANONYMOUS = frozenset({("User", "system:anonymous"), ("Group", "system:unauthenticated")})


@rule(Severity.ERROR, item=10)
def anonymous_subject(binding: Binding) -> Findings:
    if binding.role_name in _PUBLIC_ROLES:
        return
    for subject in binding.subjects:
        address = binding.at("subjects", subject.index, "name")
        role = f"{binding.role_kind} {binding.role_name}"
        if (subject.kind, subject.name) in _ANONYMOUS:
            yield address, f"`{subject.name}` gets {role}: no credentials are needed for it"
        elif (subject.kind, subject.name) == ("Group", "system:authenticated"):
            yield Fault(
                address,
                f"`{subject.name}` gets {role}: every user and the account of every pod holds it",
                severity=Severity.WARNING,
            )
