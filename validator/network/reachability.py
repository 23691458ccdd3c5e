"""Who can talk to whom under the NetworkPolicies of a target.

Semantics: https://kubernetes.io/docs/concepts/services-networking/network-policies/. Policies add
up; a pod that no policy of a direction selects is open in it; a connection needs the egress side of
its origin and the ingress side of its destination.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from validator.cluster import Cluster, NetworkPolicy, Selector, Workload
from validator.network.address import within
from validator.network.grants import Direction, Grant, grants

if TYPE_CHECKING:
    from validator.network.topology import External


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of a connection: pods (namespace and labels) or an address range.

    `labels=None`: pods of any labels, so a selector may mean them. `ports` maps the container port names
    of the pods to numbers; `workload` is set for our own.
    """

    name: str
    namespace: str | None = None
    labels: tuple[tuple[str, str], ...] | None = ()
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
        return cls(external.name, external.namespace or home, tuple(external.pods.items()) or None)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one side lets a connection through, and the policies that govern that side."""

    allowed: bool
    policies: tuple[NetworkPolicy, ...]


class _Side:
    """What a set of policies allows in a direction, found by a label that the other side must have.

    A namespace may have thousands of policies for all its pods, and each connection is asked for.
    """

    def __init__(self, policies: tuple[NetworkPolicy, ...], direction: Direction) -> None:
        self._every = [grant for policy in policies for grant in grants(policy, direction)]
        self._by_label: dict[tuple[str, str], list[Grant]] = {}
        self._rest: list[Grant] = []
        for grant in self._every:
            selector = grant.pods if grant.means_pods() else Selector()
            labels = list(selector.pairs[:1])
            if not labels:
                among = [r for r in selector.requirements if r.operator == "In"]
                labels = [(among[0].key, value) for value in among[0].values] if among else []
            for label in labels:
                self._by_label.setdefault(label, []).append(grant)
            if not labels:
                self._rest.append(grant)

    def grants(self, other: "Endpoint") -> Iterator[Grant]:
        """Those that may mean the other side."""
        if other.labels is None:
            yield from self._every
            return
        yield from self._rest
        for label in other.labels:
            yield from self._by_label.get(label, ())


class Reachability:
    """Answers for one cluster; cheap to make, as policies are only read when asked for."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._governing: dict[tuple[int, Direction], tuple[NetworkPolicy, ...]] = {}
        self._sides: dict[tuple[Direction, tuple[NetworkPolicy, ...]], _Side] = {}

    def governing(self, workload: Workload, direction: Direction) -> tuple[NetworkPolicy, ...]:
        """The policies that restrict a workload's pods in a direction."""
        found = self._governing.get((id(workload), direction))
        if found is None:
            kind = direction.capitalize()
            found = tuple(p for p in self.cluster.policies_of(workload) if kind in p.types)
            self._governing[id(workload), direction] = found
        return found

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
        side = self._sides.get((direction, policies))
        if side is None:
            side = self._sides[direction, policies] = _Side(policies, direction)
        for grant in side.grants(other):
            if port_matches(grant.ports, port, protocol, ports) and self.means(grant, other):
                return Answer(True, policies)
        return Answer(False, policies)

    def means(self, grant: Grant, other: Endpoint) -> bool:
        """Whether a grant is for the other side; no peer means anyone."""
        return grant.peer is None or self.peer_matches(grant.policy, grant.peer, other)

    def peer_matches(self, policy: NetworkPolicy, peer: dict[str, Any], other: Endpoint) -> bool:
        """Whether one entry of `from` or `to` means the other side."""
        block = peer.get("ipBlock")
        if type(block) is dict:
            return other.cidr is not None and within(other.cidr, block)
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
        return pods is None or other.labels is None or Selector.parse(pods).matches(dict(other.labels))


def covers_port(ports: Iterable[dict[str, Any]], port: int, protocol: str) -> bool:
    """Whether a rule's `ports` hold a port number; names, which only the pods can tell, do not."""
    return port_matches(tuple(ports), port, protocol, ())


def port_matches(
    declared: tuple[dict[str, Any], ...], port: int, protocol: str, named: tuple[tuple[str, int, str], ...]
) -> bool:
    """No ports means all; an entry without `port` means all ports of its protocol."""
    if not declared:
        return True
    for entry in declared:
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
