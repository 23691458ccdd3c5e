"""Running rules: who is asked, what is counted, and what becomes of a rule that fails."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from validator.check import check, parse_options
from validator.cluster import Cluster, Container, Service
from validator.config import from_table
from validator.finding import RuleOutcome, RuleStatus, Severity, TargetError
from validator.manifest import parse, resources
from validator.rule import Fault, Findings, Rule, rule

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {containers: [{name: a, image: a:1}, {name: b}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two}
spec: {containers: [{name: c, image: c:1}]}
"""


def cluster(**settings: Any) -> Cluster:
    complete, profile = settings.pop("complete", True), settings.pop("profile", "prod")
    return Cluster(resources(parse(PODS, "x.yaml")), complete=complete, profile=profile)


@rule(Severity.WARNING, item=8, when=Container.has_image)
def called_a(container: Container) -> Findings:
    if container.name == "a":
        yield container.at("image"), "is called a"


def outcome(found: Cluster, *rules: Rule, ignored: frozenset[str] = frozenset()) -> RuleOutcome:
    (only,) = check(found, rules, ignored, {})[1]
    return only


def test_a_rule_counts_what_it_was_asked_about() -> None:
    findings, outcomes = check(cluster(), [called_a], frozenset(), {})
    assert outcomes == [RuleOutcome(called_a.id, RuleStatus.FAILED, 2, 8)]
    (finding,) = findings
    assert (finding.severity, finding.item, finding.address.container) == (Severity.WARNING, 8, "a")
    assert finding.address.path == ("spec", "containers", 0, "image")


def test_statuses() -> None:
    @rule(Severity.ERROR)
    def services(service: Service) -> Findings:
        yield service.at(), "is there"

    never = replace(called_a, when=lambda container: False)
    assert outcome(cluster(), services).status is RuleStatus.UNSEEN
    assert outcome(cluster(), never).status is RuleStatus.NA
    assert outcome(cluster(), called_a, ignored=frozenset({called_a.id})).status is RuleStatus.IGNORED
    assert outcome(cluster(profile="dev"), replace(called_a, prod=True)).status is RuleStatus.NA
    assert outcome(cluster(complete=False), replace(called_a, neighbours=True)).status is RuleStatus.NA


def test_a_finding_below_its_rules_severity_fails_no_item() -> None:
    @rule(Severity.ERROR, item=3)
    def lowered(container: Container) -> Findings:
        yield Fault(container.at(), "less bad here", severity=Severity.WARNING)

    assert {f.item for f in check(cluster(), [lowered], frozenset(), {})[0]} == {None}


def test_a_rule_that_raises_is_named_with_its_object() -> None:
    @rule(Severity.ERROR)
    def broken(container: Container) -> Findings:
        yield container.at(), str(1 // 0)

    with pytest.raises(TargetError, match="crashed on Pod/one/a: ZeroDivisionError") as error:
        check(cluster(), [broken], frozenset(), {})
    assert f"--ignore {broken.id}" in str(error.value.unjudged.hint)


@dataclass(frozen=True)
class Options:
    names: tuple[str, ...] = ("a",)
    limit: int = 3


@rule(Severity.ERROR)
def configured(container: Container, options: Options) -> Findings:
    if container.name in options.names:
        yield container.at(), f"at most {options.limit}"


def test_options_come_from_the_configuration(tmp_path: Any) -> None:
    table = {"rules": {configured.id: {"names": ["b", "c"]}}}
    settings = from_table(table, tmp_path / "qt-validate.toml")
    found = Cluster(resources(parse(PODS, "x.yaml")), settings)
    findings = check(found, [configured], frozenset(), {})[0]
    assert [(f.address.container, f.message) for f in findings] == [("b", "at most 3"), ("c", "at most 3")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": []}, "unknown option `name`; did you mean `names`?"),
        ({"names": "a"}, "`names` is 'a', not a list of strings"),
        ({"names": [1]}, r"`names` is \[1\], not a list of strings"),
        ({"limit": "3"}, "`limit` is '3', not a number"),
    ],
)
def test_wrong_options(given: dict[str, Any], message: str, tmp_path: Any) -> None:
    settings = from_table({"rules": {configured.id: given}}, tmp_path / "qt-validate.toml")
    with pytest.raises(TargetError, match=message):
        parse_options(configured, settings)
