"""qt-validate.toml: which profile a target has, and where the file is found."""

from pathlib import Path

import pytest

from validator.config import Settings, find, from_table


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
