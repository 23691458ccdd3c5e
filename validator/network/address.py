"""Address ranges as an `ipBlock` means them."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from validator.manifest import sequence


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def within(cidr: str, block: dict[str, Any]) -> bool:
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


def holds_any(block: dict[str, Any], ranges: Iterable[str]) -> bool:
    """Whether an ipBlock reaches into one of some address ranges."""
    own = _network(str(block.get("cidr")))
    return any(within(each, block) or (own is not None and _inside(own, each)) for each in ranges)


def _inside(inner: IPv4Network | IPv6Network, text: str) -> bool:
    outer = _network(text)
    return outer is not None and inner.version == outer.version and _subnet(inner, outer)


def _subnet(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False
