"""Rules as documentation: one for a terminal, all as Markdown. Both print the rules' own docstrings."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from validator.finding import TITLES
from validator.rule import Rule


def plain(rule: Rule) -> str:
    """What `qt-validate explain` prints."""
    text = rule.text.replace("# finding", "# <- here")
    return "\n".join([f"{rule.id}  ({_facts(rule)})", "", text, *_options(rule), ""])


def markdown(rules: Iterable[Rule]) -> str:
    """`docs/rules.md`: families in alphabetical order, a contents list first."""
    rules = sorted(rules, key=lambda rule: rule.id)
    lines = [
        "# Rules",
        "",
        "Made by `make docs` from the docstrings of `validator/rules`. A line marked `# <- here` is where",
        "the rule reports. P means that the rule is asked in the `prod` profile only.",
        "",
    ]
    for family, members in groupby(rules, key=lambda rule: rule.family):
        links = ", ".join(f"[{rule.id.partition('.')[2]}](#{_anchor(rule)})" for rule in members)
        lines.append(f"- **{family}**: {links}")
    for rule in rules:
        lines += ["", f"## {rule.id}", "", f"*{_facts(rule)}*", "", *_sections(rule)]
    return "\n".join(lines) + "\n"


def _sections(rule: Rule) -> Iterator[str]:
    """The docstring with its examples fenced."""
    fenced = False
    for line in rule.text.splitlines():
        if line in ("Bad:", "Good:"):
            if fenced:
                yield from ("```", "")
            yield from (f"**{line}**", "", "```yaml")
            fenced = True
        elif fenced:
            yield line.removeprefix("    ").replace("# finding", "# <- here")
        else:
            yield line.replace("Fix:", "**Fix:**", 1) if line.startswith("Fix:") else line
    if fenced:
        yield "```"
    yield from _options(rule)


def _facts(rule: Rule) -> str:
    facts = [rule.severity.name.lower()]
    if rule.prod:
        facts.append("P")
    if rule.item:
        facts.append(f"fails item {rule.item}, {TITLES[rule.item - 1]}")
    if not rule.enabled:
        facts.append("off unless selected")
    return ", ".join(facts)


def _options(rule: Rule) -> Iterator[str]:
    """What can be configured, with the defaults as TOML would write them."""
    if rule.options is None:
        return
    yield from ("", f'Options, in `[rules."{rule.id}"]` of qt-validate.toml: {rule.options.__doc__}', "")
    default = rule.options()
    for field in dataclasses.fields(rule.options):
        value = getattr(default, field.name)
        shown = list(value) if isinstance(value, tuple | frozenset) else value
        yield f"    {field.name.replace('_', '-')} = {json.dumps(shown)}"


def _anchor(rule: Rule) -> str:
    return rule.id.replace(".", "")
