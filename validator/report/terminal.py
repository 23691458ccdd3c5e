"""The report for people: what is wrong first, grouped by object, then the checklist, then one line."""

import textwrap
from collections.abc import Iterator, Sequence

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
from validator.report.layout import Layout, Line, Style, render

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
_OVERRIDES_SHOWN = 3


def report(verdicts: Sequence[Verdict], style: Style) -> str:
    """All verdicts as text; quiet leaves only what is wrong."""
    lines: list[Line] = []
    for verdict in verdicts:
        lines += _Target(verdict, style).lines()
    if len(verdicts) > 1 and not style.quiet:
        lines.append([])
        for verdict in verdicts:
            lines += _summary(verdict, style, name=True)
    return render(lines, style)


class _Target:
    """The part of the report about one target."""

    def __init__(self, verdict: Verdict, style: Style) -> None:
        self.verdict = verdict
        self.style = style
        self.layout = Layout(style)
        self.explained: set[str] = set()
        self.quoted: Source | None = None

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
        yield from self.layout.wrapped(" · ".join(facts), 0, "dim")
        for note in verdict.notes:
            yield from self.layout.wrapped(f"note: {note}", 0, "dim")

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
            yield from self.layout.sided([(name, "bold")], place or "", 0)
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
        yield from self.layout.sided(head, place, 10)
        yield from self.layout.wrapped(finding.message, 10)
        yield from self.quote(finding)
        for related in finding.related:
            at = f"  {related.source}" if related.source.file else ""
            subject = f" {related.address.object}" if related.address.object else ""
            yield from self.layout.wrapped(f"{related.label}:{subject}{at}", 10, "dim")
        if self.style.verbose and finding.address.path:
            yield from self.layout.wrapped(show_path(finding.address.path), 10, "dim")
        if (
            finding.fix
            and (self.style.verbose or finding.rule not in self.explained)
            and not self.style.quiet
        ):
            self.explained.add(finding.rule)
            yield from self.layout.wrapped(f"fix: {finding.fix}", 10, "green")

    def quote(self, finding: Finding) -> Iterator[Line]:
        """The line in the sources, unless it was just shown, and what it overrode there."""
        if finding.quote is None or self.quoted == finding.source:
            return
        self.quoted = finding.source
        color = _SEVERITY_STYLES[finding.severity]
        yield from self.layout.frame(finding.source, finding.quote.line, 10, mark=color)
        shown = list(zip(finding.overrides, finding.quote.overridden, strict=True))
        for source, value in shown[:_OVERRIDES_SHOWN]:
            yield from self.layout.overridden(str(source), value, 10)
        if (more := len(shown) - _OVERRIDES_SHOWN) > 0:
            yield [(" " * 10, ""), (f"and {more} more", "dim")]

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
        lines = list(self.layout.wrapped(subject + evidence.text, 7, style))
        place = str(evidence.source)
        if place:
            yield from lines[:-1]
            yield from self.layout.sided(lines[-1], place, 7)
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
                yield from self.layout.wrapped(f"{len(found)} {label}{names}", 2, "dim")
        if self.verdict.unchecked:
            yield from self.layout.wrapped(
                f"kinds without a schema: {', '.join(self.verdict.unchecked)}", 2, "dim"
            )
        yield []

    def error(self, error: Unjudged) -> Iterator[Line]:
        yield [(self.verdict.target, "bold"), (" cannot be judged", "bold red")]
        elsewhere = error.source.file is not None and error.source.file != self.verdict.target
        if elsewhere or error.source.line is not None:
            yield [("  ", ""), (_precise(error.source), "cyan")]
        yield from self.layout.wrapped(error.message, 2)
        if error.hint:
            yield from self.layout.wrapped(f"try: {error.hint}", 2, "green")
        if error.detail:
            if self.style.verbose:
                yield from ([("    " + line, "dim")] for line in error.detail.splitlines())
            elif error.detail.strip() != error.message:
                yield [("  (-v shows the whole message)", "dim")]


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
