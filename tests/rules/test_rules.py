"""Every rule against its own documentation, and against the edge cases beside this file."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules import overlays
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
def test_documentation(rule: Rule, tmp_path: Path) -> None:
    """Summary, fix, a Bad that fires exactly where marked, a Good that is silent."""
    assert rule.summary.endswith("."), "the first paragraph is a sentence"
    assert rule.fix, "a `Fix:` paragraph"
    blocks = {name: Example.read(rule.id, block) for name, block in sections(rule.text).items()}
    assert set(blocks) == {"Bad", "Good"}
    bad, good = blocks["Bad"], blocks["Good"]
    assert bad.places or bad.marked, "Bad marks a finding"
    others = [other for other in RULES if other.id != rule.id]
    mentioned = overlays.mentioned(bad, good) if bad.files else mentioned_keys(bad.text, good.text)
    for example in (bad, good):
        if example.files:
            overlay = overlays.build(example, tmp_path / ("bad" if example is bad else "good"))
            own = overlay.judge([rule], mentioned, complete=True)
            assert overlay.places(own) == example.places, [f.message for f in own]
            found = overlay.judge(others, mentioned, complete=False)
        else:
            objects = complete(example, mentioned)
            own = judge([rule], objects, example, complete=True)
            assert lines(own, objects) == example.marked, [f.message for f in own]
            found = judge(others, objects, example, complete=False)
        errors = [f for f in found if f.severity is ERROR and f.rule not in example.also]
        assert not [(f.rule, f.message) for f in errors]


@pytest.mark.parametrize(("rule", "example", "case"), CASES)
def test_edge_case(rule: Rule, example: Example, case: dict[str, Any], tmp_path: Path) -> None:
    if example.files:
        overlay = overlays.build(example, tmp_path)
        found = judge([rule], overlay.sources.resources, example, complete=True, sources=overlay.sources)
        assert overlay.places(found) == example.places, [f.message for f in found]
    else:
        objects = resources(parse(example.text, "case.yaml"))
        found = judge(
            [rule], objects, example, complete=case.get("complete", True), profile=case.get("profile", "prod")
        )
        assert lines(found, objects) == example.marked, [f.message for f in found]
    assert len(found) == case.get("count", len(found))
    assert {f.severity.label for f in found} <= {case.get("severity", f.severity.label) for f in found}
    for message in case.get("says", []):
        assert any(message in f.message for f in found), [f.message for f in found]
