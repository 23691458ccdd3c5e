"""The source tree finds each rendered object's origin; Kustomize's own annotations are the oracle."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from validator.finding import NOWHERE, ObjectRef
from validator.kustomization import read_tree
from validator.manifest import parse, resources
from validator.references import is_remote

ORIGIN = "config.kubernetes.io/origin"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_origins_agree_with_kustomize(name: str, tmp_path: Path, renderers: dict[str, str]) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlay = tmp_path / "deploy/k8s/overlays" / name
    tree = read_tree(overlay, str)
    with (overlay / "kustomization.yaml").open("a") as file:
        file.write("\nbuildMetadata: [originAnnotations]\n")
    built = subprocess.run(
        [renderers["v5.8.1"], "build", overlay], capture_output=True, text=True, check=True
    )
    found = resources(parse(built.stdout, "render"))
    assert len(found) > 40
    for resource in found:
        annotation = parse(resource.get("metadata", "annotations", ORIGIN), "origin")[0][0]
        expected = overlay / (annotation.get("path") or annotation["configuredIn"])
        source = tree.origin(resource.ref)
        assert source.file is not None, resource.ref
        assert Path(source.file).resolve() == expected.resolve(), resource.ref
        assert source.line is not None
        lines = Path(source.file).read_text().splitlines()
        if "path" in annotation:
            block = "\n".join(lines[source.line - 1 : source.end_line])
            assert f"kind: {resource.kind}" in block
        else:
            assert f"name: {resource.name.rpartition('-')[0]}" in lines[source.line - 1]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_prefixes_suffixes_and_namespaces_accumulate(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: api}\n"
    write(
        tmp_path,
        base__kustomization="resources: [pod.yaml]\nnamePrefix: b-\nnamespace: base\n",
        base__pod="# comment\n" + pod,
        top__kustomization="resources: [../base]\nnamePrefix: t-\nnameSuffix: -x\nnamespace: top\n",
    )
    tree = read_tree(tmp_path / "top", str)
    source = tree.origin(ObjectRef("v1", "Pod", "top", "t-b-api-x"))
    assert source.file == str(tmp_path / "base/pod.yaml")
    assert (source.line, source.certainty) == (2, "origin")


def test_an_ambiguous_origin_is_unknown(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: %s}\n"
    write(tmp_path, kustomization="resources: [a.yaml, b.yaml]\n", a=pod % "one", b=pod % "two")
    tree = read_tree(tmp_path, str)
    assert tree.origin(ObjectRef("v1", "Pod", "two", "api")).file == str(tmp_path / "b.yaml")
    assert tree.origin(ObjectRef("v1", "Pod", "three", "api")) is NOWHERE


@pytest.mark.parametrize(
    ("entry", "remote"),
    [
        ("https://example.com/base.yaml", True),
        ("github.com/org/repo//base?ref=v1", True),
        ("git@github.com:org/repo", True),
        ("git::https://example.com/repo", True),
        ("ssh://git@example.com/repo", True),
        ("gitlab.example.com/org/repo?ref=main", True),
        ("../base", False),
        ("./github.com-copy", False),
        ("base.yaml", False),
        ("v1.2/base", False),
    ],
)
def test_remote_entries(entry: str, remote: bool) -> None:
    assert is_remote(entry) is remote
