"""Who can talk to whom under the NetworkPolicies of a target.

Semantics: https://kubernetes.io/docs/concepts/services-networking/network-policies/. Policies add
up; a pod that no policy of a direction selects is open in it; a connection needs the egress side of
its origin and the ingress side of its destination.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any, Literal

from validator.cluster import Cluster, NetworkPolicy, Selector, Workload
from validator.manifest import mapping, sequence

if TYPE_CHECKING:
    from validator.network.topology import External

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of a connection: pods (namespace and labels) or an address range.

    `ports` maps the container port names of the pods to numbers; `workload` is set for our own.
    """

    name: str
    namespace: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    cidr: str | None = None
    ports: tuple[tuple[str, int, str], ...] = ()
    workload: Workload | None = None

    @classmethod
    def of(cls, workload: Workload) -> "Endpoint":
        ports = tuple(
            (port.name, port.number, port.protocol)
            for container in workload.containers
            for port in container.ports
            if port.name is not None and port.number is not None
        )
        return cls(
            workload.name,
            workload.namespace,
            tuple(workload.pod_labels.items()),
            ports=ports,
            workload=workload,
        )

    @classmethod
    def outside(cls, external: "External", home: str) -> "Endpoint":
        """An external of the topology; without a namespace its pods run in ours."""
        if external.cidr is not None:
            return cls(external.name, cidr=external.cidr)
        return cls(external.name, external.namespace or home, tuple(external.pods.items()))


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one side lets a connection through, and the policies that govern that side."""

    allowed: bool
    policies: tuple[NetworkPolicy, ...]


class Reachability:
    """Answers for one cluster; cheap to make, as policies are only read when asked for."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def governing(self, workload: Workload, direction: Direction) -> tuple[NetworkPolicy, ...]:
        """The policies that restrict a workload's pods in a direction."""
        kind = direction.capitalize()
        return tuple(p for p in self.cluster.policies_of(workload) if kind in p.types)

    def egress(self, origin: Workload, destination: Endpoint, port: int, protocol: str) -> Answer:
        """Whether the policies of `origin` let it open a connection to `destination`."""
        return self._allowed(origin, destination, "egress", port, protocol, destination.ports)

    def ingress(self, destination: Workload, origin: Endpoint, port: int, protocol: str) -> Answer:
        """Whether the policies of `destination` let `origin` in."""
        ports = Endpoint.of(destination).ports
        return self._allowed(destination, origin, "ingress", port, protocol, ports)

    def _allowed(
        self,
        workload: Workload,
        other: Endpoint,
        direction: Direction,
        port: int,
        protocol: str,
        ports: tuple[tuple[str, int, str], ...],
    ) -> Answer:
        policies = self.governing(workload, direction)
        if not policies:
            return Answer(True, ())
        for policy in policies:
            for rule in sequence(policy.spec.get(direction)):
                if _port_matches(mapping(rule).get("ports"), port, protocol, ports) and self._peers_match(
                    policy, mapping(rule).get("from" if direction == "ingress" else "to"), other
                ):
                    return Answer(True, policies)
        return Answer(False, policies)

    def _peers_match(self, policy: NetworkPolicy, peers: Any, other: Endpoint) -> bool:
        """No peers means anyone; otherwise one peer must match."""
        if not sequence(peers):
            return True
        return any(self.peer_matches(policy, mapping(peer), other) for peer in sequence(peers))

    def peer_matches(self, policy: NetworkPolicy, peer: dict[str, Any], other: Endpoint) -> bool:
        """Whether one entry of `from` or `to` means the other side."""
        block = peer.get("ipBlock")
        if type(block) is dict:
            return other.cidr is not None and _within(other.cidr, block)
        if other.cidr is not None or other.namespace is None:
            return False
        namespaces = peer.get("namespaceSelector")
        if namespaces is None:
            if other.namespace != policy.namespace:
                return False
        else:
            labels = self.cluster.namespace_labels.get(
                other.namespace, {"kubernetes.io/metadata.name": other.namespace}
            )
            if not Selector.parse(namespaces).matches(labels):
                return False
        pods = peer.get("podSelector")
        return pods is None or Selector.parse(pods).matches(dict(other.labels))


def _port_matches(declared: Any, port: int, protocol: str, named: tuple[tuple[str, int, str], ...]) -> bool:
    """No ports means all; an entry without `port` means all ports of its protocol."""
    entries = sequence(declared)
    if not entries:
        return True
    for entry in map(mapping, entries):
        if entry.get("protocol", "TCP") != protocol:
            continue
        number, last = entry.get("port"), entry.get("endPort")
        if number is None:
            return True
        if type(number) is str:
            if (number, port, protocol) in named:
                return True
        elif type(number) is int and number <= port <= (last if type(last) is int else number):
            return True
    return False


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _within(cidr: str, block: dict[str, Any]) -> bool:
    """Whether a block covers an address range (exceptions cut private ranges out of the internet).

    A range that an exception covers whole is not within; one that merely overlaps an exception is.
    """
    inner, outer = _network(cidr), _network(str(block.get("cidr")))
    if inner is None or outer is None or inner.version != outer.version:
        return False
    if not _subnet(inner, outer):
        return False
    exceptions = [_network(str(e)) for e in sequence(block.get("except"))]
    return not any(e is not None and e.version == inner.version and _subnet(inner, e) for e in exceptions)


def _subnet(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False
