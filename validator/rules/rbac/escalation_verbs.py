"""Role holds a verb that lets its holder take more rights than it was given.

`escalate` writes roles with rights one does not have, `bind` hands out roles one does not have, and
`impersonate` acts as somebody else
(https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping).
Limited to named objects by `resourceNames`, `bind` and `impersonate` are a warning. The same verbs through
`*` are reported by `rbac.wildcard`.

Fix: drop the verb; let the deployment pipeline, not a pod, manage roles.

Bad:
    kind: ClusterRole
    rules:
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [clusterroles]
        verbs: [get, bind]  # finding
Good:
    kind: ClusterRole
    rules:
      - apiGroups: [rbac.authorization.k8s.io]
        resources: [clusterroles]
        verbs: [get, list]
"""

from validator.cluster.rbac import RBAC, Grant, Role
from validator.rule import Fault, Findings, Severity, rule

_POWERS = {
    "escalate": "it can write itself any right",
    "bind": "it can hand itself any role, cluster-admin included",
    "impersonate": "it can act as any of them",
}


@rule(Severity.ERROR, item=10)
def escalation_verbs(role: Role) -> Findings:
    for grant in role.grants:
        for index, verb in enumerate(grant.verbs):
            if verb not in _POWERS or not _effective(grant, verb):
                continue
            limited = bool(grant.names) and verb != "escalate"
            power = f"only on {', '.join(grant.names)}" if limited else _POWERS[verb]
            yield Fault(
                role.at("rules", grant.index, "verbs", index),
                f"`{verb}` on {', '.join(grant.resources)}: {power}",
                severity=Severity.WARNING if limited else None,
            )


def _effective(grant: Grant, verb: str) -> bool:
    """Whether the server ever asks for this verb on these resources."""
    if verb != "impersonate":
        return grant.resource(RBAC, "roles", "clusterroles")
    if grant.resource("", "users", "groups", "serviceaccounts"):
        return True
    extras = [r for r in grant.resources if r == "uids" or r.startswith("userextras")]
    return grant.resource("authentication.k8s.io", *extras)
