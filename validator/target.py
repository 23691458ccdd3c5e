"""What the user named: overlays, files and folders of plain YAML, standard input."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from validator.config import Settings
from validator.finding import Source, TargetError
from validator.overlay import FILE_NAMES, kustomization_file

if TYPE_CHECKING:
    from validator.manifest import Document, Resource

YAML = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to judge on its own. `shown` is how reports name it."""

    shown: str
    path: Path
    kind: Literal["overlay", "plain", "stdin"]


def show(path: Path) -> str:
    """A path relative to the working directory when it lies below it."""
    relative = os.path.relpath(path)
    return os.path.abspath(path) if relative.startswith("..") else relative


def resolve(argument: str, settings: Settings) -> list[Target]:
    """The targets that one argument means.

    A path is looked for in the working directory, then below `root` of the configuration. A folder
    without a kustomization that holds overlays further down means those.
    """
    if not argument.strip():
        raise TargetError("a target is empty", hint="name an overlay's folder, a YAML file, or `-`")
    if argument == "-":
        return [Target("-", Path("-"), "stdin")]
    below = settings.folder / settings.root
    for path in (Path(argument), below / argument):
        if path.is_dir():
            if kustomization_file(path):
                return [Target(show(path), path, "overlay")]
            if overlays := _roots(path):
                return overlays
            return [Target(show(path), path, "plain")]
        if path.name.startswith("kustomization.") and path.is_file():
            return [Target(show(path.parent), path.parent, "overlay")]
        if path.exists():
            return [Target(show(path), path, "plain")]
    also = f", nor below {show(below)}" if below.is_dir() else ""
    raise TargetError(
        f"`{argument}` does not exist here{also}",
        hint="name an overlay's folder, a YAML file, or `-` for standard input",
    )


def discover(settings: Settings) -> list[Target]:
    """Every overlay of the project: those the configuration's `overlays` globs match.

    Raises TargetError when there is none.
    """
    root = settings.folder / settings.root
    base = root if root.is_dir() else settings.folder
    found = [
        Target(show(path), path, "overlay")
        for glob in settings.overlays
        for path in sorted(base.glob(glob))
        if kustomization_file(path)
    ]
    found = found or _roots(base)
    if not found:
        raise TargetError(
            f"no overlay found below {show(base)}",
            hint="name a target, or set `root` and `overlays` in qt-validate.toml",
        )
    return found


def _roots(folder: Path) -> list[Target]:
    """The kustomizations below a folder that no other one includes; components are not built alone."""
    from validator.references import References

    folders = []
    for name, children, files in os.walk(folder):
        children[:] = sorted(c for c in children if not c.startswith(".") and c != "node_modules")
        if set(FILE_NAMES) & set(files):
            folders.append(Path(name))
    references, included = References(), set[str]()
    for path in folders:
        included |= references.reach(path).kustomizations
    roots = [p for p in folders if os.path.abspath(p) not in included and not _is_component(p)]
    return [Target(show(path), path, "overlay") for path in roots]


def _is_component(folder: Path) -> bool:
    file = kustomization_file(folder)
    return file is not None and "kind: Component" in file.read_text(encoding="utf-8", errors="replace")


def read_plain(target: Target) -> tuple[list["Resource"], list[str]]:
    """The objects of plain YAML, and notes about files that were passed over.

    In a folder, files whose documents are no Kubernetes objects are noted, not judged.
    """
    from validator.manifest import MAX_BYTES, decode, parse, resources

    if target.kind == "stdin":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        return resources(parse(decode(data, "<stdin>"), "<stdin>")), []
    if not target.path.is_dir():
        return resources(_parse_file(target.path)), []
    documents, notes = [], []
    for name, children, files in os.walk(target.path):
        children[:] = sorted(c for c in children if not c.startswith("."))
        for file in sorted(files):
            if file.endswith(YAML):
                parsed = _parse_file(Path(name) / file)
                if any(type(v) is dict and "kind" in v and "apiVersion" in v for v, _ in parsed):
                    documents += parsed
                elif any(v is not None for v, _ in parsed):
                    notes.append(f"{show(Path(name) / file)} holds no Kubernetes object")
    return resources(documents), notes


def _parse_file(path: Path) -> list[tuple[object, "Document"]]:
    from validator.manifest import MAX_BYTES, decode, parse, too_large

    shown = show(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise too_large(shown, size)
        data = path.read_bytes()
    except OSError as error:
        raise TargetError(
            f"cannot read it: {error.strerror}", source=Source(shown, certainty="origin")
        ) from None
    return parse(decode(data, shown), shown)
