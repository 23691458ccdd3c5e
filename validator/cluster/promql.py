"""PromQL: is it valid, and which series does it look at.

The parser is the `promql-parser` package.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import promql_parser

_LOGQL = re.compile(r"\|[=~>]|!>|\}\s*\|")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`')
_COMMENT = re.compile(r"#[^\n]*")
_VARIABLE = re.compile(
    r"\$\{(?P<braced>\w+)(?:\.[^}:]*)?(?::[^}]*)?\}|\$(?P<plain>\w+)|\[\[(?P<old>\w+)(?::\w+)?\]\]"
)
_FLAGGED = re.compile(
    r"\b(?:anchored|smoothed)\b|[<>]/|\binfo\s*\(|\[[^]]*(?:[-+*/%^]|\b(?:step|range|min_of|max_of)\()[^]]*\]"
)
"""Experimental syntax that the parser lacks (promql/promqltest/testdata in Prometheus 3.13)."""
_CANDIDATES = ("name", "1", "sum", "5m")
"""What a Grafana variable in the open may stand for: a name, a number, an operation, a duration."""
_NUMBERS = frozenset({"__interval_ms", "__range_s", "__range_ms", "__from", "__to"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Prometheus refuses an expression, and where in it, if that is known."""

    message: str
    offset: int | None = None
    flagged: bool = False
    """It uses what Prometheus reads only behind a feature flag, which cannot be seen from here."""


@lru_cache(maxsize=8192)
def parsed(text: str) -> Any:
    """The syntax tree, or a Problem."""
    try:
        return promql_parser.parse(text)
    except ValueError as error:
        return _problem(text, str(error))


def _problem(text: str, message: str) -> Problem:
    """The parser says what is wrong and names the culprit, but not where it stands."""
    flagged = _FLAGGED.search(_COMMENT.sub("", _STRING.sub('""', text))) is not None
    for pattern in (r"unknown function with name '(.*)'", r"illegal regex for (.*)", r"in call to '(\w+)'"):
        match = re.search(pattern, message, re.DOTALL)
        if match and match[1] in text:
            return Problem(message, text.index(match[1]), flagged)
    return Problem(message, flagged=flagged)


def problem(text: str) -> Problem | None:
    """What is wrong with a rule's expression, or None."""
    tree = parsed(text)
    if isinstance(tree, Problem):
        return tree
    return _refused(tree, text)


def _refused(tree: Any, text: str) -> Problem | None:
    """What parses here, and Prometheus refuses all the same."""
    kind = _kind(_open(tree))
    if kind in ("MatrixSelector", "SubqueryExpr"):
        return Problem(
            "the result is a range vector, which a rule or panel cannot use; wrap it in a function"
        )
    if kind == "StringLiteral":
        return Problem("the result is a string, not a vector or scalar")
    for node in nodes(tree):
        if _kind(node) == "VectorSelector" and node.matchers.or_matchers:
            return Problem(
                "`or` between braces is VictoriaMetrics' syntax, not Prometheus'", _find(text, " or ")
            )
    return None


def _find(text: str, part: str) -> int | None:
    at = text.find(part)
    return at if at >= 0 else None


def panel_problem(text: str) -> Problem | None:
    """What is wrong with a dashboard's expression, whatever its Grafana variables hold."""
    first: Problem | None = None
    for candidate in _substituted(text):
        found = parsed(candidate)
        if not isinstance(found, Problem):
            return _refused(found, candidate)
        first = first or found
    return replace(first, offset=None) if first else None


def _substituted(text: str) -> Iterator[str]:
    """The expression with its variables replaced, in every sensible way."""
    spans = [match.span() for match in _STRING.finditer(text)]
    pieces: list[str | None] = []
    names: list[str] = []
    last = 0
    for match in _VARIABLE.finditer(text):
        name = match["braced"] or match["plain"] or match["old"]
        start, end = match.span()
        pieces.append(text[last:start])
        last = end
        before = text[:start]
        if any(a < start < b for a, b in spans):
            pieces.append("x")
        elif name in _NUMBERS or (text[end : end + 1].isalpha() and _in_range(before)):
            pieces.append("300")
        elif _in_range(before) or re.search(r"\boffset\s+-?\s*$", before) or name.startswith("__"):
            pieces.append("5m")
        else:
            pieces.append(None)
            names.append(name)
    pieces.append(text[last:])
    free = sorted(set(names))
    # Beyond three variables only uniform choices are tried, so that the work stays bounded.
    choices: Iterable[tuple[str, ...]] = (
        itertools.product(_CANDIDATES, repeat=len(free))
        if len(free) <= 3
        else ((word,) * len(free) for word in _CANDIDATES)
    )
    for choice in choices:
        meaning = dict(zip(free, choice, strict=True))
        order = iter(names)
        yield "".join(piece if piece is not None else meaning[next(order)] for piece in pieces)


def _in_range(before: str) -> bool:
    bare = _STRING.sub("", before)
    return bare.count("[") > bare.count("]")


def is_logql(text: str) -> bool:
    """Loki's language, which has the same rule files: a pipe outside strings gives it away."""
    return _LOGQL.search(_COMMENT.sub("", _STRING.sub('""', text))) is not None


# --- what an alert watches


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Watched:
    """Series that an expression needs to be down, or (`absent`) gone, to yield something."""

    metric: str
    matchers: tuple[Matcher, ...]
    absent: bool = False


def _kind(node: Any) -> str:
    return type(node).__name__


def _open(node: Any) -> Any:
    while _kind(node) == "ParenExpr":
        node = node.expr
    return node


def children(node: Any) -> list[Any]:
    match _kind(node):
        case "BinaryExpr":
            return [node.lhs, node.rhs]
        case "Call":
            return list(node.args)
        case "AggregateExpr":
            return [node.expr] if node.param is None else [node.param, node.expr]
        case "MatrixSelector":
            return [node.vector_selector]
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            return [node.expr]
    return []


def nodes(node: Any) -> Iterator[Any]:
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += children(node)


_ABSENT = frozenset({"absent", "absent_over_time"})
_COUNTING = frozenset({"count", "sum", "group", "avg", "min", "max"})
_COMPARISONS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def watched(text: str) -> tuple[Watched, ...]:
    """The series whose fall makes an alert's expression fire; none for a broken expression."""
    tree = parsed(text)
    if isinstance(tree, Problem):
        return ()
    return tuple(dict.fromkeys(_watched(tree, False, False)))


def _watched(node: Any, absent: bool, counted: bool) -> Iterator[Watched]:
    kind = _kind(node)
    if kind == "VectorSelector":
        yield from _selected(node, absent)
        return
    if kind == "Call" and node.func.name in _ABSENT:
        absent = True
    elif kind == "AggregateExpr" and str(node.op) in _COUNTING:
        counted = True
    elif kind == "BinaryExpr":
        operator = str(node.op)
        if operator == "unless":
            # `a unless b` yields where b is gone, as `absent(b)` does.
            yield from _watched(node.lhs, absent, counted)
            yield from _watched(node.rhs, True, counted)
            return
        if not (absent or counted) and operator in _COMPARISONS and _only_when_up(node, operator):
            return
    for child in children(node):
        yield from _watched(child, absent, counted)


def _only_when_up(node: Any, operator: str) -> bool:
    """Whether a comparison of a 0-or-1 series with a number leaves out 0: `up == 1`, `up > 0`."""
    left, right = _open(node.lhs), _open(node.rhs)
    if _kind(left) == "NumberLiteral":
        left, right, operator = right, left, _MIRRORED.get(operator, operator)
    if _kind(right) != "NumberLiteral":
        return False
    while _kind(left) in ("ParenExpr", "AggregateExpr", "MatrixSelector", "Call"):
        if _kind(left) == "AggregateExpr" and str(left.op) not in ("sum", "min", "max", "avg"):
            return False
        if _kind(left) == "Call" and left.func.name not in (
            "min_over_time",
            "max_over_time",
            "avg_over_time",
            "sum_over_time",
            "last_over_time",
        ):
            return False
        inner = children(left)
        if len(inner) != 1:
            return False
        left = _open(inner[0])
    if _kind(left) != "VectorSelector" or not is_liveness(metric_of(left)):
        return False
    return not _COMPARISONS[operator](0.0, right.val)


def metric_of(selector: Any) -> str:
    if selector.name:
        return str(selector.name)
    for matcher in selector.matchers.matchers:
        if matcher.name == "__name__":
            value = str(matcher.value)
            return "up" if str(matcher.op) != "MatchOp.Equal" and _matches_up(value) else value
    return ""


def _matches_up(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "up") is not None
    except re.error:
        return False


def is_liveness(metric: str) -> bool:
    """A series that is 1 while something works and 0 when not."""
    return metric in ("up", "probe_success") or metric.endswith("_up")


_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def _selected(node: Any, absent: bool) -> Iterator[Watched]:
    metric = metric_of(node)
    if metric:
        yield Watched(
            metric,
            tuple(
                Matcher(str(m.name), _OPERATORS[str(m.op).rpartition(".")[2]], str(m.value))
                for m in node.matchers.matchers
                if m.name != "__name__"
            ),
            absent,
        )


def narrowed(inner: Watched, outer: Watched) -> Watched:
    """What a recording rule watches, as seen through a selector on the series that it records."""
    return replace(inner, matchers=inner.matchers + outer.matchers, absent=inner.absent or outer.absent)
