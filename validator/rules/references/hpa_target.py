"""Autoscaler names something that does not exist or cannot be scaled, so nothing is scaled and nobody told.

The server accepts any `scaleTargetRef`; the controller looks for it in the HPA's own namespace by group, kind
and name, and without `apiVersion: apps/v1` finds no Deployment. A kind of another API is judged only where
the render holds objects of that kind.
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/

Fix: Correct `apiVersion`, `kind` and `name` of the `scaleTargetRef`; a DaemonSet or Job cannot be scaled.

Bad:
    kind: Deployment
    metadata: {name: api-service}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}  # finding
Good:
    kind: Deployment
    metadata: {name: api-service}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api-service}
"""

from validator.cluster import Cluster, HorizontalPodAutoscaler
from validator.cluster.resources import objects_in
from validator.cluster.scaling import target_of
from validator.config import nearest
from validator.finding import Address
from validator.rule import Findings, Severity, rule

_UNSCALABLE = frozenset({("apps", "DaemonSet"), ("batch", "Job"), ("batch", "CronJob"), ("", "Pod")})
_SCALABLE = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout"})
_BUILT_IN = frozenset({"", "apps", "batch"})


def _is_judged(hpa: HorizontalPodAutoscaler) -> bool:
    group, kind, name = hpa.target
    if not kind or not name:
        return False  # which the schema reports
    return group in _BUILT_IN or (group, kind) in hpa.cluster.kinds()


@rule(Severity.ERROR, item=4, neighbours=True, when=_is_judged)
def hpa_target(hpa: HorizontalPodAutoscaler, cluster: Cluster) -> Findings:
    group, kind, name = hpa.target
    if (group, kind) in _UNSCALABLE:
        yield _at(hpa, "kind"), f"a {kind} has no scale: {hpa} can do nothing with {kind}/{name}"
    elif target_of(hpa) is None:
        near = [r for r in objects_in(cluster, hpa.namespace) if r.kind == kind or r.kind in _SCALABLE]
        if not any((r.group, r.kind, r.name) == hpa.target for r in near):
            field, hint = _hint(hpa, [(r.group, r.kind, r.name) for r in near])
            yield (
                _at(hpa, field),
                f"no {kind} `{name}` of {_api(group)} in namespace {hpa.namespace}: nothing is scaled{hint}",
            )


def _at(hpa: HorizontalPodAutoscaler, field: str) -> Address:
    return hpa.at("spec", "scaleTargetRef", field)


def _hint(hpa: HorizontalPodAutoscaler, near: list[tuple[str, str, str]]) -> tuple[str, str]:
    """Which field is probably wrong, and what it should say."""
    group, kind, name = hpa.target
    for other_group, other_kind, _ in (target for target in near if target[2] == name):
        if other_kind == kind:
            return "apiVersion", f"; it is of {_api(other_group)}"
        return "kind", f"; `{name}` is a {other_kind}"
    for workload in hpa.cluster.workloads:
        if (workload.resource.group, workload.kind, workload.name) == hpa.target:
            return "name", f"; namespace {workload.namespace} has one"
    names = [target[2] for target in near if target[:2] == (group, kind)]
    return "name", nearest(name, names[:200])


def _api(group: str) -> str:
    return group or "the core API"
