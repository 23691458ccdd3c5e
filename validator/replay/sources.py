"""The files and texts that a kustomization takes values from, read with their places."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node

from validator.finding import Source, TargetError
from validator.manifest import Document, compose, construct, decode
from validator.replay.values import Place, Value, inner, read


@dataclass(slots=True)
class Files:
    """Files as they are read, once each. `show` turns a path into the form that reports print."""

    show: Callable[[Path], str]
    problem: TargetError | None = None
    """The first thing that could not be read."""
    _texts: dict[Path, str | None] = field(default_factory=dict)
    _nodes: dict[Path, tuple[Document, list[Node]]] = field(default_factory=dict)
    _lines: dict[str, list[str]] = field(default_factory=dict)

    def text(self, path: Path) -> str | None:
        """None for a file that cannot be read, which Kustomize reports."""
        if path not in self._texts:
            shown, text = self.show(path), None
            try:
                text = decode(path.read_bytes(), shown)
            except TargetError as error:
                self.problem = self.problem or error
            except OSError as error:
                source = Source(shown, certainty="origin")
                self.problem = self.problem or TargetError(f"cannot read it: {error.strerror}", source=source)
            self._texts[path] = text
        return self._texts[path]

    def lines(self, shown: str) -> list[str]:
        """The lines of a file that was read, by the name that reports print."""
        if shown not in self._lines:
            texts = (text for path, text in self._texts.items() if self.show(path) == shown)
            self._lines[shown] = (next(texts, None) or "").splitlines()
        return self._lines[shown]

    def values(self, path: Path) -> Iterator[Value]:
        """Each document of a file, every time anew, since layers change them."""
        document, nodes = self.composed(path)
        return (read(node, document) for node in nodes)

    def documents(self, path: Path) -> list[tuple[Any, Document]]:
        """Plain values, and where each document stands."""
        document, nodes = self.composed(path)
        return [construct(node, document.text, document.file) for node in nodes]

    def patches(self, folder: Path, *, text: Value | None, path: Value | None) -> Iterator[Value]:
        """The documents of a patch, which is a file, or a text in the kustomization."""
        if path is not None:
            if type(path.content) is str:
                document, nodes = self.composed(folder / path.content)
                yield from (_patch(node, document) for node in nodes)
        elif text is not None and type(text.content) is str:
            yield from _inline(text)

    def composed(self, path: Path) -> tuple[Document, list[Node]]:
        """A file's nodes, and the document that knows their places."""
        if path not in self._nodes:
            text, shown, nodes = self.text(path) or "", self.show(path), []
            try:
                nodes = list(compose(text, shown))
            except TargetError as error:
                self.problem = self.problem or error
            self._nodes[path] = Document(shown, text, 1, 1, 0, 0), nodes
        return self._nodes[path]


def _inline(text: Value) -> Iterator[Value]:
    document = inner(text)
    try:
        nodes = list(compose(text.content, ""))
    except TargetError:
        return
    for node in nodes:
        if document is not None:
            yield _patch(node, document)
        else:
            yield _at(_patch(node, Document("", "", 1, 1, 0, 0)), text.place)


def _patch(node: Node, document: Document) -> Value:
    """Of two equal keys of a merge patch the first counts; in an operation of a JSON patch, the last."""
    return read(node, document, first_wins=isinstance(node, MappingNode))


def _at(value: Value, place: Place | Source) -> Value:
    """The value with the place of the text that holds it: where in the text, its writing does not show."""
    value.place = as_origin(place)
    children = value.content.values() if type(value.content) is dict else value.content
    for child in children if type(value.content) in (dict, list) else ():
        _at(child, place)
    return value


def as_origin(place: Place | Source) -> Source:
    return replace(place.source if isinstance(place, Place) else place, certainty="origin")


def environment(path: Path, text: str, shown: str) -> Iterator[tuple[str, Value]]:
    """The pairs of a `.env` file (api/kv): `KEY=value` a line; comments and empty lines are passed over."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if number == 1:
            line = line.removeprefix("\ufeff")
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not equals:
            continue
        column = len(line) - len(value) + 1
        place = Source(shown, number, column, number, column + len(value), "exact")
        yield key, Value(value, place)


def whole_file(text: str, shown: str) -> Value:
    """A file's content as one value."""
    lines = text.split("\n")
    return Value(text, Source(shown, 1, 1, len(lines), len(lines[-1]) + 1, "exact"))
