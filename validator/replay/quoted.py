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
