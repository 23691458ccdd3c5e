"""The whole way from a target to its verdict.

overlay ─┬► render ────────► manifest ─► cluster ─► check × rules ─► locate ─► checklist ─► report
         └► kustomization: the source tree, read with positions while Kustomize builds
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from validator.check import RuleCrashError, check, parse_options
from validator.checklist import judge_items
from validator.cluster import Cluster
from validator.config import Settings
from validator.finding import Renderer, Source, TargetError, Verdict
from validator.kustomization import SourceTree, read_tree
from validator.manifest import Resource, decode, no_collection, parse, resources
from validator.network import Reachability, Topology, load_topology
from validator.render import Build, Program, find_program
from validator.rule import Rule
from validator.schema import Schemas
from validator.source import Sources
from validator.target import Target, read_plain, show

Progress = Callable[[Target, float], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, beside the targets."""

    settings: Settings
    profile: str | None = None
    complete: bool = False
    renderer: str | None = None
    allow_remote: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """A target's objects, what made them, and where they come from."""

    resources: list[Resource]
    renderer: Renderer
    sources: Sources
    notes: tuple[str, ...] = ()


def judge(
    targets: list[Target],
    request: Request,
    load_rules: Callable[[], tuple[tuple[Rule, ...], frozenset[str]]],
    progress: Progress | None = None,
) -> Iterator[Verdict]:
    """One verdict a target, in order. `load_rules` gives the rules and the IDs that are switched off.

    The builds of all overlays start before anything else is done, two at a time beside each other.
    """
    pending = [_Pending(target, request) for target in targets]
    for each in pending[:2]:
        each.start()
    rules, ignored = load_rules()
    topology = _topology(request.settings)
    for position, each in enumerate(pending):
        try:
            with no_collection():
                rendered = each.finish(progress)
                for following in pending[position + 1 : position + 3]:
                    following.start()
                verdict = _judge_one(each.target, rendered, request, rules, ignored, topology)
        except TargetError as error:
            verdict = Verdict(each.target.shown, _profile(each.target, request), error=error.unjudged)
            if isinstance(error, RuleCrashError):
                verdict = replace(verdict, renderer=rendered.renderer)
        yield verdict


class _Pending:
    """A target whose build may be under way."""

    def __init__(self, target: Target, request: Request) -> None:
        self.target = target
        self.request = request
        self.build: Build | None = None
        self.failed: TargetError | None = None

    def start(self) -> None:
        if self.target.kind != "overlay" or self.build or self.failed:
            return
        try:
            program: Program = find_program(self.request.renderer or self.request.settings.renderer)
            self.build = Build(program, self.target.path, remote=self.request.allow_remote)
        except TargetError as error:
            self.failed = error

    def finish(self, progress: Progress | None) -> Rendered:
        self.start()
        if self.failed:
            raise self.failed
        if self.build is None:
            found, notes = read_plain(self.target)
            if not found:
                raise TargetError(
                    "holds no Kubernetes object", source=Source(self.target.shown, certainty="origin")
                )
            return Rendered(found, Renderer("plain"), Sources(found), tuple(notes))
        tree = read_tree(self.target.path, show)
        if tree.remotes and not self.request.allow_remote:
            self.build.stop()
            raise _remote(tree)
        tick = None if progress is None else (lambda waited: progress(self.target, waited))
        out, renderer = self.build.finish(tree, tick)
        name = f"{renderer.name} build {self.target.shown}"
        found = resources(parse(decode(out, name), name))
        if not found:
            raise TargetError("the build succeeded and rendered no object", source=_first(tree))
        return Rendered(found, renderer, Sources(found, tree))


def _judge_one(
    target: Target,
    rendered: Rendered,
    request: Request,
    rules: tuple[Rule, ...],
    ignored: frozenset[str],
    topology: Topology | None,
) -> Verdict:
    found = rendered.resources
    _refuse_duplicates(found, rendered.sources)
    profile = _profile(target, request)
    whole = target.kind == "overlay" or request.complete or request.profile is not None
    schemas = Schemas([r for r in found if r.kind == "CustomResourceDefinition"])
    cluster = Cluster(found, request.settings, complete=whole or None, profile=profile)
    context: dict[type, Any] = {Schemas: schemas, Topology: topology, Reachability: Reachability(cluster)}
    findings, outcomes = check(cluster, rules, ignored, context)
    found_by = {finding.rule for finding in findings}
    fixes = {rule.id: rule.fix for rule in rules if rule.id in found_by}
    placed = rendered.sources.place(findings, fixes)
    unchecked = {(r.ref.api_version, r.kind) for r in found if not schemas.knows(r.ref.api_version, r.kind)}
    return Verdict(
        target=target.shown,
        profile=profile,
        renderer=rendered.renderer,
        complete=cluster.complete,
        counts={
            "objects": len(found),
            "containers": len(cluster.containers),
            "workloads": len(cluster.workloads),
            "kinds": len({(r.group, r.kind) for r in found}),
            "unchecked": sum((r.ref.api_version, r.kind) in unchecked for r in found),
        },
        unchecked=tuple(sorted(f"{api}/{kind}" for api, kind in unchecked)),
        notes=rendered.notes,
        rules=tuple(outcomes),
        findings=tuple(sorted(placed, key=_order)),
        checklist=judge_items(cluster, placed, outcomes, rules, rendered.sources, topology),
    )


def _order(finding: Any) -> tuple[Any, ...]:
    """Worst first, then by file, line and rule: stable from run to run."""
    source = finding.source
    ref = finding.address.object
    where = (source.file or "", source.line or 0, source.column or 0)
    return (
        -finding.severity,
        *where,
        ref.index if ref else -1,
        finding.rule,
        [str(k) for k in finding.address.path],
    )


def _profile(target: Target, request: Request) -> str:
    if request.profile:
        return request.profile
    return "prod" if target.kind == "stdin" else request.settings.profile_of(target.path)


def _refuse_duplicates(found: list[Resource], sources: Sources) -> None:
    seen: dict[tuple[str, str, str | None, str], Resource] = {}
    for resource in found:
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


def _topology(settings: Settings) -> Topology | None:
    if settings.topology is None:
        return None
    path = settings.folder / settings.topology
    return load_topology(path, show(Path(path)))


def _remote(tree: SourceTree) -> TargetError:
    entry, source = tree.remotes[0]
    return TargetError(
        f"`{entry}` would be fetched from elsewhere, and nothing is fetched unasked",
        hint="pass --allow-remote, or keep a copy in the repository",
        source=source,
    )


def _first(tree: SourceTree) -> Source:
    return Source(tree.kustomizations[0], certainty="origin") if tree.kustomizations else Source()


def rule_options_are_valid(rules: tuple[Rule, ...], settings: Settings) -> None:
    """Check every `[rules."ID"]` table up front. Raises TargetError for an unknown rule or option."""
    from validator.config import nearest

    known = {rule.id: rule for rule in rules}
    for rule_id in settings.rules:
        if rule_id not in known:
            raise TargetError(
                f'`[rules."{rule_id}"]`: there is no such rule{nearest(rule_id, known)}',
                source=Source(str(settings.file), certainty="origin"),
            )
        parse_options(known[rule_id], settings)
