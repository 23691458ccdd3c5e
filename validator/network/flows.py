"""The parties that a topology names, and the connections that policies allow between them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from validator.cluster import Cluster, NetworkPolicy, Workload
from validator.manifest import string
from validator.network.grants import Grant, grants
from validator.network.peers import selection
from validator.network.reachability import Endpoint, Reachability, port_matches
from validator.network.scope import is_governed
from validator.network.topology import Flow, Topology

_NAME = "app.kubernetes.io/name"
_FEW = 64
"""Up to so many peers are simply tried one by one."""
_MANY_PAIRS = 20_000
"""A grant between more pairs than this is kept as "may reach anybody", and each pair tried."""
ENOUGH = 10
"""So many undeclared connections of one grant are looked for, and not more."""


_Ports = tuple[tuple[str, int | str | None, int | str | None], ...]
"""(protocol, port, endPort) of each entry of a rule's `ports`."""


def name_of(workload: Workload) -> str:
    """The name by which a topology knows a workload."""
    return workload.pod_labels.get(_NAME) or workload.name


class Parties:
    """Who stands behind the names of a topology: workloads of the render, else externals.

    A name that is neither is of a workload that this render does not hold, and nothing is said about it.
    """

    def __init__(self, cluster: Cluster, topology: Topology) -> None:
        self._cluster = cluster
        self._externals = topology.externals
        self._seen_from: dict[str, list[Endpoint]] = {}
        self._rendered: dict[str, list[Workload]] = defaultdict(list)
        for workload in cluster.workloads:
            self._rendered[name_of(workload)].append(workload)

    def pairs(self, flow: Flow) -> Iterator[tuple[Endpoint, Endpoint]]:
        """The two ends of a flow, pods with the same labels taken once."""
        origins, destinations = self._rendered.get(flow.origin), self._rendered.get(flow.destination)
        for origin in self._of(flow.origin, origins, destinations):
            for destination in self._of(flow.destination, destinations, origins):
                yield origin, destination

    def _of(
        self, name: str, rendered: list[Workload] | None, others: list[Workload] | None
    ) -> Iterable[Endpoint]:
        if rendered:
            found = {(w.namespace, *sorted(w.pod_labels.items())): w for w in rendered if is_governed(w)}
            return [Endpoint.of(w) for w in found.values()]
        homes = {w.namespace for w in others or ()}
        if name in self._externals:
            return {Endpoint.outside(self._externals[name], home) for home in homes}
        return [
            Endpoint(name, pods.namespace, tuple(pods.labels.items()))
            for pods in self._cluster.outside
            if pods.labels and pods.labels.get(_NAME) == name
        ]

    def externals(self, home: str) -> list[Endpoint]:
        """The topology's externals as a namespace sees them, those that the render itself holds left out."""
        found = self._seen_from.get(home)
        if found is None:
            found = self._seen_from[home] = [
                Endpoint.outside(external, home)
                for name, external in self._externals.items()
                if name not in self._rendered
            ]
        return found


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that a policy allows: names, as a topology has them, and ports in words."""

    origin: str
    destination: str
    ports: str
    consenting: tuple[NetworkPolicy, ...]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination} {self.ports}"


class Connections:
    """What policies allow and a topology does not declare."""

    def __init__(self, reachability: Reachability, topology: Topology) -> None:
        self._reachability = reachability
        self._selection = selection(reachability.cluster)
        self._parties = Parties(reachability.cluster, topology)
        self._declared = {(f.origin, f.destination, f.port, f.protocol) for f in topology.flows}
        self._from: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
        for flow in topology.flows:
            self._from[flow.origin].append((flow.destination, flow.port, flow.protocol))
        self._wider = {
            external.name: [other.name for other in topology.externals.values() if other.covers(external)]
            for external in topology.externals.values()
        }
        self._endpoints: dict[int, Endpoint] = {}
        self._open: dict[int, list[Workload]] = {}
        self._reaching: dict[int, list[Workload]] | None = None
        self._reaching_anybody: dict[_Ports, dict[int, Workload]] = {}
        self._wanted: tuple[tuple[Workload, ...], frozenset[int]] = ((), frozenset())

    def undeclared(self, grant: Grant) -> list[Connection]:
        """The undeclared connections that a grant allows, and the other side too.

        Where both sides have policies, the ingress side is the one that is told.
        """
        search = self._into if grant.direction == "ingress" else self._out_of
        found: dict[tuple[str, str, str], Connection] = {}
        for connection in search(grant):
            found.setdefault((connection.origin, connection.destination, connection.ports), connection)
            if len(found) >= ENOUGH:
                break
        return list(found.values())

    def _into(self, grant: Grant) -> Iterator[Connection]:
        origins = self._selection.workloads(grant)
        for destination in filter(is_governed, grant.policy.workloads):
            ports = _ports(grant, destination)
            endpoint = self._endpoint(destination)
            for origin in self._trying(endpoint, origins, ports) if ports else ():
                for port, protocol in ports:
                    names = (name_of(origin), name_of(destination))
                    if (*names, port, protocol) in self._declared or not is_governed(origin):
                        continue
                    answer = self._reachability.egress(origin, endpoint, port, protocol)
                    if answer.allowed:
                        yield Connection(*names, f"{port}/{protocol}", answer.policies)
            for external in self._parties.externals(destination.namespace):
                if self._reachability.means(grant, external):
                    for port, protocol in ports:
                        if not self._is_declared(external.name, name_of(destination), port, protocol):
                            yield Connection(external.name, name_of(destination), f"{port}/{protocol}", ())

    def _out_of(self, grant: Grant) -> Iterator[Connection]:
        destinations = self._open_among(self._selection.workloads(grant))
        for origin in filter(is_governed, grant.policy.workloads):
            for destination in destinations:
                names = (name_of(origin), name_of(destination))
                for port, protocol in _ports(grant, destination):
                    if (*names, port, protocol) not in self._declared:
                        yield Connection(*names, f"{port}/{protocol}", ())
            for external in self._parties.externals(origin.namespace):
                if self._reachability.means(grant, external):
                    for shown in self._undeclared_ranges(grant, name_of(origin), external.name):
                        yield Connection(name_of(origin), external.name, shown, ())

    def _open_among(self, workloads: tuple[Workload, ...]) -> list[Workload]:
        """Those that no policy protects; asked again and again for the same tuples of a selection."""
        found = self._open.get(id(workloads))
        if found is None:
            found = self._open[id(workloads)] = [
                w for w in workloads if is_governed(w) and not self._reachability.governing(w, "ingress")
            ]
        return found

    def _is_declared(self, origin: str, destination: str, port: int, protocol: str) -> bool:
        """Declared for the party itself, or for one that holds it: the internet holds the broker."""
        return any(
            (o, d, port, protocol) in self._declared
            for o in self._wider.get(origin, [origin])
            for d in self._wider.get(destination, [destination])
        )

    def _undeclared_ranges(self, grant: Grant, origin: str, external: str) -> Iterator[str]:
        """Ports to a party whose containers nobody knows; names of ports mean nothing there."""
        for low, high, protocol in _ranges(grant):
            names = self._wider[external]
            known = {
                port
                for d, port, proto in (self._from[origin] if high > low else ())
                if d in names and proto == protocol and low <= port <= high
            }
            if high > low and len(known) <= high - low:
                yield f"every port/{protocol}" if (low, high) == (1, 65535) else f"{low}–{high}/{protocol}"
            elif high == low and not self._is_declared(origin, external, low, protocol):
                yield f"{low}/{protocol}"

    def _endpoint(self, workload: Workload) -> Endpoint:
        found = self._endpoints.get(id(workload))
        if found is None:
            found = self._endpoints[id(workload)] = Endpoint.of(workload)
        return found

    def _trying(
        self, destination: Endpoint, origins: tuple[Workload, ...], ports: list[tuple[int, str]]
    ) -> Iterator[Workload]:
        """Those of some origins that may be let out to a destination, without trying every pair."""
        if len(origins) <= _FEW:
            yield from origins
            return
        if self._reaching is None:
            self._reaching = self._index_egress()
        if self._wanted[0] is not origins:
            self._wanted = origins, frozenset(id(origin) for origin in origins)
        wanted = self._wanted[1]
        for origin in self._reaching.get(id(destination.workload), ()):
            if id(origin) in wanted:
                yield origin
        for opened, group in self._reaching_anybody.items():
            entries = tuple({"protocol": p, "port": port, "endPort": last} for p, port, last in opened)
            if any(port_matches(entries, port, protocol, destination.ports) for port, protocol in ports):
                for key, origin in group.items():
                    if key in wanted:
                        yield origin

    def _index_egress(self) -> dict[int, list[Workload]]:
        """Who is let out to whom by name; who is let out to very many is kept by the ports for that."""
        found: dict[int, list[Workload]] = defaultdict(list)
        cluster = self._reachability.cluster
        free = {id(w): w for w in cluster.workloads if not self._reachability.governing(w, "egress")}
        self._reaching_anybody[()] = free
        for policy in cluster.of(NetworkPolicy):
            for grant in grants(policy, "egress"):
                origins, destinations = policy.workloads, self._selection.workloads(grant)
                if len(destinations) > _FEW or len(origins) * len(destinations) > _MANY_PAIRS:
                    ports = tuple(
                        (
                            string(p.get("protocol")) or "TCP",
                            _scalar(p.get("port")),
                            _scalar(p.get("endPort")),
                        )
                        for p in grant.ports
                    )
                    self._reaching_anybody.setdefault(ports, {}).update({id(w): w for w in origins})
                    continue
                for destination in destinations:
                    found[id(destination)] += origins
        return found


def _scalar(value: Any) -> int | str | None:
    return value if isinstance(value, int | str) else None


def _ports(grant: Grant, destination: Workload) -> list[tuple[int, str]]:
    """The ports of a workload that a grant opens: those it names, and of a range those that exist."""
    own = {
        (port.number, port.protocol, port.name)
        for container in destination.containers
        for port in container.ports
        if port.number is not None
    }
    if not grant.ports:
        return sorted({(number, protocol) for number, protocol, _ in own})
    found: set[tuple[int, str]] = set()
    for entry in grant.ports:
        protocol = string(entry.get("protocol")) or "TCP"
        port, last = entry.get("port"), entry.get("endPort")
        if type(port) is int and type(last) is not int:
            found.add((port, protocol))
            continue
        for number, its_protocol, name in own:
            if its_protocol != protocol:
                continue
            in_range = type(port) is int and type(last) is int and port <= number <= last
            if port is None or in_range or (type(port) is str and port == name):
                found.add((number, protocol))
    return sorted(found)


def _ranges(grant: Grant) -> Iterator[tuple[int, int, str]]:
    """(first, last, protocol) of each of a grant's numbered ports; no ports at all means every port."""
    if not grant.ports:
        yield 1, 65535, "TCP"
    for entry in grant.ports:
        protocol = string(entry.get("protocol")) or "TCP"
        port, last = entry.get("port"), entry.get("endPort")
        if port is None:
            yield 1, 65535, protocol
        elif type(port) is int:
            yield port, last if type(last) is int else port, protocol
