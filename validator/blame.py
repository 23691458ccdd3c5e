"""Field by field: its value, the place that set it, and what was overridden on the way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from validator.finding import Address, ObjectRef, Path, Source
from validator.manifest import Resource, dig
from validator.quote import Quotes, is_hidden, leaves
from validator.replay.origins import Located, source_of
from validator.replay.sources import as_origin
from validator.replay.values import Override
from validator.source import Sources

HIDDEN = "(hidden)"
"""Stands for each value of a Secret."""


@dataclass(frozen=True, slots=True)
class Written:
    """A value, or a piece of one, where it was written. `line` is the text there, if it may be shown."""

    value: Any
    source: Source
    line: str | None


@dataclass(frozen=True, slots=True)
class Blamed:
    """A field of the render: what won, what that is composed of, and what it overrides, the latest first."""

    object: ObjectRef
    path: Path
    won: Written
    parts: tuple[Written, ...] = ()
    overrides: tuple[Written, ...] = ()


@dataclass
class Blame:
    """The fields of a target's objects with their places."""

    sources: Sources
    quotes: Quotes = field(init=False)

    def __post_init__(self) -> None:
        self.quotes = Quotes(self.sources)

    def below(self, resource: Resource, path: Path = ()) -> Iterator[Blamed]:
        """Every field without fields of its own at or below a path."""
        replaced: dict[Path, tuple[Override, ...]] = {}
        for at, value in leaves(dig(resource.value, *path), path):
            yield self._one(resource, at, value, replaced)

    def _one(
        self, resource: Resource, path: Path, value: Any, replaced: dict[Path, tuple[Override, ...]]
    ) -> Blamed:
        located = self.sources.trace(Address(resource.ref, path))
        hidden = is_hidden(resource, path)

        def written(value: Any, source: Source) -> Written:
            return Written(HIDDEN if hidden else value, source, self.quotes.line(source, resource))

        overridden = (*located.overrides, *self._with_parents(resource, path, replaced))
        return Blamed(
            resource.ref,
            path,
            written(value, located.source),
            tuple(written(part.text, source_of(part.place)) for part in located.parts),
            tuple(written(each.value, source_of(each.place)) for each in overridden),
        )

    def _with_parents(
        self, resource: Resource, path: Path, replaced: dict[Path, tuple[Override, ...]]
    ) -> Iterator[Override]:
        """What stood at a field in a list or mapping that was replaced as a whole."""
        if self.sources.tree is None:
            return
        for length in range(len(path) - 1, 0, -1):
            parent, rest = path[:length], path[length:]
            if parent not in replaced:
                located: Located = self.sources.trace(Address(resource.ref, parent))
                replaced[parent] = located.overrides
            for each in replaced[parent]:
                value = dig(each.value, *rest)
                if value is not None and type(value) not in (dict, list):
                    yield Override(value, as_origin(each.place))
