"""Prod passes all ten items; each fault fails its item and only that, in the sources and in the render."""

import copy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, QtValidate
from tests.deploy.faults import FAULTS, ROLE, WIDENINGS, Fault


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the manifests that a test may break."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copy(ROOT / "qt-validate.toml", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def rendered(renderers: dict[str, str]) -> list[dict[str, Any]]:
    command = [renderers["v5.8.1"], "build", str(ROOT / "deploy/k8s/overlays/prod")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return list(yaml.safe_load_all(text))


def test_prod_passes_all_ten_with_evidence(qt_validate: QtValidate) -> None:
    run = qt_validate("--format", "json", "overlays/prod")
    assert {f["rule"]: f["message"] for f in run.target["findings"] if f["severity"] != "info"} == {}
    for item in run.target["checklist"]:
        assert item["status"] == "pass", item
        for evidence in item["evidence"]:
            if evidence["object"] is not None:
                file, line = evidence["source"]["file"], evidence["source"]["line"]
                assert line <= len((ROOT / file).read_text().splitlines())
    assert run.code == 0


def test_dev_has_no_error_and_claims_no_prod_item(qt_validate: QtValidate) -> None:
    run = qt_validate("--format", "json", "overlays/dev")
    assert run.rules_of("error") == set()
    assert run.code == 0
    status = {item["item"]: item["status"] for item in run.target["checklist"]}
    assert status[8] == status[9] == "pass"
    assert status[1] == status[2] == "na"
    assert "fail" not in status.values()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_in_the_sources_fails_its_item(qt_validate: QtValidate, sources: Path, fault: Fault) -> None:
    break_sources(sources / "deploy/k8s", fault)
    run = qt_validate("--format", "json", "overlays/prod", cwd=sources)
    assert run.failed_items() == {fault.item}
    failing = [f for f in run.target["findings"] if f["source"]["file"] and f["severity"] != "info"]
    assert all((sources / f["source"]["file"]).is_file() for f in failing)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_in_the_render_fails_its_item(
    qt_validate: QtValidate, rendered: list[dict[str, Any]], fault: Fault
) -> None:
    run = judge_render(qt_validate, break_render(rendered, fault))
    assert run.failed_items() == {fault.item}


@pytest.mark.parametrize("widening", [None, *WIDENINGS])
def test_a_role_fails_item_10_once_it_is_widened(
    qt_validate: QtValidate, rendered: list[dict[str, Any]], sources: Path, widening: str | None
) -> None:
    role = ROLE.replace(*WIDENINGS[widening]) if widening else ROLE
    expected = {10} if widening else set()
    run = judge_render(qt_validate, [*rendered, *yaml.safe_load_all(role)])
    assert run.failed_items() == expected
    folder = sources / "deploy/k8s/base/signals"
    (folder / "role.yaml").write_text(role)
    add_resource(folder / "kustomization.yaml", "role.yaml")
    run = qt_validate("--format", "json", "overlays/prod", cwd=sources)
    assert run.failed_items() == expected


def test_a_secret_in_git_fails_item_1(qt_validate: QtValidate, sources: Path) -> None:
    with (sources / "deploy/k8s/overlays/prod/kustomization.yaml").open("a") as file:
        file.write("\nsecretGenerator: [{name: api-token, literals: [token=c2VjcmV0]}]\n")
    run = qt_validate("--format", "json", "overlays/prod", cwd=sources)
    assert run.failed_items() == {1}
    assert "c2VjcmV0" not in run.out


def judge_render(qt_validate: QtValidate, objects: list[dict[str, Any]]) -> Any:
    text = yaml.safe_dump_all(objects).encode()
    return qt_validate(
        "--format", "json", "--profile", "prod", "--config", ROOT / "qt-validate.toml", "-", stdin=text
    )


def break_render(rendered: list[dict[str, Any]], fault: Fault) -> list[dict[str, Any]]:
    objects = copy.deepcopy(rendered)
    (found,) = (o for o in objects if o["kind"] == fault.kind and o["metadata"]["name"] == fault.name)
    if fault.change is None:
        objects.remove(found)
    else:
        fault.change(found)
    return objects


def break_sources(root: Path, fault: Fault) -> None:
    file = root / fault.file
    documents = list(yaml.safe_load_all(file.read_text()))
    (found,) = (d for d in documents if d["kind"] == fault.kind and d["metadata"]["name"] == fault.name)
    if fault.change is None:
        remove_resource(file.parent / "kustomization.yaml", file.name)
    else:
        fault.change(found)
        file.write_text(yaml.safe_dump_all(documents))


def remove_resource(kustomization: Path, name: str) -> None:
    lines = kustomization.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.strip() != f"- {name}"]
    assert len(kept) == len(lines) - 1
    kustomization.write_text("".join(kept))


def add_resource(kustomization: Path, name: str) -> None:
    text = kustomization.read_text()
    assert text.count("resources:\n") == 1
    kustomization.write_text(text.replace("resources:\n", f"resources:\n  - {name}\n"))


def faults_per_item() -> Iterator[tuple[int, int]]:
    for item in range(1, 11):
        yield item, sum(fault.item == item for fault in FAULTS)


def test_every_item_has_three_faults() -> None:
    assert [item for item, count in faults_per_item() if count < 3] == []
