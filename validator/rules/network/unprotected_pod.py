"""No NetworkPolicy restricts the pods, so every pod of the cluster may connect to them, or they to anything.

A policy restricts a direction for the pods that it selects: ingress always unless `policyTypes` leaves it
out, egress only when `policyTypes` says so or there are egress rules. Pods that no policy restricts for
ingress are an error; for egress alone, a warning. Pods on the node's network are not asked, and nothing is
said where a network plug-in's own policies (Cilium, Calico, Antrea) are in the render.
https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation

Fix: Add a policy that selects the pods by the labels of the pod template, with both `policyTypes`.

Bad:
    kind: Deployment  # finding
    ---
    kind: NetworkPolicy
    spec:
      podSelector: {matchLabels: {app.kubernetes.io/name: sample}}
      policyTypes: [Ingress, Egress]
Good:
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      podSelector: {matchLabels: {app.kubernetes.io/name: example}}
      policyTypes: [Ingress, Egress]
"""

from validator.cluster import Workload
from validator.network.scope import is_governed
from validator.rule import Fault, Findings, Severity, rule


@rule(Severity.ERROR, item=3, prod=True, neighbours=True, when=is_governed)
def unprotected_pod(workload: Workload) -> Findings:
    policies = workload.cluster.policies_of(workload)
    types: set[str] = set()
    for policy in policies:
        types |= policy.types
        if {"Ingress", "Egress"} <= types:
            return
    labels = ", ".join(f"{k}={v}" for k, v in workload.pod_labels.items()) or "no label"
    if not types:
        yield (
            workload.at(),
            f"no NetworkPolicy in namespace {workload.namespace} selects its pods ({labels}): "
            "anybody may connect to them, and they to anything",
        )
        return
    names = ", ".join(str(policy) for policy in policies[:3])
    if "Ingress" not in types:
        yield (
            workload.at(),
            f"only egress is restricted, by {names}: anybody may connect to its pods ({labels})",
        )
    else:
        yield Fault(
            workload.at(),
            f"only ingress is restricted, by {names}: its pods ({labels}) may connect to anything",
            severity=Severity.WARNING,
        )
