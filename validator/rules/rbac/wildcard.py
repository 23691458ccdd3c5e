"""Role grants `*`, so it also grants what nobody thought of, and whatever a later version adds.

A wildcard verb includes `escalate` and `impersonate`, a wildcard resource includes Secrets
(https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege). A wildcard in
`apiGroups` alone, with resources and verbs named, is a warning. `*/scale` means that subresource of every
resource; `pods/*` means nothing at all (ResourceMatches, pkg/apis/rbac/v1/evaluation_helpers.go).

Fix: list the verbs and resources that the component's code calls.

Bad:
    kind: Role
    rules:
      - apiGroups: [""]
        resources: [pods]
        verbs: ["*"]  # finding
Good:
    kind: Role
    rules:
      - apiGroups: [""]
        resources: [pods]
        verbs: [get, list, watch]
"""

from validator.cluster.rbac import Grant, Role
from validator.rule import Fault, Findings, Severity, rule


@rule(Severity.ERROR, item=10)
def wildcard(role: Role) -> Findings:
    for grant in role.grants:
        fields = {
            "verbs": "*" in grant.verbs,
            "resources": any(r == "*" or r.startswith("*/") for r in grant.resources),
            "nonResourceURLs": "*" in grant.urls or "/*" in grant.urls,
            "apiGroups": "*" in grant.groups,
        }
        found = [field for field, wild in fields.items() if wild]
        if not found:
            continue
        yield Fault(
            role.at("rules", grant.index, found[0]),
            f"`*` in {' and '.join(found)}: grants {_spoken(grant)}",
            severity=Severity.WARNING if found == ["apiGroups"] else None,
        )


def _spoken(grant: Grant) -> str:
    verbs = "every verb" if "*" in grant.verbs else ", ".join(grant.verbs) or "no verb"
    if grant.urls and not grant.resources:
        return f"{verbs} on URLs {', '.join(grant.urls)}"
    resources = "every resource" if "*" in grant.resources else ", ".join(grant.resources) or "no resource"
    if "*" in grant.groups:
        groups = "every API group"
    else:
        groups = "API group " + ", ".join(group or "core" for group in grant.groups)
    return f"{verbs} on {resources} of {groups}"
