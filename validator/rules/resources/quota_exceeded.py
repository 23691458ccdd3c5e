"""Namespace's quota is smaller than its workloads at full scale, so pods are refused when most needed.

All workloads of the namespace are added up at their highest scale (the HPA's maximum, else `replicas`) with
the surge of a rollout (`maxSurge`, 25 % rounded up when unset), as the server counts a pod: init containers
as their maximum, sidecars beside them, requests implied by limits, LimitRange defaults, overhead. Jobs and
CronJobs count with their parallelism, a DaemonSet once, since nodes are not known here; pods that operators
make are not counted. Claims, Services and other objects count too.

Terminating pods hold their share until they are gone, and a Deployment does not wait for them: where the sum
fits only without one such batch for each Deployment, the finding is a warning, since rollouts stall then.

Where a quota counts CPU or memory, the server also refuses every pod with a container that sets none; such
containers are reported too. Scopes are respected; a quota with a scope that depends on more than the pod's
own priority, deadline and resources is left out.
https://kubernetes.io/docs/concepts/policy/resource-quotas/

Fix: Raise the quota to the sum with surge plus room for terminating pods, or lower `maxReplicas`, `maxSurge`
or the containers' resources.

Bad:
    kind: ResourceQuota
    spec: {hard: {
      requests.cpu: 4,  # finding
    }}
    ---
    kind: Deployment
    spec: {replicas: 4, template: {spec: {containers: [
      {name: api, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}},
    ]}}}
Good:
    kind: ResourceQuota
    spec: {hard: {
      requests.cpu: 8,
    }}
    ---
    kind: Deployment
    spec: {replicas: 4, template: {spec: {containers: [
      {name: api, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}},
    ]}}}
"""

from fractions import Fraction

from validator.cluster import ResourceQuota, Workload, quantity, show
from validator.cluster.quota import Demand, demands, pods_of, unsaid
from validator.manifest import mapping
from validator.rule import Fault, Findings, Related, Severity, rule

_SHOWN = 5


def _limits_anything(quota: ResourceQuota) -> bool:
    return bool(mapping(quota.spec.get("hard")))


@rule(Severity.ERROR, when=_limits_anything)
def quota_exceeded(quota: ResourceQuota) -> Findings:
    workloads = pods_of(quota)
    if workloads is None:
        return
    for name, written in mapping(quota.spec.get("hard")).items():
        hard = quantity(written)
        if hard is not None:
            yield from _line(quota, name, hard, demands(quota, name, workloads))
    yield from _unsaid(quota, workloads)


def _line(quota: ResourceQuota, name: str, hard: Fraction, found: list[Demand]) -> Findings:
    steady = sum((d.steady for d in found), Fraction(0))
    peak = sum((d.peak for d in found), Fraction(0))
    with_ending = peak + sum((d.ending for d in found), Fraction(0))
    if with_ending <= hard:
        return
    largest = sorted((d for d in found if d.peak), key=lambda demand: -demand.peak)
    sums = f"{show(name, steady)} at maximum scale"
    if any(d.pods.surge or d.pods.terminating for d in found):
        sums += f", {show(name, peak)} with rollout surge"
    limit = show(name, hard)
    if peak > hard:
        message = f"{name} adds up to {sums}, above the quota of {limit}, so the last are refused: "
    else:
        message = (
            f"{name} adds up to {sums}, within the quota of {limit}, but to {show(name, with_ending)} with "
            "one batch of terminating pods, so rollouts stall until those are gone: "
        )
    parts = [_spoken(name, demand) for demand in largest[:_SHOWN]]
    if len(largest) > _SHOWN:
        parts.append(f"{len(largest) - _SHOWN} more")
    yield Fault(
        quota.at("spec", "hard", name),
        message + ", ".join(parts),
        related=tuple(Related(_spoken(name, demand), demand.at) for demand in largest[:_SHOWN]),
        severity=None if peak > hard else Severity.WARNING,
    )


def _spoken(name: str, demand: Demand) -> str:
    """`api (4 + 1) × 500m`: pods at rest, surge, and what each takes."""
    pods = demand.pods
    count = f"({pods.steady} + {pods.surge})" if pods.surge else str(pods.steady)
    each = show(name, demand.each)
    if each == "1":
        return f"{demand.name} {count}"
    return f"{demand.name} {each}" if pods == (1, 0, 0) else f"{demand.name} {count} × {each}"


def _unsaid(quota: ResourceQuota, workloads: list[Workload]) -> Findings:
    for workload in workloads:
        for container in workload.containers:
            if names := unsaid(quota, container):
                yield Fault(
                    container.at("resources"),
                    f"{quota} counts {', '.join(names)}, and this container sets none: "
                    "the server refuses the pod",
                    related=(Related("the quota", quota.at("spec", "hard", names[0])),),
                )
