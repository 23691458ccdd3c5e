"""How text for people is laid out: wrapped to a width, in colour where a terminal shows it.

Lines are lists of (text, style) so that the same layout serves a terminal and a file. All wrapping is
done here, to the width given, and words longer than a line (paths) are never broken.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from validator.finding import Severity

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
