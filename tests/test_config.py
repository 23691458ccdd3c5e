"""qt-validate.toml: which profile a target has, and where the file is found."""

from pathlib import Path

import pytest

from validator.config import NEWEST, KubeVersions, Settings, find, from_table
from validator.finding import TargetError
from validator.schema import Schemas


@pytest.mark.parametrize(
    ("path", "profile"),
    [
        ("deploy/k8s/overlays/dev", "dev"),
        ("deploy/k8s/overlays/dev-eu", "dev"),
        ("deploy/k8s/overlays/prod", "prod"),
        ("deploy/k8s/overlays/other", "prod"),
        ("elsewhere/dev", "prod"),
    ],
)
def test_profile_by_the_first_matching_glob(tmp_path: Path, path: str, profile: str) -> None:
    table = {"profiles": {"overlays/dev*": "dev", "overlays/*": "prod"}}
    settings = from_table(table, tmp_path / "qt-validate.toml")
    assert settings.profile_of(tmp_path / path) == profile


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "qt-validate.toml").touch()
    assert find(inner) == tmp_path / "qt-validate.toml"
    (tmp_path / "a" / "qt-validate.toml").touch()
    assert find(inner) == tmp_path / "a" / "qt-validate.toml"


def test_defaults_without_a_file() -> None:
    assert Settings().profile_of(Path("overlays/dev")) == "prod"


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("1.28..1.37", KubeVersions(28, 37)),
        ("v1.30.4", KubeVersions(30, 30)),
        ("1.30 .. 1.31", KubeVersions(30, 31)),
        ("1.31..1.30", None),
        ("1.24..1.30", None),
        ("1.28..1.38", None),
        ("1.28..1.30..1.31", None),
        ("latest", None),
        ("", None),
    ],
)
def test_range_of_versions(text: str, versions: KubeVersions | None) -> None:
    assert KubeVersions.read(text) == versions


def test_unknown_range_is_refused() -> None:
    with pytest.raises(TargetError, match=r"`kube-version` is '1.2', not a version or a range"):
        from_table({"kube-version": "1.2"}, Path("qt-validate.toml"))


def test_newest_version_is_the_packed_one() -> None:
    assert Schemas().version == f"1.{NEWEST}"
