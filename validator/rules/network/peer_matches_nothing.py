"""Peer of a policy selects no pod, so the connection that it should allow is refused.

`podSelector` alone looks in the policy's own namespace; together with `namespaceSelector` in one entry, both
must hold. Pods that operators make from objects in the render are known, and what is not in the render is not
judged: a namespace that it does not show, or that is chosen by a label other than
`kubernetes.io/metadata.name`.
https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors

Fix: Select labels that the other pods have, and their namespace; list pods that others make under
`external-pods` in qt-validate.toml.

Bad:
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      ingress:
      - from:
        - podSelector: {matchLabels: {app.kubernetes.io/name: exampel}}  # finding
Good:
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      ingress:
      - from:
        - podSelector: {matchLabels: {app.kubernetes.io/name: example}}
"""

from validator.cluster import NetworkPolicy
from validator.network.grants import both_directions
from validator.network.peers import selection
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, neighbours=True)
def peer_matches_nothing(policy: NetworkPolicy) -> Findings:
    known = selection(policy.cluster)
    for grant in both_directions(policy):
        if not grant.means_pods() or grant.pods.everything or grant.pods.null or known.workloads(grant):
            continue  # null is of a wrong type, which the schema reports
        namespaces = known.closed_namespaces(grant)
        if namespaces is None or any(known.exists(name, grant.pods) for name in namespaces):
            continue
        places = ", ".join(namespaces)
        yield (
            policy.at(*grant.path, "podSelector"),
            f"no pod in {places} has {grant.pods}{known.closest(namespaces, grant.pods)}"
            if namespaces
            else "its namespaceSelector means no namespace: the render's has other labels",
        )
