"""Probes with the server's defaults, and the endpoint that each one asks.

Defaults: SetDefaults_Probe and SetDefaults_HTTPGetAction of pkg/apis/core/v1/defaults.go.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from validator.cluster.workload import Container
from validator.finding import Address
from validator.manifest import mapping, sequence

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")
_HOOKS = ("postStart", "preStop")


class Probe(NamedTuple):
    """One probe of a container; `handler` is the way it asks, None when it says none."""

    container: Container
    name: str
    value: dict[str, Any]
    handler: str | None

    def at(self, *path: str | int) -> Address:
        return self.container.at(self.name, *path)

    def seconds(self, field: str, default: int) -> int:
        """A number of it; the server replaces 0 and null by the default."""
        value = self.value.get(field)
        return value if type(value) is int and value > 0 else default

    @property
    def short(self) -> str:
        return self.name.removesuffix("Probe")

    @property
    def delay(self) -> int:
        return self.seconds("initialDelaySeconds", 0)

    @property
    def period(self) -> int:
        return self.seconds("periodSeconds", 10)

    @property
    def threshold(self) -> int:
        return self.seconds("failureThreshold", 3)

    @property
    def action(self) -> dict[str, Any]:
        return mapping(self.value.get(self.handler)) if self.handler else {}

    @property
    def endpoint(self) -> tuple[Any, ...]:
        """What it asks, comparable with other probes of the container: names of ports resolved."""
        action = self.action
        if self.handler == "exec":
            return ("exec", *(str(word) for word in sequence(action.get("command"))))
        declared = self.container.port(action.get("port"))
        port = str(declared.number if declared else action.get("port"))
        if self.handler == "httpGet":
            path = str(action.get("path") or "/")
            scheme = str(action.get("scheme") or "HTTP")
            return ("httpGet", scheme, action.get("host"), port, path if path[:1] == "/" else f"/{path}")
        if self.handler == "grpc":
            return ("grpc", port, action.get("service") or "")
        return ("tcpSocket", action.get("host"), port)

    @property
    def asks(self) -> str:
        """The endpoint in words."""
        match self.endpoint:
            case ("exec", *words):
                return f"`{' '.join(words)}`"
            case ("httpGet", scheme, host, port, path):
                return f"{scheme} {host or ''}:{port}{path}"
            case ("grpc", port, service):
                return f"grpc :{port} {service}".rstrip()
            case (_, host, port):
                return f"tcp {host or ''}:{port}"
        return "nothing"


def probe(container: Container, name: str) -> Probe | None:
    """A probe by its name; None when it is absent or null."""
    value = container.probe(name)
    if value is None:
        return None
    handler = next((h for h in _HANDLERS if type(value.get(h)) is dict), None)
    return Probe(container, name, value, handler)


def probes(container: Container) -> Iterator[Probe]:
    for name in PROBES:
        if (found := probe(container, name)) is not None:
            yield found


class Asked(NamedTuple):
    """A port that the kubelet will ask in the container: by whom, the value, where it stands."""

    by: str
    port: Any
    at: Address


def asked_ports(container: Container) -> Iterator[Asked]:
    """The ports of probes and lifecycle hooks. Another `host` is somebody else's port."""
    for found in probes(container):
        if found.handler in ("httpGet", "tcpSocket", "grpc") and not found.action.get("host"):
            yield Asked(found.short + " probe", found.action.get("port"), found.at(found.handler, "port"))
    lifecycle = mapping(container.value.get("lifecycle"))
    for hook in _HOOKS:
        for handler in ("httpGet", "tcpSocket"):
            action = mapping(mapping(lifecycle.get(hook)).get(handler))
            if action and not action.get("host"):
                at = container.at("lifecycle", hook, handler, "port")
                yield Asked(f"{hook} hook", action.get("port"), at)


def asks_ports(container: Container) -> bool:
    return next(asked_ports(container), None) is not None
