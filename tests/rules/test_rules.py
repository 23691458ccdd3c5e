"""Every rule against its own documentation, and against the edge cases beside this file."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.examples import ERROR, Example, cases, complete, judge, lines, mentioned_keys, sections
from validator.manifest import parse, resources
from validator.rule import Rule, discover

RULES = discover()
HERE = Path(__file__).parent
CASES = [
    pytest.param(rule, example, case, id=f"{rule.id}: {name}")
    for rule in RULES
    if (file := HERE / rule.family / f"{rule.id.partition('.')[2].replace('-', '_')}.yaml").exists()
    for name, example, case in cases(file, rule.id)
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_documentation(rule: Rule) -> None:
    """Summary, fix, a Bad that fires exactly where marked, a Good that is silent."""
    assert rule.summary.endswith("."), "the first paragraph is a sentence"
    assert rule.fix, "a `Fix:` paragraph"
    blocks = {name: Example.read(rule.id, block) for name, block in sections(rule.text).items()}
    assert set(blocks) == {"Bad", "Good"}
    bad, good = blocks["Bad"], blocks["Good"]
    assert bad.marked, "Bad marks a finding"
    mentioned = mentioned_keys(bad.text, good.text)
    others = [other for other in RULES if other.id != rule.id]
    for example in (bad, good):
        objects = complete(example, mentioned)
        own = judge([rule], objects, example, complete=True)
        assert lines(own, objects) == example.marked, [f.message for f in own]
        disturbing = [
            (f.rule, f.message)
            for f in judge(others, objects, example, complete=False)
            if f.severity is ERROR and f.rule not in example.also
        ]
        assert not disturbing


@pytest.mark.parametrize(("rule", "example", "case"), CASES)
def test_edge_case(rule: Rule, example: Example, case: dict[str, Any]) -> None:
    objects = resources(parse(example.text, "case.yaml"))
    found = judge(
        [rule], objects, example, complete=case.get("complete", True), profile=case.get("profile", "prod")
    )
    assert lines(found, objects) == example.marked, [f.message for f in found]
    for message in case.get("says", []):
        assert any(message in f.message for f in found), [f.message for f in found]
