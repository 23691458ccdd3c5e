"""Which overlays a change reaches: by file, by git revision, gone files included."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QtValidate, Run

DEV, PROD = "deploy/k8s/overlays/dev", "deploy/k8s/overlays/prod"
CONFIG = 'root = "."\noverlays = ["overlays/*"]\ntopology = "topology.yaml"\n'


def reached(run: Run) -> list[str]:
    assert run.code == 0, run.err
    return run.out.splitlines()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("file", "overlays"),
    [
        ("deploy/k8s/base/signals/deployment.yaml", [DEV, PROD]),
        ("deploy/k8s/base/kustomization.yaml", [DEV, PROD]),
        ("deploy/k8s/base/redis/redis.conf", [DEV, PROD]),
        ("deploy/k8s/overlays/prod/patches/redis-storage.yaml", [PROD]),
        ("deploy/k8s/overlays/dev/kustomization.yaml", [DEV]),
        ("deploy/k8s/overlays/dev/secrets/api-keys.env", [DEV]),
        ("deploy/k8s/components/external-secrets/kustomization.yaml", [PROD]),
        ("deploy/k8s/topology.yaml", [DEV, PROD]),
        ("qt-validate.toml", [DEV, PROD]),
        ("deploy/k8s/README.md", []),
        ("README.md", []),
    ],
)
def test_files_of_this_repository(qt_validate: QtValidate, file: str, overlays: list[str]) -> None:
    run = qt_validate("affected", file)
    assert reached(run) == overlays
    assert run.err == ""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    kustomization = """\
resources: [../../base, cm.yaml, https://example.com/remote.yaml]
components: [../../components/c]
crds: [crd.json]
configurations: [names.yaml]
openapi: {path: openapi.json}
patches:
- path: patch.yaml
- patch: |
    - {op: remove, path: /data}
  target: {kind: ConfigMap}
patchesStrategicMerge: [merge.yaml, "kind: X\\nmetadata: {name: x}\\n"]
patchesJson6902: [{path: ops.yaml, target: {version: v1, kind: Pod, name: x}}]
replacements: [{path: replacement.yaml}, {source: {kind: Pod}, targets: []}]
configMapGenerator: [{name: g, files: [plain.txt, key=named.txt], envs: [one.env], env: old.env}]
secretGenerator: [{name: s, envs: [secret.env]}]
helmGlobals: {chartHome: helm}
helmCharts: [{name: app, valuesFile: values.yaml, additionalValuesFiles: [more.yaml]}]
transformers: [plugin.yaml]
generators: ["kind: G\\npath: of-generator.yaml\\n"]
"""
    write(
        tmp_path,
        {
            "qt-validate.toml": CONFIG,
            "overlays/a/kustomization.yaml": kustomization,
            "overlays/a/plugin.yaml": "kind: PatchTransformer\npath: of-plugin.yaml\n",
            "overlays/b/kustomization.yml": "resources: [../../base]\n",
            "base/kustomization.yaml": "resources: [pod.yaml, gone]\n",
            "base/pod.yaml": "kind: Pod\n",
            "components/c/kustomization.yaml": "kind: Component\npatches: [{path: p.yaml}]\n",
            "unused/kustomization.yaml": "resources: [x.yaml]\n",
        },
    )
    return tmp_path


@pytest.mark.parametrize(
    "file",
    """cm.yaml crd.json names.yaml openapi.json patch.yaml merge.yaml ops.yaml replacement.yaml plain.txt
    named.txt one.env old.env secret.env values.yaml more.yaml helm/app/Chart.yaml plugin.yaml of-plugin.yaml
    of-generator.yaml ../../components/c/p.yaml""".split(),
)
def test_every_kind_of_reference_counts_whether_the_file_is_there_or_not(
    qt_validate: QtValidate, project: Path, file: str
) -> None:
    assert reached(qt_validate("affected", f"overlays/a/{file}", cwd=project)) == ["overlays/a"]


@pytest.mark.parametrize("file", ["base/pod.yaml", "base/gone/kustomization.yaml", "base/gone/x/y.yaml"])
def test_a_base_and_what_was_deleted_below_a_path_that_is_still_named(
    qt_validate: QtValidate, project: Path, file: str
) -> None:
    run = qt_validate("affected", project / file, cwd=project)
    assert reached(run) == ["overlays/a", "overlays/b"]


def test_a_file_that_is_gone_for_good_reaches_none_and_that_is_said(
    qt_validate: QtValidate, project: Path
) -> None:
    run = qt_validate("affected", "base/old.yaml", "unused/x.yaml", "base/pod.yml", cwd=project)
    assert reached(run) == []
    assert "no overlay refers to it: base/old.yaml, base/pod.yml, unused/x.yaml" in run.err
    assert reached(qt_validate("affected", "unused/kustomization.yaml", cwd=project)) == []


def test_json_tells_which_files_reach_an_overlay(qt_validate: QtValidate, project: Path) -> None:
    run = qt_validate("affected", "--format", "json", "overlays/a/cm.yaml", "base/pod.yaml", cwd=project)
    assert json.loads(run.out) == {
        "version": 1,
        "overlays": [
            {"target": "overlays/a", "files": ["overlays/a/cm.yaml", "base/pod.yaml"]},
            {"target": "overlays/b", "files": ["base/pod.yaml"]},
        ],
    }
    none = qt_validate("affected", "--format", "json", "unused/kustomization.yaml", cwd=project)
    assert json.loads(none.out) == {"version": 1, "overlays": []}


def test_symbolic_links_count_by_both_names(qt_validate: QtValidate, project: Path) -> None:
    write(project, {"shared/pod.yaml": "kind: Pod\n"})
    (project / "base/pod.yaml").unlink()
    os.symlink("../shared/pod.yaml", project / "base/pod.yaml")
    for file in ("base/pod.yaml", "shared/pod.yaml"):
        assert reached(qt_validate("affected", file, cwd=project)) == ["overlays/a", "overlays/b"]


def test_kustomizations_that_include_each_other_or_cannot_be_read(
    qt_validate: QtValidate, project: Path
) -> None:
    write(project, {"base/kustomization.yaml": "resources: [../overlays/b]\n"})
    assert reached(qt_validate("affected", "base/pod.yaml", cwd=project)) == []
    write(project, {"base/kustomization.yaml": "resources: [\n"})
    run = qt_validate("affected", "base/pod.yaml", cwd=project)
    assert reached(run) == ["overlays/a", "overlays/b"]
    assert "base/kustomization.yaml:2" in run.err
    assert "every file is taken to reach it" in run.err


@pytest.mark.parametrize(
    "text",
    [
        "- a list\n",
        "just a text\n",
        "",
        "resources: 3\npatches: [x, {path: 1}, {path: [a]}]\nhelmGlobals: x\n",
        'resources: ["a\\0b", "", null, {a: b}]\nhelmCharts: [x, {name: "\\0"}, {name: [1]}]\n',
        "configMapGenerator: {a: b}\nsecretGenerator: [x, {files: y, envs: [1]}]\ngenerators: [1, '']\n",
        'transformers: ["- a\\n- b\\n", ".", ".."]\n',
        "resources: [.., ., ../..]\n",
    ],
)
def test_odd_kustomizations_refer_to_what_they_can(qt_validate: QtValidate, project: Path, text: str) -> None:
    write(project, {"overlays/b/kustomization.yml": text})
    assert "overlays/b" in reached(qt_validate("affected", "overlays/b/kustomization.yml", cwd=project))


def test_names_that_are_no_text(qt_validate: QtValidate, project: Path) -> None:
    odd = os.fsdecode(b"overlays/a/helm/app/caf\xe9.yaml")
    run = qt_validate("affected", "--format", "json", odd, "overlays/a/helm/app/é.yaml", cwd=project)
    (overlay,) = json.loads(run.out)["overlays"]
    assert [os.fsencode(file) for file in overlay["files"]] == [
        os.fsencode(odd),
        "overlays/a/helm/app/é.yaml".encode(),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to look for"),
        (("--since", "no-such-revision"), "git says: fatal: "),
        (("--since", "--output=x"), "not a revision"),
        (("--config", "nowhere.toml", "x"), "nowhere.toml: cannot read it"),
    ],
)
def test_what_cannot_be_answered(
    qt_validate: QtValidate, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    git(project, "init", "--quiet")
    run = qt_validate("affected", *arguments, cwd=project)
    assert run.code == 2
    assert run.out == ""
    assert message in run.err


def test_since_needs_a_repository(qt_validate: QtValidate, project: Path) -> None:
    run = qt_validate(
        "affected", "--since", "HEAD", cwd=project, env={"GIT_CEILING_DIRECTORIES": str(project.parent)}
    )
    assert run.code == 2
    assert "not a git repository" in run.err


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(project: Path) -> Path:
    write(
        project,
        {
            "overlays/a/kustomization.yaml": "resources: [../../base, a.yaml]\npatches: [{path: p.yaml}]\n",
            "overlays/a/p.yaml": "kind: Pod\n",
            "overlays/b/kustomization.yml": "resources: [b.yaml, ../../nested]\n",
            "overlays/b/b.yaml": "kind: Pod\n",
            "nested/kustomization.yaml": "resources: [n.yaml]\n",
            "nested/n.yaml": "kind: Pod\n",
        },
    )
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "first")
    return project


def since(qt_validate: QtValidate, folder: Path) -> dict[str, Any]:
    run = qt_validate("affected", "--since", "HEAD", "--format", "json", cwd=folder)
    assert run.code == 0, run.err
    return {each["target"]: each["files"] for each in json.loads(run.out)["overlays"]}


def test_since_a_revision(qt_validate: QtValidate, repository: Path) -> None:
    assert since(qt_validate, repository) == {}
    (repository / "overlays/b/b.yaml").write_text("kind: Service\n")
    assert since(qt_validate, repository) == {"overlays/b": ["overlays/b/b.yaml"]}
    below = since(qt_validate, repository / "overlays")
    assert list(below.values()) == [["b/b.yaml"]]


def test_since_sees_what_is_untracked(qt_validate: QtValidate, repository: Path) -> None:
    write(repository, {"overlays/a/a.yaml": "kind: Pod\n", "overlays/a/ä b.yaml": "kind: Pod\n"})
    assert since(qt_validate, repository) == {"overlays/a": ["overlays/a/a.yaml"]}


def test_since_sees_renames_by_both_names_and_deletions(qt_validate: QtValidate, repository: Path) -> None:
    git(repository, "mv", "overlays/a/p.yaml", "overlays/a/q.yaml")
    assert since(qt_validate, repository) == {"overlays/a": ["overlays/a/p.yaml"]}
    git(repository, "rm", "--quiet", "-r", "nested")
    (repository / "base/pod.yaml").unlink()
    assert since(qt_validate, repository) == {
        "overlays/a": ["base/pod.yaml", "overlays/a/p.yaml"],
        "overlays/b": ["nested/kustomization.yaml", "nested/n.yaml"],
    }


def test_one_of_three_hundred_kustomizations_is_found(qt_validate: QtValidate, tmp_path: Path) -> None:
    write(tmp_path, {"qt-validate.toml": CONFIG})
    for number in range(150):
        entries = "".join(f"- r{n}.yaml\n" for n in range(6))
        write(
            tmp_path,
            {
                f"base/{number}/kustomization.yaml": f"resources:\n{entries}",
                f"overlays/{number}/kustomization.yaml": f"resources: [../../base/{number}, ../../base/0]\n",
            },
        )
    run = qt_validate("affected", "base/7/r3.yaml", cwd=tmp_path)
    assert reached(run) == ["overlays/7"]
