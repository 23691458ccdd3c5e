"""qt-validate and a real server agree on thousands of single objects: may each be stored, or not?

They are the objects of both overlays, those of all examples and edge cases of the rules, and then the same
with one thing changed at random. What other objects decide (accounts, namespaces, quotas) is taken out, since
test_agree.py has cases of it.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cluster.agreement import errors, rules
from tests.cluster.cluster import Cluster, Object
from tests.cluster.mutations import mutated
from tests.cluster.prerequisites import install_operators_kinds
from tests.cluster.server import Server, connected
from tests.deploy.manifests import OVERLAYS, objects
from tests.rules.examples import Example, cases, complete, judge, mentioned_keys, sections
from validator.config import from_table
from validator.finding import Finding
from validator.manifest import parse, resources
from validator.rule import Rule
from validator.schema import Schemas

REFUSALS = frozenset(
    {
        "api.removed",
        "api.schema-invalid",
        "api.too-new",
        "api.value-invalid",
        "availability.hpa-bounds-invalid",
        "references.duplicate-port",
        "references.selector-mismatch",
        "resources.request-above-limit",
    }
)
"""The rules whose errors say that the server refuses the object itself."""
EXPLAINED = (
    (
        "accepts",
        "is declared already",
        "a port cannot be bound twice; the server only warns",
    ),
    (
        "accepts",
        "the object has no name",
        "the server makes up a LimitRange's name; kubectl apply does not send it",
    ),
    ("Must have port for Service reference", "accepts", "references.route-backend reports it"),
    ("illegal base64 data", "accepts", "${PLACEHOLDER} is filled in before it is applied"),
    ("accepts", "expected string, got a list", "a list of numbers is read as bytes"),
)
"""Words of the server's and of qt-validate's verdict where they differ on purpose, and why."""
MUTATED = 6000
SEED = 20261125
NAMESPACE = "default"
RULES = Path(__file__).parents[1] / "rules"


class Difference(NamedTuple):
    """One side refuses an object, and the other does not."""

    what: str
    server: str
    validator: str

    @property
    def explained(self) -> bool:
        return any(s in self.server and v in self.validator for s, v, _ in EXPLAINED)


def rendered() -> Iterator[tuple[str, Object]]:
    for overlay in OVERLAYS:
        for value in objects(f"overlays/{overlay}"):
            yield f"{overlay} {value['kind']}/{value['metadata']['name']}", alone(value)


def documented() -> Iterator[tuple[str, Object]]:
    """Every object of every rule's examples and edge cases, of a kind that is known at all."""
    known = Schemas()
    for what, value in _documented():
        if known.knows(str(value.get("apiVersion")), str(value.get("kind"))):
            yield what, alone(value)


def _documented() -> Iterator[tuple[str, Object]]:
    for rule in rules():
        blocks = {name: Example.read(rule.id, block) for name, block in sections(rule.text).items()}
        if any(example.files for example in blocks.values()):
            continue  # of whole overlays, which Kustomize builds first
        mentioned = mentioned_keys(*(example.text for example in blocks.values()))
        for name, example in blocks.items():
            for resource in complete(example, mentioned):
                yield f"{rule.id} {name}", resource.value
        file = RULES / rule.family / f"{rule.id.partition('.')[2].replace('-', '_')}.yaml"
        for name, example, _ in cases(file, rule.id) if file.exists() else ():
            for resource in resources(parse(example.text, file.name)):
                yield f"{rule.id}: {name}", resource.value


def alone(value: Object) -> Object:
    """The object without what only its surroundings can satisfy."""
    found = copy.deepcopy(value)
    metadata, spec = found.get("metadata"), found.get("spec")
    if isinstance(metadata, dict):
        metadata.pop("namespace", None)
    if found.get("kind") == "Pod" and isinstance(spec, dict):
        for key in ("serviceAccountName", "serviceAccount", "priorityClassName", "runtimeClassName"):
            spec.pop(key, None)
    return found


@cache
def _refusing() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules() if rule.id in REFUSALS)


def claims(value: Object, version: str) -> list[Finding]:
    """What qt-validate gives as reasons of a server of this version to refuse the object."""
    text = json.dumps(value)
    settings = from_table({"kube-version": version}, Path("qt-validate.toml"))
    example = Example(text, settings, None, frozenset())
    found = judge(_refusing(), resources(parse(text, "object.json")), example, complete=False)
    return [finding for finding in found if errors([finding])]


def differences(server: Server, version: str, values: Iterable[tuple[str, Object]]) -> list[Difference]:
    found = []
    for what, value in values:
        answer = server.would_create(value, NAMESPACE)
        said = "; ".join(finding.message for finding in claims(value, version))
        if answer.refused != bool(said):
            found.append(Difference(f"{what} {value['kind']}", answer.said or "accepts", said or "accepts"))
    return [difference for difference in found if not difference.explained]


@pytest.fixture(scope="session")
def any_server(any_cluster: Cluster) -> Iterator[tuple[Server, str]]:
    """The newest and the oldest API server, with the operators' kinds, and the version of each."""
    install_operators_kinds(any_cluster)
    with connected(any_cluster) as found:
        yield found, any_cluster.version.removeprefix("v").rpartition(".")[0]


def test_both_overlays_object_by_object(any_server: tuple[Server, str]) -> None:
    assert differences(*any_server, rendered()) == []


def test_every_example_and_edge_case_of_the_rules(any_server: tuple[Server, str]) -> None:
    assert differences(*any_server, documented()) == []


def test_objects_with_one_thing_changed(server: Server, version: str) -> None:
    """Of what both sides accept. Chance also finds what nobody writes: one in a thousand may differ."""
    sound = {
        json.dumps(value, sort_keys=True): value
        for _, value in (*rendered(), *documented())
        if not claims(value, version) and not server.would_create(value, NAMESPACE).refused
    }
    assert len(sound) > 500
    found = differences(server, version, mutated(list(sound.values()), MUTATED, SEED))
    assert len(found) <= MUTATED / 1000, found
