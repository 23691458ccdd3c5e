"""Manifest lies beside a kustomization that does not include it, so nothing builds it.

It looks deployed to everyone who reads the folder. Often it is a file that was added and never listed, such
as a NetworkPolicy, or a patch left over from a change. A file that a kustomization names in a comment is
left out on purpose, and so is what lies below a kustomization of its own, in a Helm chart, or belongs to
another tool.
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resources/

Fix: List the file under `resources` or `patches`, delete it, or say in a comment of the kustomization why it
stays.

Bad:
    # file: kustomization.yaml
    resources: [service.yaml]
    # file: service.yaml
    kind: Service
    spec: {ports: [{port: 80}]}
    # file: networkpolicy.yaml
    apiVersion: networking.k8s.io/v1  # finding
    kind: NetworkPolicy
    metadata: {name: example}
    spec: {podSelector: {}}
Good:
    # file: kustomization.yaml
    resources: [service.yaml, networkpolicy.yaml]
    # file: service.yaml
    kind: Service
    spec: {ports: [{port: 80}]}
    # file: networkpolicy.yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: example}
    spec: {podSelector: {}}
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from validator.finding import Address, Source
from validator.kustomization import Kustomization
from validator.overlay import FILE_NAMES, kustomization_file
from validator.replay.sources import Files
from validator.rule import Findings, Severity, rule

_API_VERSION = re.compile(r"^apiVersion:[ \t]*['\"]?([\w./-]+)", re.MULTILINE)
_WORD = re.compile(r"[^\s\"'`=,:;()\[\]{}#]+")
_KIND = re.compile(r"^kind:[ \t]*['\"]?(\w+)", re.MULTILINE)
_YAML = (".yaml", ".yml")
_NOT_APPLIED = re.compile(
    r"(?:skaffold|kind\.x-k8s\.io|backstage\.io|kpt\.dev|ctlptl\.dev|kuttl\.dev|k3d\.io|eksctl\.io|cli\.kyverno\.io"
    r"|chainsaw\.kyverno\.io|kubeadm\.k8s\.io|audit\.k8s\.io|\w+\.config\.k8s\.io)/"
)
"""The files of other tools and of the server's own configuration."""
_ROOTS = frozenset({"Kustomization", "Component", "Application", "ApplicationSet", "AppProject"})
"""Kinds that say what is built rather than being built: Kustomize's, Flux's and Argo CD's."""


@rule(Severity.WARNING)
def orphan_file(kustomization: Kustomization) -> Findings:
    folder, files = kustomization.folder, kustomization.files
    named = _named(files, folder)
    for name in _yaml_files(folder):
        if name in named:
            continue
        file = folder / name
        text = files.text(file) or ""
        version, kind = _API_VERSION.search(text), _KIND.search(text)
        if not version or not kind or "{{" in text or _NOT_APPLIED.match(version[1]) or kind[1] in _ROOTS:
            continue
        if not any(os.path.relpath(file, above) in _named(files, above) for above in _above(folder)):
            line = text.count("\n", 0, version.start()) + 1
            place = Source(files.show(file), line, 1, line, 1, "exact")
            yield Address(None, (), source=place), f"no kustomization includes this {kind[1]}"


def _named(files: Files, folder: Path) -> set[str]:
    """The paths that the kustomization of a folder names anywhere, be it in a comment."""
    file = kustomization_file(folder)
    words = _WORD.findall((file and files.text(file)) or "")
    return {word.removeprefix("./").rstrip(".") for word in words}


def _yaml_files(folder: Path, below: str = "") -> Iterator[str]:
    """The files of a folder, and of those below it that have no kustomization or chart of their own."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda each: each.name)
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.name.endswith(_YAML):
            if entry.name not in FILE_NAMES and entry.is_file():
                yield below + entry.name
        elif entry.is_dir(follow_symlinks=False):
            path = folder / entry.name
            if kustomization_file(path) is None and not (path / "Chart.yaml").exists():
                yield from _yaml_files(path, f"{below}{entry.name}/")


def _above(folder: Path) -> Iterator[Path]:
    """The folders around one, up to the repository's: Kustomize includes no file from beside or above."""
    path = Path(os.path.abspath(folder))
    while not (path / ".git").exists() and path != path.parent:
        path = path.parent
        yield path
