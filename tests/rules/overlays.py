"""The examples that are overlays: written to a folder, built by Kustomize, and judged with their sources."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

import pytest

from tests.rules.examples import Example, api_version, complete_rendered, judge, mentioned_keys
from validator.finding import Finding
from validator.input import Input, Request
from validator.manifest import dig, parse
from validator.overlay import FILE_NAMES
from validator.rule import Rule
from validator.source import Sources
from validator.target import Target

_GIT = ("git", "-c", "user.name=example", "-c", "user.email=example@example.com")


@dataclass(frozen=True, slots=True)
class Overlay:
    """An example that Kustomize has built. The first kustomization of its files is the overlay."""

    example: Example
    folder: Path
    sources: Sources

    def judge(self, rules: Iterable[Rule], mentioned: frozenset[str], *, complete: bool) -> list[Finding]:
        """The findings on its objects, in which nothing but what is mentioned is left out."""
        objects = complete_rendered(self.sources.resources, mentioned)
        return judge(rules, objects, self.example, complete=complete, sources=self.sources)

    def places(self, findings: Iterable[Finding]) -> set[tuple[str, int]]:
        """Where findings stand: file and line. All are exact."""
        found = set()
        for finding in findings:
            source = self.sources.locate(finding.address)
            assert source.certainty == "exact", finding.message
            assert source.file is not None
            assert source.line is not None
            found.add((str(Path(source.file).relative_to(self.folder)), source.line))
        return found


def build(example: Example, folder: Path, renderer: str | None = None, *, remote: bool = False) -> Overlay:
    """Build the overlay with the real Kustomize; no finding of an overlay is possible without."""
    for name, text in example.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + _left_out(name, text))
    first = next(name for name in example.files if PurePath(name).name in FILE_NAMES)
    repositories = {name.partition(".git/")[0] + ".git" for name in example.files if ".git/" in name}
    request = Request(example.settings, renderer=renderer, allow_remote=remote or bool(repositories))
    with _served(folder, repositories):
        rendered = Input(Target("example", (folder / first).parent, "overlay"), request).finish()
    return Overlay(example, folder, rendered.sources)


def mentioned(*examples: Example) -> frozenset[str]:
    """The keys that stand in the examples' manifests and patches."""
    return mentioned_keys(*(t for e in examples for n, t in e.files.items() if _is_manifest(n)))


def _is_manifest(name: str) -> bool:
    return name.endswith(".yaml") and PurePath(name).name not in FILE_NAMES


def _left_out(name: str, text: str) -> str:
    """What Kustomize cannot do without, at the end of a file, so that no line moves."""
    documents = parse(text, name) if _is_manifest(name) else []
    if len(documents) != 1 or type(kind := dig(documents[0][0], "kind")) is not str:
        return ""
    value = documents[0][0]
    version = "" if "apiVersion" in value else f"\napiVersion: {api_version(kind)}\n"
    return version + ("" if "metadata" in value else "\nmetadata: {name: example}\n")


@contextmanager
def _served(folder: Path, repositories: Iterable[str]) -> Iterator[None]:
    """Folders named `OWNER/NAME.git` as repositories of github.com, with the tag v1.2.0 on `main`."""
    for name in repositories:
        for command in (
            ("init", "-q", "-b", "main"),
            ("add", "."),
            ("commit", "-qm", "1"),
            ("tag", "v1.2.0"),
        ):
            subprocess.run([*_GIT, *command], cwd=folder / name, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_COUNT", "1")
        patch.setenv("GIT_CONFIG_KEY_0", f"url.{folder}/.insteadOf")
        patch.setenv("GIT_CONFIG_VALUE_0", "git@github.com:")
        yield
