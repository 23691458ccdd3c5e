"""The whole way from a target to its verdict.

overlay ─┬► render ────────► manifest ─► cluster ─► check × rules ─► locate ─► checklist ─► report
         └► kustomization: the source tree, read with positions while Kustomize builds
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from validator.check import check
from validator.checklist import judge_items
from validator.cluster import Cluster
from validator.config import Settings
from validator.finding import Finding, TargetError, Verdict
from validator.input import Input, Progress, Rendered, Request
from validator.network import Reachability, Topology, load_topology
from validator.quote import Quotes
from validator.rule import Rule
from validator.schema import Schemas
from validator.source import Sources
from validator.target import Target, show


def judge(
    inputs: Sequence[Input],
    request: Request,
    rules: tuple[Rule, ...],
    ignored: frozenset[str],
    progress: Progress | None = None,
) -> Iterator[Verdict]:
    """One verdict an input, in order; `ignored` are the IDs of rules that are switched off.

    While one input is judged, the next two are built.
    """
    topology = _topology(request.settings)
    for position, each in enumerate(inputs):
        verdict = Verdict(each.target.shown, request.profile_of(each.target))
        try:
            rendered = each.finish(progress)
            verdict = replace(verdict, renderer=rendered.renderer)
            for following in inputs[position + 1 : position + 3]:
                following.start()
            verdict = _judge_one(each.target, rendered, request, rules, ignored, topology)
        except TargetError as error:
            verdict = replace(verdict, error=error.unjudged)
        yield verdict


def _judge_one(
    target: Target,
    rendered: Rendered,
    request: Request,
    rules: tuple[Rule, ...],
    ignored: frozenset[str],
    topology: Topology | None,
) -> Verdict:
    found, sources = rendered.resources, rendered.sources
    profile = request.profile_of(target)
    whole = target.kind == "overlay" or request.complete or request.profile is not None
    schemas = Schemas([r for r in found if r.kind == "CustomResourceDefinition"])
    cluster = Cluster(found, request.settings, complete=whole or None, profile=profile)
    context: dict[type, Any] = {
        Schemas: schemas,
        Topology: topology,
        Reachability: Reachability(cluster),
        Sources: sources,
    }
    findings, outcomes = check(cluster, rules, ignored, context)
    found_by = {finding.rule for finding in findings}
    fixes = {rule.id: rule.fix for rule in rules if rule.id in found_by}
    placed = sources.place(findings, fixes)
    if request.quote:
        placed = Quotes(sources).add(placed)
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
        checklist=judge_items(cluster, placed, outcomes, rules, sources, topology),
    )


def _order(finding: Finding) -> tuple[Any, ...]:
    """Worst first, then by file, line and rule: stable from run to run."""
    source, ref = finding.source, finding.address.object
    return (
        -finding.severity,
        source.file or "",
        source.line or 0,
        source.column or 0,
        ref.index if ref else -1,
        finding.rule,
        [str(key) for key in finding.address.path],
    )


def _topology(settings: Settings) -> Topology | None:
    if settings.topology is None:
        return None
    path = settings.folder / settings.topology
    return load_topology(path, show(Path(path)))
