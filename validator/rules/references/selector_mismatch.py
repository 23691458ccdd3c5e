"""Selector does not match the labels of its own pod template, so the server refuses the object.

"`selector` does not match template `labels`": nothing is rolled out, and later applies fail the same way. An
empty selector is refused, too.
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector

Fix: Write the selector's labels into the template; the selector of a deployed object cannot be changed.

Bad:
    kind: Deployment
    spec:
      selector:
        matchLabels: {app: risk}  # finding
      template:
        metadata:
          labels: {app: risk-management}
Good:
    kind: Deployment
    spec:
      selector:
        matchLabels: {app: risk}
      template:
        metadata:
          labels: {app: risk, tier: core}
"""

from validator.cluster import Selector, Workload
from validator.finding import Path
from validator.rule import Findings, Severity, rule

_OWNERS = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"}
)


def _has_selector(workload: Workload) -> bool:
    """A Job's selector is made by the server unless `manualSelector` says otherwise."""
    if type(workload.spec.get("selector")) is not dict:
        return False
    return workload.kind in _OWNERS or workload.spec.get("manualSelector") is True


@rule(Severity.ERROR, when=_has_selector)
def selector_mismatch(workload: Workload) -> Findings:
    written = workload.spec["selector"]
    plain = workload.kind == "ReplicationController"
    selector = Selector.equality(written) if plain else Selector.parse(written)
    if selector.everything or selector.null:
        if not plain:
            yield workload.at("spec", "selector"), "an empty selector, which the server refuses"
        return
    labels = workload.pod_labels
    wrong = [f"{key}={value}" for key, value in selector.pairs if labels.get(key) != value]
    wrong += [str(requirement) for requirement in selector.requirements if not requirement.matches(labels)]
    if not wrong:
        return
    keys = {key for key, value in selector.pairs if labels.get(key) != value}
    keys |= {requirement.key for requirement in selector.requirements}
    same = [f"{key}={labels[key]}" for key in sorted(keys) if key in labels]
    has = f"has {', '.join(same)}" if same else "has no such label" if labels else "has no labels"
    where: Path = ("spec", "selector") if plain or not selector.pairs else ("spec", "selector", "matchLabels")
    yield workload.at(*where), f"selects {', '.join(wrong)}, but its template {has}"
