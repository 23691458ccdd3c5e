"""Which program builds, and in what environment."""

from pathlib import Path

import pytest

from validator.finding import TargetError
from validator.render import find_program, read_version


def program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_kustomize_on_path_then_beside_python_then_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, beside = tmp_path / "path", tmp_path / "venv"
    kubectl = program(path, "kubectl")
    beside.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setattr("sys.executable", str(beside / "python"))
    assert find_program().path == str(kubectl)
    own = program(beside, "kustomize")
    assert find_program().path == str(own)
    first = program(path, "kustomize")
    assert find_program().path == str(first)
    assert find_program("kubectl").name == "kubectl"
    first.unlink()
    own.unlink()
    kubectl.unlink()
    with pytest.raises(TargetError, match="neither `kustomize` nor `kubectl` is on PATH"):
        find_program()


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("kustomize", "v5.8.1\n", "v5.8.1"),
        ("kustomize", "{Version:kustomize/v4.5.7 GitCommit:56d8 BuildDate:2022}\n", "v4.5.7"),
        ("kustomize", "(devel)\n", "(devel)"),
        ("kubectl", '{"clientVersion": {}, "kustomizeVersion": "v5.5.0"}', "v5.5.0"),
        ("kubectl", "Client Version: v1.20\n", None),
    ],
)
def test_version(name: str, text: str, version: str | None) -> None:
    assert read_version(name, text) == version
