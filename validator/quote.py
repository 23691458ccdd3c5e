"""The lines of the sources that a report may show: never one that holds a value of a Secret."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from validator.finding import Address, Finding, Path, Quote, Source
from validator.manifest import Document, Resource
from validator.replay.origins import Located, source_of
from validator.source import Sources

_SHOWN_OF_A_SECRET = ("apiVersion", "kind", "metadata", "type", "immutable")
_COPY = "kubectl.kubernetes.io/last-applied-configuration"
_LONGEST = 40


def is_secret(resource: Resource) -> bool:
    return resource.kind == "Secret" and not resource.group


def is_hidden(resource: Resource, path: Path) -> bool:
    """Whether a field is a value of a Secret, or holds one."""
    return is_secret(resource) and (path[:1] not in {(key,) for key in _SHOWN_OF_A_SECRET} or _COPY in path)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar below a value, and every empty mapping and list."""
    if value and type(value) is dict:
        for key, child in value.items():
            yield from leaves(child, (*path, key))
    elif value and type(value) is list:
        for index, child in enumerate(value):
            yield from leaves(child, (*path, index))
    else:
        yield path, value


@dataclass
class Quotes:
    """The text of the files that a target's objects come from."""

    sources: Sources
    _last: tuple[Document, list[str]] | None = field(default=None, init=False)

    def line(self, source: Source, resource: Resource) -> str | None:
        """The first line of an exact place; None where it is not known or not to be shown."""
        if is_secret(resource):
            return None
        if source.certainty != "exact" or None in (source.file, source.line, source.column):
            return None
        assert source.file is not None
        assert source.line is not None
        if (source.file, source.line) in self._hidden:
            return None
        if self.sources.tree is not None:
            lines, first = self.sources.tree.files.lines(source.file), 1
        else:
            lines, first = self._lines_of(resource.document), resource.document.line
        index = source.line - first
        return lines[index] if 0 <= index < len(lines) else None

    def add(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings with their lines, and with the values that were overridden."""
        found = list(findings)
        # What these rules find is a secret in a place that is no Secret.
        for finding in found:
            if finding.rule.startswith("secrets."):
                self._hidden.update(_lines(finding.source))
        return tuple(self._quoted(finding) for finding in found)

    def _quoted(self, finding: Finding) -> Finding:
        ref = finding.address.object
        # A finding about the object as a whole would quote its first line, which says nothing.
        if ref is None or not finding.address.path:
            return finding
        resource = self.sources.resources[ref.index]
        line = self.line(finding.source, resource)
        if line is None:
            return finding
        located = self.sources.trace(finding.address) if finding.overrides else Located(finding.source)
        values = tuple(short(each.value) for each in located.overrides)
        return replace(finding, quote=Quote(line, values))

    def _lines_of(self, document: Document) -> list[str]:
        if self._last is None or self._last[0] is not document:
            self._last = document, document.text.splitlines()
        return self._last[1]

    @cached_property
    def _hidden(self) -> set[tuple[str, int]]:
        """Files and lines with values of Secrets."""
        hidden: set[tuple[str, int]] = set()
        if self.sources.tree is not None:
            for candidate in self.sources.tree.candidates:
                if candidate.kind == "Secret":
                    hidden.update(_lines(candidate.source))
        for resource in filter(is_secret, self.sources.resources):
            if self.sources.tree is None and not resource.base:
                hidden.update(_lines(resource.document.source))
                continue
            for path, _ in leaves(resource.value):
                if is_hidden(resource, path):
                    for source in _places(self.sources.trace(Address(resource.ref, path))):
                        hidden.update(_lines(source))
        return hidden


def _places(located: Located) -> Iterator[Source]:
    yield located.source
    for place in (*(p.place for p in located.parts), *(o.place for o in located.overrides)):
        yield source_of(place)


def _lines(source: Source) -> Iterator[tuple[str, int]]:
    if source.file is not None and source.line is not None:
        for line in range(source.line, (source.end_line or source.line) + 1):
            yield source.file, line


def short(value: Any) -> str:
    """A scalar in one short line; nothing for a mapping or list."""
    if type(value) in (dict, list):
        return ""
    text = " ".join(spoken_of(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def spoken_of(value: Any) -> str:
    """As YAML writes it in a flow: null, true, a number, a text, {} or []."""
    if value is None:
        return "null"
    return str(value).lower() if type(value) is bool else str(value)
