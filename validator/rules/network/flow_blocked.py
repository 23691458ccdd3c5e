"""Topology declares a flow that the NetworkPolicies block, so the two components cannot talk.

A connection needs the egress side of its origin and the ingress side of its destination; each side is
reported at the policy that is most its own. Both ends are found by `app.kubernetes.io/name`, or are externals
of the topology; a workload that the render does not hold, pods on the node's network, and namespaces with a
network plug-in's own policies are not judged.
https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation

Fix: Allow the flow in the policy of the side that blocks it, or take it out of the topology.

Bad:
    # file: topology.yaml
    externals: {ingress-controller: {namespace: nginx-ingress}}
    flows:
    - {from: ingress-controller, to: example, port: 8000}
    # file: manifests.yaml
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      ingress:
      - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nginx-ingress}}}]
        ports: [{port: 8080}]  # finding
Good:
    # file: topology.yaml
    externals: {ingress-controller: {namespace: nginx-ingress}}
    flows:
    - {from: ingress-controller, to: example, port: 8000}
    # file: manifests.yaml
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      ingress:
      - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nginx-ingress}}}]
        ports: [{port: 8000}]
"""

from heapq import nsmallest

from validator.cluster import Cluster, NetworkPolicy
from validator.finding import Path
from validator.manifest import mapping, sequence
from validator.network import Endpoint, Flow, Reachability, Topology
from validator.network.flows import Parties
from validator.network.grants import Direction, grants
from validator.rule import Fault, Findings, Related, Severity, rule

_TRIED = 20
"""Policies whose rules are looked through for a hint."""


@rule(Severity.ERROR, item=3, neighbours=True)
def flow_blocked(cluster: Cluster, topology: Topology, reachability: Reachability) -> Findings:
    parties = Parties(cluster, topology)
    for flow in topology.flows:
        for origin, destination in parties.pairs(flow):
            if origin.workload is not None:
                out = reachability.egress(origin.workload, destination, flow.port, flow.protocol)
                if not out.allowed:
                    yield _fault(topology, flow, "egress", out.policies, destination, reachability)
            if destination.workload is not None:
                into = reachability.ingress(destination.workload, origin, flow.port, flow.protocol)
                if not into.allowed:
                    yield _fault(topology, flow, "ingress", into.policies, origin, reachability)


def _fault(
    topology: Topology,
    flow: Flow,
    direction: Direction,
    policies: tuple[NetworkPolicy, ...],
    other: Endpoint,
    reachability: Reachability,
) -> Fault:
    nearest = nsmallest(_TRIED, policies, key=lambda policy: len(policy.workloads))
    side = f"egress of {flow.origin}" if direction == "egress" else f"ingress of {flow.destination}"
    names = ", ".join(str(policy) for policy in policies[:3])
    rest = f" and {len(policies) - 3} more" if len(policies) > 3 else ""
    at, why = nearest[0].at("spec", direction), ""
    for policy in nearest:
        if near := _other_ports(policy, direction, other, reachability):
            at, why = policy.at(*near[0]), f"; {policy} allows {near[1]} between them"
            break
    line = f":{flow.source.line}" if flow.source.line else ""
    return Fault(
        at,
        f"{flow}, declared in {topology.file}{line}, is blocked at the {side}: no rule of {names}{rest} "
        f"allows it{why}",
        related=tuple(Related(f"restricts {direction}", policy.at()) for policy in policies[:3]),
    )


def _other_ports(
    policy: NetworkPolicy, direction: Direction, other: Endpoint, reachability: Reachability
) -> tuple[Path, str] | None:
    """The ports of a rule that names the right party, and so has the wrong ports."""
    for grant in grants(policy, direction):
        if grant.peer is not None and reachability.means(grant, other):
            path = (*grant.path[:3], "ports")
            ports = ", ".join(_spoken(mapping(p)) for p in sequence(policy.get(*path)))
            return path, ports
    return None


def _spoken(port: dict[str, object]) -> str:
    last = f"–{port['endPort']}" if port.get("endPort") else ""
    return f"{port.get('port', 'every port')}{last}/{port.get('protocol', 'TCP')}"
