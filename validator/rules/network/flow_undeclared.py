"""NetworkPolicies allow a connection that the topology does not declare, so nobody decided that it may exist.

A connection counts when both sides let it through, and is reported at the entry of the policy that lets it
in, or lets it out to pods that no policy protects or to an external. Of a range of ports, and of rules
without ports, those count that containers declare. Peers that are neither workloads of the render nor
externals of the topology are not judged.
https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation

Fix: Narrow the policy to the flows of the topology, or declare the flow there.

Bad:
    # file: topology.yaml
    externals: {prometheus: {namespace: monitoring}, grafana: {namespace: dashboards}}
    flows:
    - {from: prometheus, to: example, port: 8000}
    # file: manifests.yaml
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      ingress:
      - from:
        - namespaceSelector: {}  # finding
        ports: [{port: 8000}]
Good:
    # file: topology.yaml
    externals: {prometheus: {namespace: monitoring}, grafana: {namespace: dashboards}}
    flows:
    - {from: prometheus, to: example, port: 8000}
    # file: manifests.yaml
    kind: Deployment
    ---
    kind: NetworkPolicy
    spec:
      ingress:
      - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
        ports: [{port: 8000}]
"""

from validator.cluster import Cluster, NetworkPolicy
from validator.network import Reachability, Topology
from validator.network.flows import ENOUGH, Connections
from validator.network.grants import both_directions
from validator.rule import Fault, Findings, Related, Severity, rule

_SHOWN = 3


@rule(Severity.ERROR, item=3, neighbours=True)
def flow_undeclared(cluster: Cluster, topology: Topology, reachability: Reachability) -> Findings:
    connections = Connections(reachability, topology)
    for policy in cluster.of(NetworkPolicy):
        for grant in both_directions(policy):
            found = connections.undeclared(grant)
            if not found:
                continue
            shown = ", ".join(str(connection) for connection in found[:_SHOWN])
            rest = len(found) - _SHOWN
            more = f" and {'at least ' if len(found) >= ENOUGH else ''}{rest} more" if rest > 0 else ""
            consenting = found[0].consenting
            yield Fault(
                grant.at,
                f"{policy} allows {shown}{more}, which {topology.file} does not declare",
                related=tuple(Related("lets it out", other.at()) for other in consenting[:_SHOWN]),
            )
