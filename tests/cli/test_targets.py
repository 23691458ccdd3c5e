"""What a target can be, and what is judged when nothing is named."""

import shutil
from pathlib import Path

from tests.conftest import ROOT, QtValidate

OBJECTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: trading}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "qt/api:1.0"}]}
"""
NAMESPACE = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: trading}\n"


def test_an_overlay_by_its_path_and_relative_to_the_root(qt_validate: QtValidate, tmp_path: Path) -> None:
    short = qt_validate("--format", "json", "overlays/dev")
    assert short.target["target"] == "deploy/k8s/overlays/dev"
    assert short.target["profile"] == "dev"
    assert qt_validate("--format", "json", "deploy/k8s/overlays/dev/").report == short.report
    assert qt_validate("--format", "json", "overlays/dev/kustomization.yaml").report == short.report
    inside = qt_validate("--format", "json", ".", cwd=ROOT / "deploy/k8s/overlays/dev").target
    assert inside["profile"] == "dev"
    elsewhere = qt_validate("--format", "json", ROOT / "deploy/k8s/overlays/dev", cwd=tmp_path).target
    assert elsewhere["counts"] == short.target["counts"]


def test_every_overlay_when_none_is_named(qt_validate: QtValidate) -> None:
    run = qt_validate("--format", "json")
    found = {t["target"]: t["profile"] for t in run.report["targets"]}
    assert found == {"deploy/k8s/overlays/dev": "dev", "deploy/k8s/overlays/prod": "prod"}


def test_targets_are_judged_each_on_its_own(qt_validate: QtValidate) -> None:
    both = qt_validate("--format", "json", "overlays/prod", "overlays/dev").report["targets"]
    alone = [qt_validate("--format", "json", f"overlays/{n}").target for n in ("prod", "dev")]
    assert both == alone


def test_plain_yaml_from_a_file_a_folder_and_standard_input(qt_validate: QtValidate, tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text(OBJECTS)
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "notes.txt").write_text("no manifest")
    by_file = qt_validate("--format", "json", file).target
    by_folder = qt_validate("--format", "json", tmp_path).target
    by_stdin = qt_validate("--format", "json", "-", stdin=OBJECTS.encode()).target
    assert by_file["renderer"] == {"name": "plain", "version": None}
    assert by_folder["notes"] == [f"{tmp_path}/values.yaml holds no Kubernetes object"]
    for other in (by_folder, by_stdin):
        assert [f["message"] for f in other["findings"]] == [f["message"] for f in by_file["findings"]]
    assert {f["source"]["file"] for f in by_stdin["findings"]} == {"<stdin>"}
    lines = {f["rule"]: f["source"]["line"] for f in by_file["findings"]}
    assert lines["probes.liveness-missing"] == 9
    assert all(f["source"]["certainty"] == "exact" for f in by_file["findings"])


def test_absences_count_only_where_the_input_is_complete(qt_validate: QtValidate, tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text(OBJECTS)
    neighbours = {"availability.pdb-missing", "network.unprotected-pod"}
    lone = qt_validate("--format", "json", file)
    assert not lone.target["complete"]
    assert not lone.rules_of() & neighbours
    statuses = {rule["id"]: rule["status"] for rule in lone.target["rules"]}
    assert {statuses[rule] for rule in neighbours} == {"na"}
    assert "not known to be complete" in qt_validate(file).out
    for run in (
        qt_validate("--format", "json", "--complete", file),
        qt_validate("--format", "json", "--profile", "prod", file),
        qt_validate("--format", "json", "-", stdin=(OBJECTS + NAMESPACE).encode()),
    ):
        assert run.target["complete"]
        assert run.rules_of() >= neighbours


def test_finding_lines_of_an_overlay_open_its_sources(qt_validate: QtValidate, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copy(ROOT / "qt-validate.toml", tmp_path)
    file = tmp_path / "deploy/k8s/base/signals/poddisruptionbudget.yaml"
    text = file.read_text()
    file.write_text(
        "# moved down\n\n" + text.replace("app.kubernetes.io/name: signals", "app.kubernetes.io/name: sgnals")
    )
    run = qt_validate("--format", "json", "overlays/prod", cwd=tmp_path)
    (finding,) = (f for f in run.target["findings"] if f["rule"] == "availability.pdb-matches-nothing")
    source = finding["source"]
    assert source["file"] == "deploy/k8s/base/signals/poddisruptionbudget.yaml"
    assert source["certainty"] == "exact"
    assert (tmp_path / source["file"]).read_text().splitlines()[source["line"] - 1] == "  selector:"
    assert run.code == 1
