"""Values with the places where they were written, as the layers of an overlay change them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from validator.finding import Path, Source
from validator.manifest import Document, scalar
from validator.replay.quoted import block, characters


@dataclass(frozen=True, slots=True)
class Quoted(Document):
    """A document written as a text in quotes, where escapes and folded lines shift what follows."""

    places: tuple[tuple[int, int], ...] = ()
    """Line and column of each character, and of the end."""

    def span(self, node: Node) -> Source:
        first = self.places[node.start_mark.index]
        last = self.places[node.end_mark.index] if isinstance(node, ScalarNode) else first
        return Source(self.file, *first, *last, "exact")


class Place(NamedTuple):
    """A node of a document; `within` are the first and last character of its text that are meant."""

    document: Document
    node: Node
    within: tuple[int, int] | None = None

    @property
    def source(self) -> Source:
        """Exact, unless it is a part of a text whose writing does not show where its parts are."""
        whole = self.document.span(self.node)
        if self.within is None:
            return self._bare(whole)
        offsets = _offsets(self.document, self.node)
        if offsets is None or self.within[1] >= len(offsets):
            return replace(whole, certainty="origin")
        first, last = (_position(self.document, offsets[index]) for index in self.within)
        return Source(whole.file, *first, *last, "exact")

    def _bare(self, whole: Source) -> Source:
        """A scalar without its anchor and tag, which others may need."""
        node = self.node
        if not isinstance(node, ScalarNode) or self.document.text[node.start_mark.index] not in "&!":
            return whole
        line, column = _position(self.document, _start(self.document, node))
        return replace(whole, line=line, column=column)


_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


def _start(document: Document, node: Node) -> int:
    """Where the writing of a scalar begins in its document, after anchor and tag."""
    found = _PROPERTIES.match(document.text, node.start_mark.index)
    assert found is not None
    return found.end()


def _position(document: Document, index: int) -> tuple[int, int]:
    """Line and column of a character of a document's text."""
    if isinstance(document, Quoted):
        return document.places[index]
    text = document.text
    line = document.line + text.count("\n", 0, index)
    return line, index - text.rfind("\n", 0, index) + document.indent


def _offsets(document: Document, node: Node) -> list[int] | None:
    """Where each character of a scalar's text stands in its document; None where a block folds lines."""
    assert isinstance(node, ScalarNode)
    start = _start(document, node)
    written = document.text[start : node.end_mark.index]
    text, offsets = (block if node.style in ("|", ">") else characters)(written)
    if node.style in ("|", ">"):
        text, offsets = text[: len(node.value)], offsets[: len(node.value) + 1]
    return [start + each for each in offsets] if text == node.value else None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a composed value."""

    text: str
    place: "Place | Source"


@dataclass(frozen=True, slots=True)
class Override:
    """A value that did not win."""

    value: Any
    place: "Place | Source"


@dataclass(slots=True, eq=False)
class Value:
    """A mapping or list of values, or a scalar.

    `place` is where it was written: of a scalar its text, of a collection its key or first character.
    """

    content: Any
    place: Place | Source
    parts: tuple[Part, ...] = ()
    overrides: tuple[Override, ...] = ()

    def get(self, *path: str | int) -> "Value | None":
        found = self
        for key in path:
            content = found.content
            if not (
                key in content
                if type(content) is dict
                else type(content) is list and type(key) is int and 0 <= key < len(content)
            ):
                return None
            found = content[key]
        return found

    def scalar(self, *path: str | int) -> Any:
        """The scalar at a path; None where there is none."""
        found = self.get(*path)
        return None if found is None or type(found.content) in (dict, list) else found.content

    def string(self, *path: str | int) -> str:
        found = self.scalar(*path)
        return found if type(found) is str else ""

    def items(self, *path: str | int) -> list["Value"]:
        found = self.get(*path)
        return found.content if found is not None and type(found.content) is list else []

    def fields(self, *path: str | int) -> dict[str, "Value"]:
        found = self.get(*path)
        return found.content if found is not None and type(found.content) is dict else {}

    def plain(self) -> Any:
        """The value without places."""
        if type(self.content) is dict:
            return {key: child.plain() for key, child in self.content.items()}
        if type(self.content) is list:
            return [child.plain() for child in self.content]
        return self.content

    def copy(self) -> "Value":
        content: Any = self.content
        if type(content) is dict:
            content = {key: child.copy() for key, child in content.items()}
        elif type(content) is list:
            content = [child.copy() for child in content]
        return Value(content, self.place, self.parts, self.overrides)

    def over(self, older: "Value | None") -> "Value":
        """This value in place of an older one, which it remembers."""
        if older is not None and older is not self:
            was = older.plain() if type(older.content) in (dict, list) else older.content
            self.overrides = (Override(was, older.place), *older.overrides)
        return self

    def become(self, newer: "Value") -> "Value":
        """Take a newer value in place, wherever else this one stands."""
        newer.over(self)
        self.content, self.place, self.parts = newer.content, newer.place, newer.parts
        self.overrides = newer.overrides
        return self

    def set(self, content: Any, place: Place | Source, parts: tuple[Part, ...] = ()) -> None:
        """Change a scalar where it is."""
        self.overrides = (Override(self.content, self.place), *self.overrides)
        self.content, self.place, self.parts = content, place, parts

    def leaves(self, path: Path = ()) -> Iterator[tuple[Path, "Value"]]:
        if type(self.content) is dict:
            for key, child in self.content.items():
                yield from child.leaves((*path, key))
        elif type(self.content) is list:
            for index, child in enumerate(self.content):
                yield from child.leaves((*path, index))
        else:
            yield path, self


def clip(value: Value, first: int, last: int) -> tuple[Part, ...]:
    """What a stretch of a text is composed of."""
    text: str = value.content
    if not value.parts:
        return (Part(text[first:last], _clipped(value.place, first, last)),)
    found, end = [], 0
    for part in value.parts:
        start = text.find(part.text, end)
        if start < 0:
            return (Part(text[first:last], _clipped(value.place, -1, -1)),)
        end = start + len(part.text)
        begin, stop = max(first, start), min(last, end)
        if begin < stop:
            whole = (begin, stop) == (start, end)
            place = part.place if whole else _clipped(part.place, begin - start, stop - start)
            found.append(Part(text[begin:stop], place))
    return tuple(found)


def _clipped(place: Place | Source, first: int, last: int) -> Place | Source:
    """A stretch of what stands at a place; of a file's text only where it is one line."""
    if isinstance(place, Place):
        if first < 0:
            return replace(place.source, certainty="origin")
        before = place.within[0] if place.within else 0
        return place._replace(within=(before + first, before + last))
    if first < 0 or place.line != place.end_line or place.column is None:
        return replace(place, certainty="origin")
    return replace(place, column=place.column + first, end_column=place.column + last)


def read(node: Node, document: Document, *, first_wins: bool = False) -> Value:
    """The values below a document's node. Of two equal keys the last counts, or the first."""
    return _read(node, document, None, first_wins)


def _read(node: Node, document: Document, key: Node | None, first_wins: bool) -> Value:
    if isinstance(node, ScalarNode):
        return Value(scalar(node), Place(document, node))
    place = Place(document, key or node)
    if isinstance(node, SequenceNode):
        return Value([_read(item, document, None, first_wins) for item in node.value], place)
    assert isinstance(node, MappingNode)
    fields: dict[str, Value] = {}
    merged: list[Value] = []
    for key_node, value_node in node.value:
        name = str(key_node.value)
        child = _read(value_node, document, key_node, first_wins)
        if name == "<<" and not key_node.style:
            merged += child.content if type(child.content) is list else [child]
        elif not (first_wins and name in fields):
            fields[name] = child
    for source in merged:
        if type(source.content) is dict:
            for name, child in source.content.items():
                fields.setdefault(name, child)
    return Value(fields, place)


def inner(value: Value) -> Document | None:
    """The document that a text holds, such as an inline patch.

    None where its writing does not show the places in it: a folded block.
    """
    place = value.place
    if not isinstance(place, Place) or type(value.content) is not str:
        return None
    node, document = place.node, place.document
    assert isinstance(node, ScalarNode)
    whole = document.span(node)
    assert whole.line is not None
    assert whole.column is not None
    if node.style == "|":
        lines = document.text.split("\n")
        first = node.start_mark.line + 1
        written = next((line for line in lines[first:] if line.strip()), "")
        indent = len(written) - len(written.lstrip(" "))
        return Document(document.file, value.content, whole.line + 1, 1, 0, 0, (), document.indent + indent)
    offsets = _offsets(document, node)
    if offsets is None:
        return None
    places = tuple(_position(document, each) for each in offsets)
    return Quoted(document.file, value.content, whole.line, 1, 0, 0, places=places)
