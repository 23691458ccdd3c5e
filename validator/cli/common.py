"""What the commands share: the configuration, what they print and where."""

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from validator.config import Settings, find, load
from validator.finding import Unjudged

if TYPE_CHECKING:
    from validator.input import Progress
    from validator.report.layout import Style
    from validator.target import Target

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
CONFIG_HELP = "Default: the nearest qt-validate.toml at or above here."


def settings(config: str | None, arguments: tuple[str, ...]) -> Settings:
    """The configuration named, or the nearest at or above the working directory, else the arguments."""
    if config is not None:
        return load(Path(config))
    file = find(Path.cwd())
    for argument in arguments:
        if file is None and os.path.exists(argument):
            file = find(Path(argument).resolve())
    return load(_short(file)) if file else Settings()


def _short(file: Path) -> Path:
    """Relative to the working directory, so that messages stay short."""
    return Path(os.path.relpath(file))


@contextlib.contextmanager
def progress() -> Iterator["Progress | None"]:
    """A line on standard error while Kustomize is slow, on a terminal only, and gone afterwards."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = False

    def tick(target: "Target", waited: float) -> None:
        nonlocal shown
        shown = True
        sys.stderr.write(f"\r\x1b[Kbuilding {target.shown} … {waited:.0f} s")
        sys.stderr.flush()

    try:
        yield tick
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def style(to_stdout: bool = True) -> "Style":
    """What standard output can show, or a file."""
    import shutil

    from validator.report.layout import Style

    terminal = to_stdout and sys.stdout.isatty()
    encoding = (sys.stdout.encoding if to_stdout else "utf-8") or "ascii"
    return Style(
        width=max(min(shutil.get_terminal_size((80, 24)).columns, 110), 40) if terminal else 80,
        color=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        unicode=encoding.lower().replace("-", "").startswith("utf"),
    )


def write(text: str, output: str | None = None) -> bool:
    """Print a text, or write it to a file; a file that cannot be written loses nothing."""
    if output is not None:
        try:
            Path(output).write_text(_encodable(text, "utf-8"), encoding="utf-8")
            return True
        except OSError as error:
            complain(
                Unjudged(f"cannot write {output}: {error.strerror}", "the report follows on standard output")
            )
    try:
        _print(sys.stdout, text)
    except BrokenPipeError:
        # The reader has left (`| head`); Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain(Unjudged(f"cannot write the report: {error.strerror}"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return output is None


def _print(stream: TextIO, text: str) -> None:
    stream.write(_encodable(text, stream.encoding or "ascii"))
    stream.flush()


def _encodable(text: str, encoding: str) -> str:
    """The text, with JSON's escapes for what the encoding lacks: a letter, or a file name that is no text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    return text


def complain(error: Unjudged, *, target: str | None = None, verbose: bool = False) -> None:
    """An error that belongs to the run, on standard error."""
    place = f"{error.source}: " if error.source.file else ""
    subject = f"{target}: " if target and target != error.source.file else ""
    print(f"qt-validate: {subject}{place}{error.message}", file=sys.stderr)
    if error.hint:
        print(f"  try: {error.hint}", file=sys.stderr)
    if error.detail and verbose:
        print(error.detail, file=sys.stderr)
