"""From a target to its objects: an overlay's build, which runs while the rest is loaded, or plain YAML.

Kustomize takes longer than all else together, so a build is started first; what only its result needs is
imported when that is asked for.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from validator.config import Settings
from validator.finding import Renderer, Source, TargetError
from validator.render import Build, find_program
from validator.target import Target, read_plain, show

if TYPE_CHECKING:
    from validator.kustomization import SourceTree
    from validator.manifest import Resource
    from validator.source import Sources

Progress = Callable[[Target, float], None]
"""Called each second that a build takes, with the seconds waited so far."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, beside the targets."""

    settings: Settings
    profile: str | None = None
    complete: bool = False
    renderer: str | None = None
    allow_remote: bool = False
    quote: bool = False
    """Whether findings are to come with their lines of the sources."""

    def profile_of(self, target: Target) -> str:
        if self.profile:
            return self.profile
        return "prod" if target.kind == "stdin" else self.settings.profile_of(target.path)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A target's objects, what made them, and where they come from."""

    resources: "list[Resource]"
    renderer: Renderer
    sources: "Sources"
    notes: tuple[str, ...] = ()


class Input:
    """A target whose build may be under way."""

    def __init__(self, target: Target, request: Request) -> None:
        self.target = target
        self.request = request
        self._build: Build | None = None
        self._failed: TargetError | None = None

    def start(self) -> None:
        """Start the build of an overlay, unless that was done. What fails is raised by `finish`."""
        if self.target.kind != "overlay" or self._build or self._failed:
            return
        try:
            program = find_program(self.request.renderer or self.request.settings.renderer)
            self._build = Build(program, self.target.path, remote=self.request.allow_remote)
        except TargetError as error:
            self._failed = error

    def finish(self, progress: Progress | None = None) -> Rendered:
        """The objects. Raises TargetError when there are none or they cannot be had."""
        self.start()
        if self._failed:
            raise self._failed
        rendered = self._plain() if self._build is None else self._built(self._build, progress)
        _refuse_duplicates(rendered)
        return rendered

    def _plain(self) -> Rendered:
        from validator.source import Sources

        found, notes = read_plain(self.target)
        if not found:
            raise TargetError(
                "holds no Kubernetes object", source=Source(self.target.shown, certainty="origin")
            )
        return Rendered(found, Renderer("plain"), Sources(found), tuple(notes))

    def _built(self, build: Build, progress: Progress | None) -> Rendered:
        from validator.kustomization import read_tree
        from validator.manifest import decode, parse, resources
        from validator.schema import prepare
        from validator.source import Sources

        tree = read_tree(self.target.path, show)
        if tree.remotes and not self.request.allow_remote:
            build.stop()
            raise _remote(tree)
        prepare(tree.kinds)
        with suppress(Exception):  # what Kustomize refuses may not be fit to be replayed; it says so better
            tree.replayed  # noqa: B018 - made while Kustomize builds
        tick = None if progress is None else (lambda waited: progress(self.target, waited))
        out, renderer = build.finish(tree, tick)
        name = f"{renderer.name} build {self.target.shown}"
        found = resources(parse(decode(out, name), name))
        if not found:
            top = Source(tree.kustomizations[0], certainty="origin") if tree.kustomizations else Source()
            raise TargetError("the build succeeded and rendered no object", source=top)
        return Rendered(found, renderer, Sources(found, tree))


def _refuse_duplicates(rendered: Rendered) -> None:
    seen: dict[tuple[str, str, str | None, str], Resource] = {}
    for resource in rendered.resources:
        ref = resource.ref
        if not ref.name:
            continue
        key = (ref.group, ref.kind, ref.namespace, ref.name)
        first = seen.setdefault(key, resource)
        if first is not resource:
            raise TargetError(
                f"{ref} stands here twice; the first is at {first.document.source}",
                hint="remove one, or give it another name or namespace",
                source=resource.document.locate((*resource.base, "metadata", "name")),
            )


def _remote(tree: "SourceTree") -> TargetError:
    entry, source = tree.remotes[0]
    return TargetError(
        f"`{entry}` would be fetched from elsewhere, and nothing is fetched unasked",
        hint="pass --allow-remote, or keep a copy in the repository",
        source=source,
    )
