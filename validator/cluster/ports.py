"""Lists of ports in which two entries must not mean the same: containers' of a pod, and a Service's."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from validator.cluster.view import View
from validator.cluster.workload import POD_TEMPLATES
from validator.finding import Address, Path
from validator.manifest import dig, mapping, sequence, string


class PortEntry(NamedTuple):
    """A port with the scope within which names are unique: a container, or the Service."""

    at: Address
    scope: str
    name: str | None
    number: Any
    protocol: str


class PortHolder(View):
    kinds = (("", "Service"), *POD_TEMPLATES)

    def ports(self) -> Iterator[PortEntry]:
        """Init containers run before the others, so only sidecars share the pod's network with them."""
        if (self.resource.group, self.kind) == ("", "Service"):
            yield from self._entries(self.spec.get("ports"), ("spec", "ports"), "port", "")
            return
        path: Path = (*POD_TEMPLATES[self.resource.group, self.kind], "spec")
        for field in ("initContainers", "containers"):
            for index, container in enumerate(sequence(self.get(*path, field))):
                if field == "initContainers" and dig(container, "restartPolicy") != "Always":
                    continue
                scope = string(dig(container, "name")) or f"#{index}"
                at = (*path, field, index, "ports")
                yield from self._entries(dig(container, "ports"), at, "containerPort", scope)

    def _entries(self, ports: Any, at: Path, field: str, scope: str) -> Iterator[PortEntry]:
        for index, port in enumerate(map(mapping, sequence(ports))):
            address = Address(self.resource.ref, (*at, index), scope or None)
            protocol = string(port.get("protocol")) or "TCP"
            yield PortEntry(address, scope, string(port.get("name")), port.get(field), protocol)
