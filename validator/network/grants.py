"""What a NetworkPolicy allows, one entry of `from` or `to` at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from validator.cluster import NetworkPolicy, Selector
from validator.finding import Address, Path
from validator.manifest import mapping, sequence

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One peer of one rule of a policy; `peer=None` for a rule without peers, which means everybody."""

    policy: NetworkPolicy
    direction: Direction
    path: Path
    peer: dict[str, Any] | None
    ports: tuple[dict[str, Any], ...]

    @property
    def at(self) -> Address:
        return self.policy.at(*self.path)

    @property
    def pods(self) -> Selector:
        """Which pods of its namespaces it means; a peer without `podSelector` means them all."""
        return Selector.parse((self.peer or {}).get("podSelector") or {})

    def means_pods(self) -> bool:
        return self.peer is not None and "ipBlock" not in self.peer


def grants(policy: NetworkPolicy, direction: Direction) -> Iterator[Grant]:
    """What a policy allows in a direction; nothing when it does not concern that direction."""
    if direction.capitalize() not in policy.types:
        return
    key = "from" if direction == "ingress" else "to"
    for index, rule in enumerate(sequence(policy.spec.get(direction))):
        path: Path = ("spec", direction, index)
        ports = tuple(mapping(port) for port in sequence(mapping(rule).get("ports")))
        peers = sequence(mapping(rule).get(key))
        for number, peer in enumerate(peers):
            yield Grant(policy, direction, (*path, key, number), mapping(peer), ports)
        if not peers:
            yield Grant(policy, direction, path, None, ports)


def both_directions(policy: NetworkPolicy) -> Iterator[Grant]:
    yield from grants(policy, "ingress")
    yield from grants(policy, "egress")
