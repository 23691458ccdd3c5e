"""Objects on their way through the layers, and the ways in which a layer names them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from validator.finding import Source
from validator.replay.merge import is_cluster_scoped
from validator.replay.values import Place, Value


class Identity(NamedTuple):
    """What Kustomize knows an object by."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str

    def equals(self, other: "Identity") -> bool:
        """An object without a namespace stands in `default`."""
        mine, its = self.namespace or "default", other.namespace or "default"
        return self[:4] == other[:4] and mine == its


@dataclass(slots=True, eq=False)
class Replayed:
    """An object, where it began, and under which names it was known before."""

    value: Value
    origin: Source
    earlier: list[Identity] = field(default_factory=list)
    hashed: bool = False
    unclear: bool = False
    """Whether something was done to it that is not replayed."""

    @property
    def current(self) -> Identity:
        group, _, version = self.value.string("apiVersion").rpartition("/")
        return Identity(group, version, self.value.string("kind"), self.name, self.namespace)

    @property
    def first(self) -> Identity:
        return self.earlier[0] if self.earlier else self.current

    @property
    def identities(self) -> list[Identity]:
        return [*self.earlier, self.current]

    @property
    def name(self) -> str:
        return self.value.string("metadata", "name")

    @property
    def namespace(self) -> str:
        return self.value.string("metadata", "namespace")

    @property
    def cluster_scoped(self) -> bool:
        return is_cluster_scoped(self.value.string("apiVersion"), self.value.string("kind"))

    def remember(self) -> None:
        """Keep today's identity, which patches of outer layers may still use."""
        if not self.earlier or self.earlier[-1] != self.current:
            self.earlier.append(self.current)

    def metadata(self) -> Value:
        """The metadata, made if there is none."""
        found = self.value.get("metadata")
        if found is None or type(found.content) is not dict:
            found = self.value.content["metadata"] = Value({}, self.value.place)
        return found


def by_identity(objects: Iterable[Replayed], wanted: Identity) -> Replayed | None:
    """The object that a patch without a target means, by any of its names; None unless there is just one."""
    found = [each for each in objects if any(known.equals(wanted) for known in each.identities)]
    return found[0] if len(found) == 1 else None


def selected(objects: Iterable[Replayed], target: Value) -> list[Replayed]:
    """What a `target:` selects: patterns for the whole of each word, by the first and the last name."""
    return [each for each in objects if _matches(each, target)]


def _matches(each: Replayed, target: Value) -> bool:
    first, current = each.first, each.current
    if not any(_fits(target, "namespace", known.namespace or "default") for known in (first, current)):
        return False
    if not any(_fits(target, "name", known.name) for known in (first, current)):
        return False
    if not all(_fits(target, field, getattr(current, field)) for field in ("group", "version", "kind")):
        return False
    return all(
        satisfies(target.string(f"{what}Selector"), each.value.fields("metadata", f"{what}s"))
        for what in ("label", "annotation")
    )


def _fits(target: Value, field: str, word: str) -> bool:
    pattern = target.string(field)
    if not pattern:
        return True
    try:
        return re.fullmatch(pattern, word) is not None
    except re.error:
        return False


_REQUIREMENT = re.compile(
    r"\s*(!?)\s*([^\s!=,()]+)\s*(?:(==|=|!=)\s*([^\s,()]*)|(in|notin)\s*\(([^)]*)\))?\s*(?:,|$)"
)


def satisfies(selector: str, given: dict[str, Value]) -> bool:
    """A label selector in words: `app=api,tier!=web,env in (a, b),!old`."""
    position = 0
    while position < len(selector):
        match = _REQUIREMENT.match(selector, position)
        if match is None:
            return False
        absent, key, operator, word, of, words = match.groups()
        value: Any = given[key].content if key in given else None
        listed = [each.strip() for each in (words or "").split(",")]
        if absent:
            fits = value is None
        elif operator:
            fits = (value == word) != (operator == "!=")
        elif of:
            fits = (value in listed) != (of == "notin")
        else:
            fits = value is not None
        if not fits:
            return False
        position = match.end()
    return True


def place_of(value: Value | None, otherwise: Place | Source) -> Place | Source:
    return otherwise if value is None else value.place
