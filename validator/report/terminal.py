"""The report for people: what is wrong first, grouped by object, then the checklist, then one line.

Lines are lists of (text, style) so that the same layout serves a terminal and a file. All wrapping
is done here, to the width given, and words longer than a line (paths) are never broken.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from validator.finding import (
    ChecklistItem,
    Evidence,
    Finding,
    ItemStatus,
    RuleStatus,
    Severity,
    Source,
    Unjudged,
    Verdict,
    number_of,
    show_path,
)

Line = list[tuple[str, str]]

_SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_ITEM_STYLES = {
    ItemStatus.PASS: "green",
    ItemStatus.FAIL: "bold red",
    ItemStatus.NA: "dim",
    ItemStatus.NOT_JUDGED: "yellow",
}
_MARKS = {
    ItemStatus.PASS: ("✔", "ok"),
    ItemStatus.FAIL: ("✘", "XX"),
    ItemStatus.NA: ("–", "--"),
    ItemStatus.NOT_JUDGED: ("?", "??"),
}
_FAILING_SHOWN = 3
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


def report(verdicts: Sequence[Verdict], style: Style) -> str:
    """All verdicts as text; quiet leaves only what is wrong."""
    lines: list[Line] = []
    for verdict in verdicts:
        lines += _Target(verdict, style).lines()
    if len(verdicts) > 1 and not style.quiet:
        lines.append([])
        for verdict in verdicts:
            lines += _summary(verdict, style, name=True)
    lines = [[(text.translate(_CONTROLS), part) for text, part in line] for line in lines]
    return _colored(lines, style) if style.color else _plain(lines, style)


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
        console.print(Text.assemble(*line), soft_wrap=True)
    return out.getvalue()


class _Target:
    """The part of the report about one target."""

    def __init__(self, verdict: Verdict, style: Style) -> None:
        self.verdict = verdict
        self.style = style
        self.explained: set[str] = set()

    def lines(self) -> Iterator[Line]:
        verdict, quiet = self.verdict, self.style.quiet
        if verdict.error is not None:
            yield from self.error(verdict.error)
            return
        if not quiet:
            yield from self.heading()
        yield from self.findings()
        if quiet:
            return
        yield []
        yield [("Production checklist", "bold")]
        for item in verdict.checklist:
            yield from self.item(item)
        yield []
        if self.style.verbose:
            yield from self.rules()
        yield from _summary(verdict, self.style)

    def heading(self) -> Iterator[Line]:
        verdict = self.verdict
        counts = verdict.counts
        facts = [
            f"profile {verdict.profile}",
            ", ".join(number_of(counts[key], key.removesuffix("s")) for key in ("objects", "containers")),
        ]
        if verdict.renderer is not None and verdict.renderer.version:
            facts.append(f"{verdict.renderer.name} {verdict.renderer.version}")
        if not verdict.complete:
            facts.append("not known to be complete, so absent objects are not missed")
        if unchecked := counts["unchecked"]:
            facts.append(f"{unchecked} without a schema, so not checked against one")
        yield [(verdict.target, "bold")]
        yield from self.wrapped(" · ".join(facts), 0, "dim")
        for note in verdict.notes:
            yield from self.wrapped(f"note: {note}", 0, "dim")

    def findings(self) -> Iterator[Line]:
        groups: dict[object, list[Finding]] = {}
        for finding in self.verdict.findings:
            if finding.suppressed is None and finding.severity >= self.style.lowest:
                own = finding.address.source
                groups.setdefault(own.file if own else finding.address.object, []).append(finding)
        for ref, findings in groups.items():
            yield []
            first = findings[0].source
            place = first.file if len({f.source.line for f in findings}) > 1 else str(first)
            name = "the target as a whole" if ref is None else str(ref)
            if ref == first.file:
                name, place = place or name, ""
            yield from self.sided([(name, "bold")], place or "", 0)
            for finding in findings:
                yield from self.finding(
                    finding, str(finding.source) if str(finding.source) not in (place, name) else ""
                )

    def finding(self, finding: Finding, place: str) -> Iterator[Line]:
        head: Line = [
            ("  ", ""),
            (f"{finding.severity.label:<8}", _SEVERITY_STYLES[finding.severity]),
            (finding.rule, "bold"),
        ]
        if finding.address.container:
            head.append((f"  container {finding.address.container}", "dim"))
        yield from self.sided(head, place, 10)
        yield from self.wrapped(finding.message, 10)
        for related in finding.related:
            at = f"  {related.source}" if related.source.file else ""
            subject = f" {related.address.object}" if related.address.object else ""
            yield from self.wrapped(f"{related.label}:{subject}{at}", 10, "dim")
        if self.style.verbose and finding.address.path:
            yield from self.wrapped(show_path(finding.address.path), 10, "dim")
        if (
            finding.fix
            and (self.style.verbose or finding.rule not in self.explained)
            and not self.style.quiet
        ):
            self.explained.add(finding.rule)
            yield from self.wrapped(f"fix: {finding.fix}", 10, "green")

    def item(self, item: ChecklistItem) -> Iterator[Line]:
        mark = _MARKS[item.status][0 if self.style.unicode else 1]
        style = _ITEM_STYLES[item.status]
        yield [
            (f" {mark} ", style),
            (f"{item.item:>2}  ", style),
            (item.title, "bold" if style != "dim" else ""),
        ]
        evidence = item.evidence
        if item.status is ItemStatus.FAIL:
            for each in evidence if self.style.verbose else evidence[:_FAILING_SHOWN]:
                yield from self.fact(each, "red")
            if not self.style.verbose and (more := len(evidence) - _FAILING_SHOWN) > 0:
                yield [(" " * 7, ""), (f"and {more} more, above", "dim")]
        elif item.status is ItemStatus.PASS and not self.style.verbose:
            yield from self.fact(*_in_short(evidence))
        else:
            prefix = {ItemStatus.NA: "n/a: ", ItemStatus.NOT_JUDGED: "not judged: "}.get(item.status, "")
            for each in evidence:
                yield from self.fact(Evidence(prefix + each.text, each.object, each.source), "dim")

    def fact(self, evidence: Evidence, style: str = "dim") -> Iterator[Line]:
        subject = f"{evidence.object}: " if evidence.object is not None else ""
        lines = list(self.wrapped(subject + evidence.text, 7, style))
        place = str(evidence.source)
        if place:
            yield from lines[:-1]
            yield from self.sided(lines[-1], place, 7)
        else:
            yield from lines

    def rules(self) -> Iterator[Line]:
        """How many rules ended how, and which never had anything to look at."""
        by_status: dict[RuleStatus, list[str]] = {status: [] for status in RuleStatus}
        for outcome in self.verdict.rules:
            by_status[outcome.status].append(outcome.id)
        yield [("Rules", "bold")]
        labels = {
            RuleStatus.PASSED: "passed",
            RuleStatus.FAILED: "failed",
            RuleStatus.NA: "not applicable",
            RuleStatus.UNSEEN: "nothing of the kind to look at",
            RuleStatus.IGNORED: "switched off",
        }
        for status, label in labels.items():
            if found := by_status[status]:
                names = "" if status is RuleStatus.PASSED else ": " + ", ".join(found)
                yield from self.wrapped(f"{len(found)} {label}{names}", 2, "dim")
        if self.verdict.unchecked:
            yield from self.wrapped(f"kinds without a schema: {', '.join(self.verdict.unchecked)}", 2, "dim")
        yield []

    def error(self, error: Unjudged) -> Iterator[Line]:
        yield [(self.verdict.target, "bold"), (" cannot be judged", "bold red")]
        elsewhere = error.source.file is not None and error.source.file != self.verdict.target
        if elsewhere or error.source.line is not None:
            yield [("  ", ""), (_precise(error.source), "cyan")]
        yield from self.wrapped(error.message, 2)
        if error.hint:
            yield from self.wrapped(f"try: {error.hint}", 2, "green")
        if error.detail:
            if self.style.verbose:
                yield from ([("    " + line, "dim")] for line in error.detail.splitlines())
            elif error.detail.strip() != error.message:
                yield [("  (-v shows the whole message)", "dim")]

    # --- layout

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


def _precise(source: Source) -> str:
    return str(source) if source.column is None or source.line is None else f"{source}:{source.column}"


def _in_short(evidence: tuple[Evidence, ...]) -> tuple[Evidence]:
    """One line for a passed item: the counts when there are any, else the first object and how many more."""
    counts = [each.text for each in evidence if each.object is None]
    if counts:
        return (Evidence(" · ".join(counts)),)
    first, more = evidence[0], len(evidence) - 1
    return (Evidence(f"{first.text}; and {more} more" if more else first.text, first.object, first.source),)


def _summary(verdict: Verdict, style: Style, *, name: bool = False) -> list[Line]:
    """The last line: whether it is fit, in one sentence."""
    prefix = f"{verdict.target}: " if name else ""
    if verdict.error is not None:
        return [[(f"{prefix}cannot be judged", "bold red")]]
    found = [f.severity for f in verdict.findings if f.suppressed is None]
    status = [item.status for item in verdict.checklist]
    counts = ", ".join(
        (f"{number} info" if severity is Severity.INFO else number_of(number, severity.label))
        for severity in sorted(Severity, reverse=True)
        if (number := found.count(severity)) or severity is Severity.ERROR
    )
    hidden = sum(severity < style.lowest for severity in found)
    more = f" ({hidden} not shown: -v)" if hidden and not style.quiet else ""
    passed, failed = status.count(ItemStatus.PASS), status.count(ItemStatus.FAIL)
    others = []
    if failed:
        others.append(f"{failed} failed")
    if na := status.count(ItemStatus.NA):
        others.append(f"{na} n/a")
    if unjudged := status.count(ItemStatus.NOT_JUDGED):
        others.append(f"{unjudged} not judged")
    items = f"{passed} of {len(status)} items passed" + (f" ({', '.join(others)})" if others else "")
    good = not failed and Severity.ERROR not in found
    mark = _MARKS[ItemStatus.PASS if good else ItemStatus.FAIL][0 if style.unicode else 1]
    color = "bold green" if good else "bold red"
    text = textwrap.wrap(f"{mark} {prefix}{items}; {counts}", style.width, break_long_words=False)
    lines: list[Line] = [[(part, color)] for part in text]
    if len(text[-1]) + len(more) <= style.width:
        lines[-1].append((more, "dim"))
    else:
        lines.append([(more.strip(), "dim")])
    return lines
