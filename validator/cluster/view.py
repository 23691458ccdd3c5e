"""What every typed view of an object shares: its identity, safe field access, addresses."""

from typing import TYPE_CHECKING, Any, ClassVar

from validator.finding import Address
from validator.manifest import Resource, mapping, spoken

if TYPE_CHECKING:
    from validator.cluster.index import Cluster


class View:
    """A Kubernetes object seen as one kind.

    A subclass says in `kinds` which (group, kind) pairs it stands for; `Cluster.of` makes the views,
    so a new one needs no registration.
    """

    kinds: ClassVar[tuple[tuple[str, str], ...]] = ()

    @classmethod
    def takes(cls, resource: Resource) -> bool:
        """Whether an object of its kinds is one."""
        return True

    def __init__(self, resource: Resource, cluster: "Cluster") -> None:
        self.resource = resource
        self.cluster = cluster
        self.kind = resource.kind
        self.name = resource.name
        self.namespace = resource.namespace
        self.spec: dict[str, Any] = mapping(resource.value.get("spec"))

    def at(self, *path: str | int) -> Address:
        """The address of a field of this object."""
        return Address(self.resource.ref, path)

    def get(self, *path: str | int) -> Any:
        return self.resource.get(*path)

    @property
    def labels(self) -> dict[str, str]:
        return strings(self.get("metadata", "labels"))

    @property
    def annotations(self) -> dict[str, str]:
        return strings(self.get("metadata", "annotations"))

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    def __repr__(self) -> str:
        return f"<{self.kind} {self.namespace}/{self.name}>"


def strings(value: Any) -> dict[str, str]:
    """A map of strings; other values are spoken as strings, since the server would refuse them."""
    return {k: spoken(v) for k, v in mapping(value).items()}
