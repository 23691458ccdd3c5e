"""Running the rules: hand each its targets, count them, and turn what they yield into findings."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from validator.cluster import Cluster, Container, View
from validator.config import Settings, nearest
from validator.finding import Finding, RuleOutcome, RuleStatus, Source, TargetError
from validator.kustomization import Kustomization
from validator.manifest import Resource
from validator.rule import Fault, Rule
from validator.source import Sources


class RuleCrashError(TargetError):
    """A rule raised: the run could not judge the target (exit 2)."""


def targets_of(kind: type, cluster: Cluster, sources: Sources | None = None) -> Sequence[Any]:
    """What a rule with this first parameter is run on."""
    if kind is Kustomization:
        return sources.kustomizations if sources is not None else ()
    if kind is Container:
        return cluster.containers
    if kind is Resource:
        return cluster.resources
    if kind is Cluster:
        return (cluster,) if cluster.resources else ()
    if issubclass(kind, View):
        return cluster.of(kind)
    raise TypeError(f"no rule can be run on {kind.__name__}")


def check(
    cluster: Cluster, rules: Iterable[Rule], ignored: frozenset[str], context: Mapping[type, Any]
) -> tuple[list[Finding], list[RuleOutcome]]:
    """Run all rules on a cluster.

    `ignored` are the IDs switched off; `context` maps types to what is injected for them
    (Schemas, Topology, Sources …). Raises RuleCrashError naming the rule when one fails.
    """
    findings: list[Finding] = []
    outcomes: list[RuleOutcome] = []
    context = {Cluster: cluster, Settings: cluster.settings, **context}
    for rule in rules:
        if rule.id in ignored:
            outcomes.append(RuleOutcome(rule.id, RuleStatus.IGNORED, 0, rule.item))
            continue
        seen, found = _run(rule, cluster, context)
        status = RuleStatus.FAILED if found else seen if isinstance(seen, RuleStatus) else RuleStatus.PASSED
        outcomes.append(RuleOutcome(rule.id, status, 0 if isinstance(seen, RuleStatus) else seen, rule.item))
        findings += found
    return findings, outcomes


def _run(rule: Rule, cluster: Cluster, context: Mapping[type, Any]) -> tuple[int | RuleStatus, list[Finding]]:
    """How many targets a rule saw (or why it saw none), and its findings."""
    targets = targets_of(rule.target, cluster, context.get(Sources))
    if not targets:
        return RuleStatus.UNSEEN, []
    if (rule.prod and cluster.profile != "prod") or (rule.neighbours and not cluster.complete):
        return RuleStatus.NA, []
    arguments = {name: _inject(rule, kind, context) for name, kind in rule.injected}
    if any(argument is None for argument in arguments.values()):
        return RuleStatus.NA, []
    run, when, findings, seen = rule.run, rule.when, [], 0
    target = None
    try:
        for target in targets:
            if when is not None and not when(target):
                continue
            seen += 1
            for yielded in run(target, **arguments):
                fault = Fault(*yielded)
                findings.append(
                    Finding(
                        rule=rule.id,
                        severity=fault.severity or rule.severity,
                        message=fault.message,
                        address=fault.at,
                        item=rule.item if (fault.severity or rule.severity) >= rule.severity else None,
                        related=fault.related,
                    )
                )
    except Exception as error:
        import traceback

        raise RuleCrashError(
            f"rule {rule.id} crashed on {_shown(target)}: {type(error).__name__}: {error}",
            hint=f"this is a defect of the rule; go on without it: --ignore {rule.id}",
            detail=traceback.format_exc(),
        ) from error
    return seen or RuleStatus.NA, findings


def _shown(target: Any) -> str:
    return "the target as a whole" if isinstance(target, Cluster) else str(target)


def _inject(rule: Rule, kind: type, context: Mapping[type, Any]) -> Any:
    if kind is rule.options:
        return parse_options(rule, context[Settings])
    return context[kind]


def check_options(rules: Iterable[Rule], settings: Settings) -> None:
    """Check every `[rules."ID"]` table up front. Raises TargetError for an unknown rule or option."""
    known = {rule.id: rule for rule in rules}
    for rule_id in settings.rules:
        if rule_id not in known:
            raise TargetError(
                f'`[rules."{rule_id}"]`: there is no such rule{nearest(rule_id, known)}',
                source=Source(str(settings.file), certainty="origin"),
            )
        parse_options(known[rule_id], settings)


def parse_options(rule: Rule, settings: Settings) -> Any:
    """The rule's Options with the values of `[rules."ID"]`; unknown keys and wrong types are errors."""
    kind = rule.options
    given = settings.rules.get(rule.id, {})
    file = Source(str(settings.file), certainty="origin")
    if kind is None:
        if given:
            raise TargetError(f'`[rules."{rule.id}"]`: this rule has no options', source=file)
        return None
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    known = {f.name.replace("_", "-"): f.name for f in dataclasses.fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise TargetError(
                f'`[rules."{rule.id}"]`: unknown option `{key}`{nearest(key, known)}', source=file
            )
        values[known[key]] = _typed(rule, key, value, hints[known[key]], file)
    return kind(**values)


def _typed(rule: Rule, key: str, value: Any, kind: Any, file: Source) -> Any:
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin in (tuple, frozenset) and isinstance(value, list):
        if all(isinstance(item, inner[0]) for item in value):
            return origin(value)
    elif issubclass(origin, Mapping) and isinstance(value, dict):
        if all(isinstance(item, inner[1]) for item in value.values()):
            return value
    elif isinstance(value, origin):
        return value
    raise TargetError(
        f'`[rules."{rule.id}"]`: `{key}` is {value!r}, not {_spoken(origin, inner)}', source=file
    )


def _spoken(origin: type, inner: tuple[Any, ...]) -> str:
    names = {str: "string", int: "number", float: "number", bool: "boolean"}
    if origin in (tuple, frozenset):
        return f"a list of {names[inner[0]]}s"
    return f"a table of {names[inner[1]]}s" if inner else f"a {names[origin]}"
