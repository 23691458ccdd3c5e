"""How text for people is laid out: wrapped to a width, in colour where a terminal shows it.

Lines are lists of (text, style) so that the same layout serves a terminal and a file. All wrapping is
done here, to the width given, and words longer than a line (paths) are never broken.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from validator.finding import Severity, Source

if TYPE_CHECKING:
    from rich.text import Text

Line = list[tuple[str, str]]

YAML = "yaml"
"""The style of a piece of YAML, each word of which has a colour of its own."""
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
"""A name in a manifest must not be able to move the reader's cursor."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to lay the report out. `lowest` is the least severity whose findings are listed."""

    width: int = 80
    color: bool = False
    unicode: bool = True
    verbose: bool = False
    quiet: bool = False
    lowest: Severity = Severity.WARNING


def render(lines: Iterable[Line], style: Style) -> str:
    """The lines as text, in colour if so styled."""
    clean = [[(text.translate(_CONTROLS), part) for text, part in line] for line in lines]
    return _colored(clean, style) if style.color else _plain(clean, style)


def _plain(lines: Iterable[Line], style: Style) -> str:
    text = "".join("".join(part for part, _ in line).rstrip() + "\n" for line in lines)
    return text if style.unicode else text.encode("ascii", "backslashreplace").decode()


def _colored(lines: Iterable[Line], style: Style) -> str:
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=style.width, highlight=False, markup=False, emoji=False
    )
    for line in lines:
        parts = [_highlighted(text) if part == YAML else (text, part) for text, part in line]
        console.print(Text.assemble(*parts), soft_wrap=True)
    return out.getvalue()


def _highlighted(text: str) -> "Text":
    from rich.syntax import Syntax

    found = Syntax("", YAML, theme="ansi_dark", background_color="default").highlight(text)
    found.rstrip()
    return found


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines that fit a style's width."""

    style: Style

    def wrapped(self, text: str, indent: int, style: str = "") -> Iterator[Line]:
        margin = " " * indent
        for line in textwrap.wrap(
            text, max(self.style.width - indent, 20), break_long_words=False, break_on_hyphens=False
        ) or [""]:
            yield [(margin, ""), (line, style)]

    def sided(self, left: Line, right: str, indent: int) -> Iterator[Line]:
        """A line with a place behind it, or below it where both do not fit."""
        if not right:
            yield left
        elif sum(len(text) for text, _ in left) + 2 + len(right) <= self.style.width:
            yield [*left, ("  ", ""), (right, "cyan")]
        else:
            yield left
            yield [(" " * max(indent, 2), ""), (right, "cyan")]

    def overridden(self, place: str, value: str, indent: int) -> Iterator[Line]:
        """A line about a value that did not win."""
        left: Line = [(" " * indent, ""), ("overrides ", "dim"), (place, "cyan")]
        if not value:
            yield left
            return
        width = sum(len(text) for text, _ in left)
        if width + len(value) + 3 <= self.style.width:
            yield [*left, (f" ({value})", "dim")]
        else:
            yield left
            yield [(" " * (indent + 2), ""), (self._cut(f"({value})", indent + 2), "dim")]

    def frame(self, source: Source, line: str, indent: int, *, mark: str, style: str = "") -> Iterator[Line]:
        """A line of a file with its number, and below it the span that is meant.

        Indentation is left out, and what does not fit the width, but never the start of the span.
        """
        assert source.line is not None
        assert source.column is not None
        bar = "│" if self.style.unicode else "|"
        number = f"{source.line:>4} "
        text = _printable(line, self.style.unicode).rstrip()
        start = min(source.column - 1, len(text))
        end = len(text) if source.end_line != source.line else min(source.end_column or 0, len(text) + 1) - 1
        margin = min(len(text) - len(text.lstrip()), start)
        text, start, end = text[margin:], start - margin, max(end - margin, start + 1 - margin)
        room = max(self.style.width - indent - len(number) - 2, 20)
        text, start, end = self._window(text, start, end, room)
        gap, span = _width(text[:start]), max(_width(text[start:end]), 1)
        yield [(" " * indent, ""), (f"{number}{bar} ", "dim"), (text, style)]
        yield [(" " * (indent + len(number)), ""), (f"{bar} ", "dim"), (" " * gap, ""), ("^" * span, mark)]

    def _window(self, text: str, start: int, end: int, room: int) -> tuple[str, int, int]:
        """What is shown of a long text: from its beginning, or from shortly before the span."""
        if _width(text) <= room:
            return text, start, end
        dots = "…" if self.style.unicode else "..."
        if (cut := min(start, _width(text[:end]) + 2 * len(dots) - room)) > 0:
            text = dots + text[cut:]
            start, end = start - cut + len(dots), end - cut + len(dots)
        if _width(text) > room:
            kept = text
            while _width(kept) + len(dots) > room:
                kept = kept[:-1]
            text, end = kept + dots, min(end, len(kept))
        return text, start, end

    def _cut(self, text: str, indent: int) -> str:
        return textwrap.shorten(text, max(self.style.width - indent, 20), placeholder="…)")


def _printable(line: str, unicode: bool) -> str:
    """The line with one character for each that it has, so that the marks below it are in their places."""
    clean = "".join(" " if letter == "\t" else "?" if ord(letter) in _CONTROLS else letter for letter in line)
    return clean if unicode else clean.encode("ascii", "replace").decode()


def _width(text: str) -> int:
    """The columns that a text takes; East Asian letters take two, and combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)
