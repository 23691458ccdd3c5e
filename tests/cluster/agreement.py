"""Faulty manifests, and what qt-validate says of them; the cases stand in `agreement/`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from validator.config import from_table
from validator.finding import Finding, Severity
from validator.input import Input, Request
from validator.pipeline import judge
from validator.rule import Rule, discover
from validator.target import Target

FOLDER = Path(__file__).parent / "agreement"


@dataclass(frozen=True, slots=True)
class Case:
    """Manifests, the server's verdict on them with words of its message, and the rule that reports the fault.

    `server` is one of the words that test_agree.py knows how to see, `since` the first minor version that
    says so. `why` explains a difference.
    """

    name: str
    manifests: str
    server: str
    rule: str | None = None
    says: str = ""
    why: str | None = None
    since: int = 0


def cases(file: str) -> Iterator[Case]:
    for each in yaml.safe_load((FOLDER / file).read_text()):
        yield Case(each.pop("case"), **each)


@dataclass(frozen=True, slots=True)
class ConfinedCase:
    """A pod, the Pod Security Standards that refuse it, and the rule that reports why."""

    name: str
    pod: dict[str, Any]
    refused: tuple[str, ...]
    rule: str | None
    says: str


def security_cases() -> Iterator[ConfinedCase]:
    for each in yaml.safe_load((FOLDER / "security.yaml").read_text()):
        container = {"name": "api", "image": "example.com/api:1", "securityContext": _CONFINED}
        pod = {"containers": [{**container, **each.get("container", {})}], "securityContext": _NOBODY}
        spec = {**pod, **each.get("pod", {})}
        yield ConfinedCase(
            each["case"],
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api"}, "spec": spec},
            tuple(each.get("refused", ())),
            each.get("rule"),
            each.get("says", ""),
        )


_NOBODY = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
_CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@cache
def rules() -> tuple[Rule, ...]:
    return discover()


def findings(text: str, folder: Path, kube_version: str, **settings: Any) -> tuple[Finding, ...]:
    """What `qt-validate --complete` finds in plain YAML that clusters of one version are to accept."""
    file = folder / "manifests.yaml"
    file.write_text(text)
    table = {"kube-version": kube_version, **settings}
    request = Request(from_table(table, folder / "qt-validate.toml"), profile="prod", complete=True)
    target = Input(Target("manifests.yaml", file, "plain"), request)
    (verdict,) = judge([target], request, rules(), frozenset())
    assert verdict.error is None, verdict.error
    return verdict.findings


def errors(found: Iterable[Finding]) -> set[str]:
    """The rules that report an error."""
    return {finding.rule for finding in found if finding.severity is Severity.ERROR}


_SPOKEN = {
    "refused": "refuses it",
    "warned": "accepts it with a warning",
    "accepted": "accepts it",
    "pods refused": "refuses its pods",
    "unscheduled": "finds no node for it",
    "not scaled": "does not scale it",
    "no addresses": "gives it no address",
    "addresses": "gives it an address",
    "pods run": "runs it",
}


def table() -> str:
    """docs/agreement.md."""
    rows = [
        f"| {case.name} | {_words(case)} | {_rule(case.rule)}{f': {case.why}' if case.why else ''} |"
        for file in ("api.yaml", "references.yaml", "quota.yaml")
        for case in cases(file)
    ]
    confined = [
        f"| {case.name} | {', '.join(case.refused) or 'neither'} | {_rule(case.rule)} |"
        for case in security_cases()
    ]
    return f"""# Where Kubernetes and qt-validate agree

Each row is a test of `make test-cluster`: the manifests are put to a real API server, its controllers
and its scheduler, whose verdict and words must be these, and to `qt-validate`, where the rule must
report the fault, as an error unless the row says why not. What the server accepts may be no error of the
family `api`. Made by `make docs` from [the cases](../tests/cluster/agreement).

| {len(rows)} manifests | Kubernetes | qt-validate |
|-|-|-|
{chr(10).join(rows)}

A namespace enforces a Pod Security Standard by its label. `security.pod-security-refused` must be an
error where the server refuses the pod, and only there; beside it, the rule that says what is wrong with
the pod anywhere.

| {len(confined)} pods | refused by | also reported by |
|-|-|-|
{chr(10).join(confined)}

Two more tests go wider and deeper. [One](../tests/cluster/test_agree_widely.py) asks both of every
object of both overlays, of every example and edge case of the rules, and of thousands of objects with
one thing changed at random, whether it may be stored. [The other](../tests/cluster/test_disruption.py)
does what rules about disruption foretell: it evicts, cordons and updates, with the fault and without it.
"""


def _words(case: Case) -> str:
    said = case.says.replace("|", "\\\\|")
    return f"{_SPOKEN[case.server]}{f': “{said}”' if said else ''}"


def _rule(rule: str | None) -> str:
    return f"`{rule}`" if rule else "nothing"
