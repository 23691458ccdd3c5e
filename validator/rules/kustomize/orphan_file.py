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
from validator.rule import Findings, Severity, rule

_API_VERSION = re.compile(r"^apiVersion:[ \t]*['\"]?([\w./-]+)", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*['\"]?(\w+)", re.MULTILINE)
_NOT_APPLIED = re.compile(
    r"(?:skaffold|kind\.x-k8s\.io|backstage\.io|kpt\.dev|ctlptl\.dev|kuttl\.dev|k3d\.io|eksctl\.io|cli\.kyverno\.io"
    r"|chainsaw\.kyverno\.io|kubeadm\.k8s\.io|audit\.k8s\.io|\w+\.config\.k8s\.io|kustomize\.config\.k8s\.io)/"
)
"""The files of other tools and of the server's own configuration."""
_ROOTS = frozenset({"Kustomization", "Component", "Application", "ApplicationSet", "AppProject"})
"""Kinds that say what is built rather than being built: Kustomize's, Flux's and Argo CD's."""


@rule(Severity.WARNING)
def orphan_file(kustomization: Kustomization) -> Findings:
    for file in _yaml_files(kustomization.folder):
        if _mentioned(kustomization, file, kustomization.folder):
            continue
        text = kustomization.files.text(file) or ""
        version, kind = _API_VERSION.search(text), _KIND.search(text)
        if not version or not kind or "{{" in text or _NOT_APPLIED.match(version[1]) or kind[1] in _ROOTS:
            continue
        if not any(_mentioned(kustomization, file, folder) for folder in _above(kustomization.folder)):
            line = text.count("\n", 0, version.start()) + 1
            place = Source(kustomization.files.show(file), line, 1, line, 1, "exact")
            yield Address(None, (), source=place), f"no kustomization includes this {kind[1]}"


def _yaml_files(folder: Path) -> Iterator[Path]:
    """The files of a folder, and of those below it that have no kustomization or chart of their own."""
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if kustomization_file(path) is None and not (path / "Chart.yaml").exists():
                yield from _yaml_files(path)
        elif entry.name.endswith((".yaml", ".yml")) and entry.name not in FILE_NAMES:
            yield path


def _mentioned(kustomization: Kustomization, file: Path, folder: Path) -> bool:
    """Whether the kustomization of a folder names a file, be it in a comment."""
    found = kustomization_file(folder)
    text = None if found is None else kustomization.files.text(found)
    name = re.escape(os.path.relpath(file, folder))
    return text is not None and re.search(rf"(?<![\w./-])(?:\./)?{name}(?![\w/-])", text) is not None


def _above(folder: Path) -> Iterator[Path]:
    """The folders around one, up to the repository's: Kustomize includes no file from beside or above."""
    path = Path(os.path.abspath(folder))
    while not (path / ".git").exists() and path != path.parent:
        path = path.parent
        yield path
