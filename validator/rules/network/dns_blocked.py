"""Pods may connect to others but not ask DNS for their addresses, so every connection by name fails.

As soon as one policy restricts egress, port 53 to the cluster's DNS must be allowed too: UDP, and TCP for the
answers that do not fit a datagram. All policies that select the pods are taken together. `podSelector` alone
means the policy's own namespace, so `k8s-app: kube-dns` needs the namespaceSelector in the same entry. Pods
with no egress at all are fine, and so are those that may reach address ranges only, do not use the cluster's
DNS (`dnsPolicy` None or Default), or are on the node's network. A range counts as DNS when port 53 is named
for it, or when it holds the private ranges that a cluster's addresses come from, or NodeLocal DNSCache's
address.
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/

Fix: Add to `spec.egress` of a policy that selects the pods: `{to: [{namespaceSelector: {matchLabels:
{kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports:
[{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}`.

Bad:
    kind: Deployment  # finding
    ---
    kind: NetworkPolicy
    spec:
      policyTypes: [Ingress, Egress]
      egress:
      - to: [{podSelector: {matchLabels: {app.kubernetes.io/name: example}}}]
        ports: [{port: 8000}]
      - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
        ports: [{port: 53, protocol: UDP}]
Good:
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      policyTypes: [Ingress, Egress]
      egress:
      - to: [{podSelector: {matchLabels: {app.kubernetes.io/name: example}}}]
        ports: [{port: 8000}]
      - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
        ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from validator.cluster import Workload
from validator.network import Endpoint, Reachability
from validator.network.address import holds_any
from validator.network.grants import Grant, grants
from validator.network.reachability import covers_port
from validator.network.scope import is_governed
from validator.rule import Fault, Findings, Related, Severity, rule

_PROTOCOLS = ("UDP", "TCP")
_CLUSTER_ADDRESSES = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where service and pod addresses come from (RFC 1918, RFC 6598, RFC 4193)."""
_NODE_LOCAL = "169.254.20.10/32"


@dataclass(frozen=True, slots=True)
class Options:
    """Where the cluster's DNS runs: namespace, labels of its pods, port that they listen on."""

    namespace: str = "kube-system"
    labels: Mapping[str, str] = field(default_factory=lambda: {"k8s-app": "kube-dns"})
    port: int = 53

    @property
    def endpoint(self) -> Endpoint:
        # Container port names of CoreDNS as kubeadm and the add-on install it.
        ports = (("dns", self.port, "UDP"), ("dns-tcp", self.port, "TCP"))
        return Endpoint("kube-dns", self.namespace, tuple(self.labels.items()), ports=ports)

    def fix(self, protocols: list[str]) -> str:
        """An egress rule, to paste."""
        labels = ", ".join(f"{key}: {value}" for key, value in self.labels.items())
        ports = ", ".join(f"{{port: {self.port}, protocol: {protocol}}}" for protocol in protocols)
        return (
            "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
            f"{self.namespace}}}}}, "
            f"podSelector: {{matchLabels: {{{labels}}}}}}}], ports: [{ports}]}}"
        )


def _asks_cluster_dns(workload: Workload) -> bool:
    return is_governed(workload) and workload.pod.get("dnsPolicy") not in ("None", "Default")


@rule(Severity.ERROR, item=3, neighbours=True, when=_asks_cluster_dns)
def dns_blocked(workload: Workload, options: Options, reachability: Reachability) -> Findings:
    policies = reachability.governing(workload, "egress")
    if not any(_means_pods(grant) for policy in policies for grant in grants(policy, "egress")):
        return
    dns = options.endpoint
    missing = [
        protocol
        for protocol in _PROTOCOLS
        if not reachability.egress(workload, dns, options.port, protocol).allowed
        and not any(
            _is_resolver(grant, options.port, protocol)
            for policy in policies
            for grant in grants(policy, "egress")
        )
    ]
    if not missing:
        return
    own = min(policies, key=lambda policy: len(policy.workloads))
    ports = " and ".join(f"{options.port}/{protocol}" for protocol in missing)
    yield Fault(
        workload.at(),
        f"egress is restricted and {ports} to the cluster's DNS is not allowed; "
        f"add to spec.egress of {own}: {options.fix(missing)}",
        related=tuple(Related("restricts egress", policy.at("spec", "egress")) for policy in policies[:3]),
    )


def _means_pods(grant: Grant) -> bool:
    return grant.peer is None or grant.means_pods()


def _is_resolver(grant: Grant, port: int, protocol: str) -> bool:
    """Whether a grant for an address range may be meant for DNS."""
    block = (grant.peer or {}).get("ipBlock")
    if type(block) is not dict or not covers_port(grant.ports, port, protocol):
        return False
    if any(entry.get("port") == port for entry in grant.ports):
        return True
    return holds_any(block, (*_CLUSTER_ADDRESSES, _NODE_LOCAL))
