"""Every place that the replay names is right: a word written there comes out at its field.

`python -m tests.replay.proof` tries some thousands of overlays and prints a table by feature.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.replay.proof import generate
from tests.replay.sentinels import Case, Kustomize, prove


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_place_of_our_overlays_is_right(name: str, tmp_path: Path, renderers: dict[str, str]) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    case = Case(tmp_path / "deploy", tmp_path / "deploy/k8s/overlays" / name)
    prove([case], Kustomize(renderers["v5.8.1"], tmp_path), identifying=3)
    assert not case.notes
    count = case.count(identifying=False)
    assert count["right"] > 700
    assert count["wrong"] == count["undecided"] == count["refused"] == 0


def test_places_of_overlays_that_combine_features(tmp_path: Path, renderers: dict[str, str]) -> None:
    cases = generate(40, 20, tmp_path)
    prove(cases, Kustomize(renderers["v5.8.1"], tmp_path), identifying=0)
    wrong = [f"{case.folder} {leaf} {note}" for case in cases for leaf, note in case.notes.items()]
    assert not wrong
    assert sum(not case.verdicts for case in cases) < 3
    count = sum((case.count() for case in cases), Counter[str]())
    assert count["right"] > 1300
    assert count["undecided"] < count["right"] / 100
