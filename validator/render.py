"""Building an overlay with Kustomize itself.

The overlay is built by its own path, unchanged. The build runs as a process of its own, so that the
sources and the rules are read meanwhile. Nothing is fetched: the child's environment closes the ways
by which Kustomize reaches the network, unless remote bases are allowed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from validator.finding import Renderer, Source, TargetError

if TYPE_CHECKING:
    from validator.kustomization import SourceTree

HOW_TO_GET_ONE = (
    "get one in one command: `go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1`, or "
    "`brew install kustomize`; in this repository `make setup` builds one without either"
)
_NO_NETWORK = {
    # Git refuses every transport but local files; Go's HTTP client goes to a closed port.
    "GIT_ALLOW_PROTOCOL": "file",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
}


_ID = r"(\w+)\.[^/\s]+/([^\s':;]+)\.[^\s.':;]+"
"""How Kustomize writes an object's identity: `Deployment.v1.apps/api.trading`, `Pod.v1.[noGrp]/x.[noNs]`."""
_LESS_COLLECTION = {"GOGC": "400"}
"""At its default of 100, Go's collector takes a third of a build's CPU time to save some 40 MiB."""
_FIELDS = (
    "resources components crds namespace namePrefix nameSuffix labels commonAnnotations patches images "
    "replacements replicas configMapGenerator secretGenerator generatorOptions generators transformers "
    "validators helmCharts helmGlobals configurations openapi sortOptions buildMetadata"
).split()
"""A kustomization's fields that are not deprecated (Kustomize's api/types/kustomization.go)."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can build: its name (`kustomize` or `kubectl`) and path."""

    name: str
    path: str

    def build(self, overlay: Path) -> list[str]:
        return [self.path, "build" if self.name == "kustomize" else "kustomize", str(overlay)]

    def version(self) -> list[str]:
        return (
            [self.path, "version"]
            if self.name == "kustomize"
            else [self.path, "version", "--client", "-o", "json"]
        )


def find_program(choice: str | None = None) -> Program:
    """The renderer: the one chosen (`kustomize`, `kubectl` or a path), else the first one found.

    `kustomize` is looked for on PATH and beside the Python that runs us, then `kubectl` on PATH.
    """
    if choice and choice not in ("kustomize", "kubectl"):
        path = shutil.which(choice)
        if path is None:
            raise TargetError(f"renderer `{choice}` is not a program that can be run", hint=HOW_TO_GET_ONE)
        return Program("kubectl" if "kubectl" in os.path.basename(path) else "kustomize", path)
    if choice != "kubectl":
        path = shutil.which("kustomize") or shutil.which("kustomize", path=os.path.dirname(sys.executable))
        if path:
            return Program("kustomize", path)
    if choice != "kustomize" and (path := shutil.which("kubectl")):
        return Program("kubectl", path)
    wanted = f"`{choice}` is not" if choice else "neither `kustomize` nor `kubectl` is"
    raise TargetError(f"{wanted} on PATH, and an overlay needs Kustomize to be built", hint=HOW_TO_GET_ONE)


class Build:
    """A build under way."""

    def __init__(self, program: Program, overlay: Path, *, remote: bool = False) -> None:
        self.program = program
        self.overlay = overlay
        self._env = {**_LESS_COLLECTION, **os.environ, **({} if remote else _NO_NETWORK)}
        self._started = time.monotonic()
        self._build = self._start(program.build(overlay))

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise TargetError(
                f"cannot run {self.program.path}: {error.strerror}", hint=HOW_TO_GET_ONE
            ) from None

    def finish(
        self, tree: "SourceTree", progress: Callable[[float], None] | None = None
    ) -> tuple[bytes, Renderer]:
        """The rendered YAML and what rendered it. `progress` is called for each second that the build takes.

        Raises TargetError with Kustomize's message made readable, and its own words as detail.
        """
        # Asked for only now, when the build has a processor to spare.
        asked = self._start(self.program.version())
        waited = 0.0
        while True:
            try:
                left = max(self._started + waited + 1.0 - time.monotonic(), 0)
                out, err = self._build.communicate(timeout=left if progress else None)
                break
            except subprocess.TimeoutExpired:
                waited += 1.0
                if progress:
                    progress(waited)
        version, _ = asked.communicate()
        renderer = Renderer(
            self.program.name, read_version(self.program.name, version.decode(errors="replace"))
        )
        if self._build.returncode != 0:
            raise explain(err.decode(errors="replace"), self._build.returncode, tree)
        return out, renderer

    def stop(self) -> None:
        """End the build early, when the sources already say that it must not go on."""
        self._build.kill()
        self._build.communicate()


def read_version(name: str, text: str) -> str | None:
    """The Kustomize version in what `version` printed."""
    if name == "kubectl":
        try:
            found = json.loads(text).get("kustomizeVersion")
        except ValueError:
            return None
        return str(found) if found else None
    match = re.search(r"v\d+\.\d+\.\d+\S*", text)
    return match[0] if match else text.strip() or None


def explain(stderr: str, code: int, tree: "SourceTree") -> TargetError:
    """Kustomize's complaint in a person's words; what is not recognised is shown as it is."""
    text = stderr.strip()
    if match := re.search(r'"command failed" err=("(?:[^"\\]|\\.)*")', text):  # kubectl logs it, quoted
        text = str(json.loads(match[1]))
    if tree.problem is not None:
        problem = tree.problem.unjudged
        return TargetError(problem.message, hint=problem.hint, source=problem.source, detail=text)
    last = text.removeprefix("Error: ").splitlines()[-1] if text else f"exit code {code} without a word"
    if match := re.search(r"^panic: (.+)$", text, re.MULTILINE):
        return TargetError(
            f"Kustomize crashed: {match[1]}",
            hint="a field of a kustomization probably has the wrong type (a list where a map belongs)",
            source=_top(tree),
            detail=text,
        )
    if match := re.search(rf"already registered id: {_ID}", text):
        kind, name = match[1], match[2]
        places = tree.sources_of(kind, name)
        shown = " and ".join(str(p) for p in places) or "the sources"
        return TargetError(
            f"two resources are both {kind}/{name}: {shown}",
            hint="remove one, or give it another name or namespace",
            source=places[-1] if places else _top(tree),
            detail=text,
        )
    if match := re.search(rf"no (?:resource )?matches for Id {_ID}", text):
        return TargetError(
            f"a patch is for {match[1]}/{match[2]}, which no resource of this overlay is",
            hint="correct the patch's kind or name, or remove the patch",
            source=_top(tree),
            detail=text,
        )
    if match := re.search(r"cycle detected: candidate root '([^']+)' contains visited root '([^']+)'", text):
        inner, outer = (os.path.relpath(path) for path in match.groups())
        return TargetError(
            f"{inner} includes itself, by way of {outer}" if inner != outer else f"{inner} includes itself",
            hint="a base must not list an overlay that stands on it",
            source=_top(tree),
            detail=text,
        )
    if match := re.search(r'unknown field "([^"]+)"', text):
        from validator.config import nearest

        field = match[1]
        return TargetError(
            f"a kustomization has the unknown field `{field}`{nearest(field, _FIELDS)}",
            source=_line_of(field, tree),
            detail=text,
        )
    missing = re.findall(r"'([^']+)'\s*: (?:lstat|evalsymlink)|(?:open|lstat|stat) (\S+): no such file", text)
    if missing:
        path = next(part for part in missing[-1] if part)
        return TargetError(
            f"`{os.path.basename(path)}` is named by a kustomization and does not exist",
            hint=f"looked for {os.path.relpath(path) if os.path.isabs(path) else path}",
            source=_top(tree),
            detail=text,
        )
    return TargetError(f"Kustomize refused it: {last}", source=_top(tree), detail=text)


def _line_of(field: str, tree: "SourceTree") -> Source:
    """Where a kustomization sets a field at its top level."""
    for file in tree.kustomizations:
        lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            if re.match(rf"['\"]?{re.escape(field)}['\"]?\s*:", line):
                return Source(file, number, 1, certainty="exact")
    return _top(tree)


def _top(tree: "SourceTree") -> Source:
    return Source(tree.kustomizations[0], certainty="origin") if tree.kustomizations else Source()
