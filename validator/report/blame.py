"""Which lines set which fields, for people and for programs."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from validator.blame import Blamed, Written
from validator.finding import ObjectRef, show_path
from validator.manifest import plain_scalar
from validator.quote import short, spoken_of
from validator.report.json import object_of, source
from validator.report.layout import YAML, Layout, Line, Style, render

_INDENT = 4
_LEAST = 24
"""Letters of a value that are shown in any case."""


def as_json(fields: Iterable[Blamed]) -> str:
    """One JSON document, keys in a fixed order."""
    document = {"version": 1, "fields": [_field(each) for each in fields]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _field(blamed: Blamed) -> dict[str, Any]:
    return {
        "object": object_of(blamed.object),
        "path": list(blamed.path),
        "value": blamed.won.value,
        "source": source(blamed.won.source),
        "parts": [{"text": part.value, "source": source(part.source)} for part in blamed.parts],
        "overrides": [{"value": each.value, "source": source(each.source)} for each in blamed.overrides],
    }


def as_text(fields: Iterable[Blamed], style: Style) -> str:
    """Object by object, field by field."""
    return render(_lines(fields, Layout(style)), style)


def _lines(fields: Iterable[Blamed], layout: Layout) -> Iterator[Line]:
    shown: ObjectRef | None = None
    for blamed in fields:
        if blamed.object != shown:
            if shown is not None:
                yield []
            shown = blamed.object
            namespace = f"  namespace {shown.namespace}" if shown.namespace else ""
            yield [(str(shown), "bold"), (namespace, "dim")]
        yield from _one(blamed, layout)


def _one(blamed: Blamed, layout: Layout) -> Iterator[Line]:
    yield []
    path = show_path(blamed.path)
    room = max(layout.style.width - len(path) - 4, _LEAST)
    yield [("  ", ""), (path, "bold"), (": ", ""), (_in_short(blamed.won.value, room), "green")]
    parts = [part for part in blamed.parts if part.value]
    if len(parts) > 1:
        for part in parts:
            yield from _place(part, layout, f"{_in_short(part.value, layout.style.width // 2)}  ")
    else:
        yield from _place(blamed.won, layout, "")
    for each in blamed.overrides:
        yield from layout.overridden(str(each.source), short(each.value), _INDENT)
        yield from _frame(each, layout, "dim")


def _place(written: Written, layout: Layout, before: str) -> Iterator[Line]:
    place = str(written.source) or "set by Kustomize, or at a place that is not known"
    about = "  the object begins here" if written.source.certainty == "origin" else ""
    yield [(" " * _INDENT, ""), (before, "green"), (place, "cyan"), (about, "dim")]
    yield from _frame(written, layout, "bold green")


def _frame(written: Written, layout: Layout, mark: str) -> Iterator[Line]:
    if written.line is not None:
        yield from layout.frame(written.source, written.line, _INDENT, mark=mark, style=YAML)


def _in_short(value: Any, room: int) -> str:
    """A value on one line, texts that look like something else in quotes; a longer text by its beginning."""
    text = spoken_of(value)
    first, *more = text.split("\n")
    if any(more):
        count = f" … ({len(text.splitlines())} lines)"
        return first[: max(room - len(count), _LEAST)] + count
    if type(value) is str and (value != value.strip() or plain_scalar(value) != value):
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= room else text[: room - 2] + " …"
