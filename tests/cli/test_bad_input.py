"""Whatever is wrong with the input: exit 2, what is wrong, where, and what to do; never a traceback."""

import os
from pathlib import Path

import pytest

from tests.conftest import BIN, ROOT, QtValidate, Run

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: trading}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: NAME, image: "qt/NAME:1.0"}]}
"""


def refused(run: Run, *words: str) -> None:
    assert run.code == 2, run.out + run.err
    said = " ".join((run.out + run.err).split())
    for word in words:
        assert word in said


def overlay(folder: Path, kustomization: str, **files: str) -> Path:
    (folder / "kustomization.yaml").write_text(kustomization)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_missing_path(qt_validate: QtValidate) -> None:
    refused(qt_validate("overlays/prd"), "`overlays/prd` does not exist", "deploy/k8s")


def test_empty_target(qt_validate: QtValidate) -> None:
    refused(qt_validate(""), "a target is empty")


def test_no_target_and_no_overlay(qt_validate: QtValidate, tmp_path: Path) -> None:
    refused(qt_validate(cwd=tmp_path), "no overlay found", "name a target")


def test_folder_without_manifests(qt_validate: QtValidate, tmp_path: Path) -> None:
    refused(qt_validate(tmp_path), "holds no Kubernetes object")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: [1, 2\nb: 3\n", ":2:", "broken YAML"),
        ("kind: Pod\n\tname: x\n", ":2:", "does not allow a tab"),
        ("apiVersion: v1\nkind: {{ .Values.kind }}\n", ":2:", "render it first"),
        ("? [a, b]\n: 1\n", ":1:3", "a key of this mapping is itself a list"),
    ],
)
def test_broken_yaml(qt_validate: QtValidate, tmp_path: Path, text: str, place: str, message: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text)
    refused(qt_validate(file), f"broken.yaml{place}", message)


def test_broken_yaml_in_an_overlay(qt_validate: QtValidate, tmp_path: Path) -> None:
    overlay(tmp_path, "resources: [pod.yaml]\n", pod="apiVersion: v1\nkind: Pod\nmetadata: {name: x\n")
    refused(qt_validate(tmp_path), "pod.yaml:4", "broken YAML")


def test_broken_kustomization(qt_validate: QtValidate, tmp_path: Path) -> None:
    overlay(tmp_path, "resources:\n- pod.yaml\n  - other.yaml: [\n")
    refused(qt_validate(tmp_path), "kustomization.yaml:", "broken YAML")


def test_not_an_object(qt_validate: QtValidate, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("replicas: 3\n")
    refused(qt_validate(file), "values.yaml:1", "no `apiVersion`")


@pytest.mark.parametrize(
    ("kustomization", "message"),
    [
        (
            "resources: [deployment.yaml]\n",
            "`deployment.yaml` is named by a kustomization and does not exist",
        ),
        (
            "resource: [pod.yaml]\n",
            "kustomization.yaml:1:1 a kustomization has the unknown field `resource`; did you mean",
        ),
        ("patches: [{path: gone.yaml}]\nresources: [pod.yaml]\n", "gone.yaml"),
        (
            "resources: [pod.yaml]\npatches: [{patch: '{apiVersion: v1, kind: Pod, metadata: {name: y}}'}]\n",
            "a patch is for Pod/y",
        ),
        ("resources: [https://github.com/example/base?ref=v1]\n", "--allow-remote"),
        ("resources: [.]\n", "includes itself"),
        ("configMapGenerator: {}\nresources: [pod.yaml]\n", "kustomization.yaml"),
    ],
)
def test_build_failure(qt_validate: QtValidate, tmp_path: Path, kustomization: str, message: str) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: x, image: x:1}]}\n"
    overlay(tmp_path, kustomization, pod=pod)
    refused(qt_validate(tmp_path), message)


def test_raw_message_of_kustomize_under_verbose(qt_validate: QtValidate, tmp_path: Path) -> None:
    overlay(tmp_path, "resources: [gone.yaml]\n")
    assert "accumulating resources" not in qt_validate(tmp_path).out
    assert "accumulating resources" in qt_validate("-v", tmp_path).out


def test_panic_of_the_renderer(qt_validate: QtValidate, tmp_path: Path) -> None:
    """No input is known that still makes both pinned versions panic, so a renderer that does stands in."""
    program = tmp_path / "kustomize"
    program.write_text(
        "#!/bin/sh\n[ $1 = version ] && { echo v5.8.1; exit; }\n"
        "echo 'panic: interface conversion: interface {} is nil, not string' >&2\n"
        "printf '\\ngoroutine 1 [running]:\\nmain.main()\\n' >&2\nexit 2\n"
    )
    program.chmod(0o755)
    folder = tmp_path / "overlay"
    folder.mkdir()
    overlay(folder, "resources: []\n")
    run = qt_validate("--renderer", program, folder)
    refused(run, "Kustomize crashed: interface conversion", "kustomization.yaml")
    assert "goroutine" not in run.out + run.err
    assert "goroutine" in qt_validate("-v", "--renderer", program, folder).out


def test_no_object_rendered(qt_validate: QtValidate, tmp_path: Path) -> None:
    refused(qt_validate(overlay(tmp_path, "resources: []\n")), "no object")
    empty = tmp_path / "empty.yaml"
    for text in ("", "---\n---\n", "# nothing\n"):
        empty.write_text(text)
        refused(qt_validate(empty), "empty.yaml", "holds no Kubernetes object")
    refused(qt_validate("-"), "holds no Kubernetes object")


def test_duplicate_objects(qt_validate: QtValidate, tmp_path: Path) -> None:
    text = DEPLOYMENT.replace("NAME", "api")
    file = tmp_path / "twice.yaml"
    file.write_text(f"{text}---\n{text}")
    refused(qt_validate(file), "Deployment/api stands here twice", "the first is at", "twice.yaml:12")
    folder = tmp_path / "overlay"
    folder.mkdir()
    overlay(folder, "resources: [a.yaml, b.yaml]\n", a=text, b=text)
    refused(qt_validate(folder), "Deployment/api", "a.yaml", "b.yaml")


def test_unknown_rule_or_option(qt_validate: QtValidate) -> None:
    refused(qt_validate("--select", "image.moving-tag"), "no such rule", "did you mean `images.moving-tag`?")
    refused(qt_validate("--ignore", "probs"), "did you mean `probes`?")
    refused(qt_validate("--formt", "json"), "--formt", "--format")
    refused(qt_validate("--fail-on", "fatal"), "fatal")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("overlay = ['x']\n", "unknown key `overlay`; did you mean `overlays`?"),
        ("overlays = 'x'\n", "`overlays` must be a list of strings"),
        ("[profiles]\nx = 'staging'\n", "neither dev nor prod"),
        ("[rules.'images.moving-tg']\n", "did you mean `images.moving-tag`?"),
        ("[rules.'images.moving-tag']\ntag = ['x']\n", "did you mean `tags`?"),
        ("[rules.'images.moving-tag']\ntags = 'x'\n", "tags"),
        ("root = \n", "broken TOML"),
        ("topology = 'gone.yaml'\n", "gone.yaml"),
    ],
)
def test_bad_configuration(qt_validate: QtValidate, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "qt-validate.toml"
    file.write_text(text)
    refused(qt_validate("--config", file, ROOT / "deploy/k8s/overlays/dev"), message)


def test_unreadable_file(qt_validate: QtValidate, tmp_path: Path) -> None:
    """A folder in a file's place is unreadable for root, too."""
    (tmp_path / "pod.yaml").mkdir()
    overlay(tmp_path, "resources: []\nconfigMapGenerator: [{name: x, files: [pod.yaml]}]\n")
    refused(qt_validate(tmp_path), "pod.yaml")
    if os.geteuid() != 0:
        file = tmp_path / "secret.yaml"
        file.write_text("kind: Pod\n")
        file.chmod(0)
        refused(qt_validate(file), "secret.yaml", "Permission denied")
    refused(qt_validate("/dev/fd/99"), "/dev/fd/99")


def test_not_utf8(qt_validate: QtValidate, tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"apiVersion: v1\nkind: Pod\nmetadata: {name: caf\xe9}\n")
    refused(qt_validate(file), "latin.yaml:3:21", "not UTF-8: byte 0xe9")
    file.write_bytes("apiVersion: v1\n".encode("utf-16"))
    refused(qt_validate(file), "latin.yaml:1:1", "not UTF-8")
    refused(qt_validate("-", stdin=b"\xff\xfe"), "not UTF-8")


def test_list_of_objects_is_judged_item_by_item(qt_validate: QtValidate, tmp_path: Path) -> None:
    items = [DEPLOYMENT.replace("NAME", name).replace("\n", "\n  ") for name in ("a", "b")]
    file = tmp_path / "list.yaml"
    file.write_text(
        "apiVersion: v1\nkind: List\nitems:\n" + "".join(f"- {item.rstrip()}\n" for item in items)
    )
    run = qt_validate("--format", "json", "--select", "probes.liveness-missing", file)
    assert run.code == 1
    assert run.target["counts"]["objects"] == 2
    assert [f["source"]["line"] for f in run.target["findings"]] == [11, 19]


@pytest.mark.parametrize("brackets", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "[\n" * 100_000])
def test_nesting_that_would_crash_the_parser(qt_validate: QtValidate, tmp_path: Path, brackets: str) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n {brackets}")
    run = qt_validate(file, timeout=10)
    refused(run, "deep.yaml:", "nested more than 200 levels deep")
    assert run.peak < 200


def test_alias_bomb(qt_validate: QtValidate, tmp_path: Path) -> None:
    layers = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(layers) + "\n")
    run = qt_validate(file, timeout=10)
    refused(run, "bomb.yaml:", "aliases here expand to more than 1,000,000 values")
    assert run.peak < 200
    file.write_text("a: &a\n  b: *a\n")
    refused(qt_validate(file, timeout=10), "bomb.yaml:")


def test_file_of_100_mb(qt_validate: QtValidate, tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 * 10**6)
    run = qt_validate(file, timeout=10)
    refused(run, "huge.yaml", "95 MiB is more than the 64 MiB")
    assert run.peak < 200
    run = qt_validate("-", stdin=b"#" * 100 * 10**6, timeout=20)
    refused(run, "more than the 64 MiB")


def test_neither_kustomize_nor_kubectl(qt_validate: QtValidate, tmp_path: Path) -> None:
    """A virtual environment of links to this one, without its Kustomize."""
    for name in ("python", "qt-validate"):
        (tmp_path / name).symlink_to(BIN / name)
    run = qt_validate("--renderer", "kubectl", "overlays/prod", env={"PATH": str(tmp_path)})
    refused(run, "`kubectl` is not on PATH", "go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1")


def test_renderer_that_is_none(qt_validate: QtValidate, tmp_path: Path) -> None:
    refused(qt_validate("--renderer", "kustomise", "overlays/prod"), "`kustomise` is not a program")
    text = tmp_path / "kustomize"
    text.write_text("not a program")
    text.chmod(0o755)
    refused(qt_validate("--renderer", text, "overlays/prod"), "cannot run")


def test_report_is_not_lost_when_its_file_cannot_be_written(qt_validate: QtValidate, tmp_path: Path) -> None:
    run = qt_validate("--format", "json", "--output", tmp_path / "no" / "report.json", "overlays/dev")
    refused(run, "cannot write", "No such file or directory", "the report follows on standard output")
    assert run.target["target"] == "deploy/k8s/overlays/dev"


def test_one_bad_target_does_not_hide_the_others(qt_validate: QtValidate, tmp_path: Path) -> None:
    run = qt_validate("--format", "json", "overlays/dev", tmp_path / "gone", tmp_path)
    assert run.code == 2
    first, second, third = run.report["targets"]
    assert first["error"] is None
    assert first["counts"]["objects"] > 0
    assert "does not exist" in second["error"]["message"]
    assert "no Kubernetes object" in third["error"]["message"]
