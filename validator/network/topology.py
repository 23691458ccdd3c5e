"""The declared flows: who may talk to whom, on which port.

    externals:
      ingress-controller: {namespace: nginx-ingress}            # pods of another namespace
      solver: {pods: {acme.cert-manager.io/http01-solver: "true"}}   # others' pods in our namespace
      internet: {cidr: 0.0.0.0/0}
    flows:
      - {from: api-service, to: [timescaledb, redis], port: [5432, 6379], protocol: TCP}

`from` and `to` name workloads by their `app.kubernetes.io/name` label, or externals.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validator.config import nearest
from validator.finding import Source, TargetError
from validator.manifest import Document, decode, mapping, parse, sequence
from validator.network.address import within


@dataclass(frozen=True, slots=True)
class External:
    """Something that talks to us and is not in the render: pods elsewhere, or an address range."""

    name: str
    namespace: str | None = None
    pods: dict[str, str] = field(default_factory=dict)
    cidr: str | None = None

    def covers(self, other: "External") -> bool:
        """Whether it holds all of another external, itself included."""
        if self.cidr is not None or other.cidr is not None:
            return (
                self.cidr is not None and other.cidr is not None and within(other.cidr, {"cidr": self.cidr})
            )
        return self.namespace == other.namespace and self.pods.items() <= other.pods.items()


@dataclass(frozen=True, slots=True)
class Flow:
    """One declared connection, and the line that declares it."""

    origin: str
    destination: str
    port: int
    protocol: str
    source: Source

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination} {self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Topology:
    file: str
    externals: dict[str, External]
    flows: tuple[Flow, ...]


def load_topology(file: Path, shown: str) -> Topology:
    """Read a topology file. Raises TargetError with the line of what is wrong in it."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise TargetError(
            f"cannot read the topology: {error.strerror}",
            hint="correct `topology` in qt-validate.toml, or remove it",
            source=Source(shown, certainty="origin"),
        ) from None
    return read_topology(decode(data, shown), shown)


def read_topology(text: str, file: str) -> Topology:
    """A topology from YAML text; `file` is how messages name it."""
    documents = parse(text, file)
    if len(documents) != 1 or type(documents[0][0]) is not dict:
        raise TargetError("a topology is one mapping with `externals` and `flows`", source=Source(file, 1, 1))
    value, document = documents[0]
    for key in value:
        if key not in ("externals", "flows"):
            raise _wrong(document, (key,), f"unknown key `{key}`{nearest(key, ('externals', 'flows'))}")
    externals = {
        name: _external(document, name, entry) for name, entry in mapping(value.get("externals")).items()
    }
    flows: list[Flow] = []
    for index, entry in enumerate(sequence(value.get("flows"))):
        flows += _flows(document, index, entry)
    return Topology(file, externals, tuple(flows))


def _external(document: Document, name: str, entry: Any) -> External:
    known = ("namespace", "pods", "cidr")
    for key in mapping(entry):
        if key not in known:
            raise _wrong(document, ("externals", name, key), f"unknown key `{key}`{nearest(key, known)}")
    if not mapping(entry):
        raise _wrong(document, ("externals", name), f"`{name}` needs a namespace, pods or a cidr")
    pods = {str(k): str(v) for k, v in mapping(entry.get("pods")).items()}
    return External(name, entry.get("namespace"), pods, entry.get("cidr"))


def _flows(document: Document, index: int, entry: Any) -> list[Flow]:
    known = ("from", "to", "port", "protocol")
    for key in mapping(entry):
        if key not in known:
            raise _wrong(document, ("flows", index, key), f"unknown key `{key}`{nearest(key, known)}")
    origins, destinations, ports = (_listed(mapping(entry).get(key)) for key in ("from", "to", "port"))
    protocol = mapping(entry).get("protocol", "TCP")
    if not (origins and destinations and ports) or protocol not in ("TCP", "UDP", "SCTP"):
        raise _wrong(
            document, ("flows", index), "a flow needs `from`, `to` and `port`, and protocol TCP, UDP or SCTP"
        )
    if not all(type(port) is int and 0 < port < 65536 for port in ports):
        raise _wrong(document, ("flows", index, "port"), "`port` must be a number from 1 to 65535")
    source = document.locate(("flows", index))
    return [
        Flow(str(origin), str(destination), port, protocol, source)
        for origin in origins
        for destination in destinations
        for port in ports
    ]


def _listed(value: Any) -> list[Any]:
    return value if type(value) is list else [] if value is None else [value]


def _wrong(document: Document, path: tuple[str | int, ...], message: str) -> TargetError:
    return TargetError(message, source=document.locate(path))
