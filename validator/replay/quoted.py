"""Where each character of a text in quotes stands: escapes and folded lines shift what follows."""

import re

_ESCAPES = {
    **dict(zip('0abtnvfre "/\\N_LP', '\0\a\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True)),
    "\t": "\t",
}
_HEX = {"x": 2, "u": 4, "U": 8}
_BREAK = re.compile(r"[ \t]*((?:\r?\n[ \t]*)+)")
_CONTINUED = re.compile(r"\\\r?\n[ \t]*")


def characters(written: str) -> tuple[str, list[int]]:
    """The text that a scalar's writing means, and where in it each character begins and the last one ends."""
    quote = written[:1] if written[:1] in ("'", '"') else ""
    position, end = len(quote), len(written) - len(quote)
    text: list[str] = []
    starts: list[int] = []
    while position < end:
        meant, after = _next(written, position, quote)
        text.append(meant)
        starts += [position] * len(meant)
        position = after
    return "".join(text), [*starts, end]


def block(written: str) -> tuple[str, list[int]]:
    """The same of a block scalar's lines, as they are without folding."""
    position = written.index("\n") + 1
    indent = len(written) - position - len(written[position:].lstrip(" \r\n"))
    first = written.rfind("\n", 0, position + indent) + 1
    indent -= first - position
    text: list[str] = []
    starts: list[int] = []
    for line in written[position:].split("\n"):
        kept = line.removesuffix("\r")[indent:] + "\n"
        text.append(kept)
        starts += range(position + indent, position + indent + len(kept))
        position += len(line) + 1
    return "".join(text), starts


def _next(written: str, position: int, quote: str) -> tuple[str, int]:
    """What stands at a position, and where the next begins."""
    if (fold := _BREAK.match(written, position)) is not None:
        return "\n" * (fold[1].count("\n") - 1) or " ", fold.end()
    if quote == "'" and written.startswith("''", position):
        return "'", position + 2
    if quote != '"' or written[position] != "\\":
        return written[position], position + 1
    if (continued := _CONTINUED.match(written, position)) is not None:
        return "", continued.end()
    letter = written[position + 1]
    if (length := _HEX.get(letter)) is not None:
        after = position + 2 + length
        return chr(int(written[position + 2 : after], 16)), after
    return _ESCAPES.get(letter, letter), position + 2
