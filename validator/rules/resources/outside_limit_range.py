"""Container, pod or claim is outside the namespace's LimitRange, so the server refuses it.

Judged as the server does it, after the LimitRange's own defaults: minimum, maximum and limit-to-request
ratio of each container (init containers too) and of the pod as a whole, and the storage of claims and of
StatefulSets' claim templates. A default limit below a container's own request is refused too.
https://kubernetes.io/docs/concepts/policy/limit-range/

Fix: Bring the value within the LimitRange, or widen the LimitRange if the value is meant.

Bad:
    kind: LimitRange
    spec: {limits: [{type: Container, max: {memory: 2Gi}}]}
    ---
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 1Gi},
        limits: {cpu: 1, memory: 4Gi}}},  # finding
    ]}}}
Good:
    kind: LimitRange
    spec: {limits: [{type: Container, max: {memory: 2Gi}}]}
    ---
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 1Gi},
        limits: {cpu: 1, memory: 2Gi}}},
    ]}}}
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from validator.cluster import EVERYTHING, Container, LimitRange, Workload, quantity, show
from validator.cluster.resources import Amount, Side, amount, claims_in, declares, pod_amount
from validator.finding import Address, Path
from validator.manifest import mapping, sequence
from validator.rule import Fault, Findings, Related, Severity, rule


class _Bound(NamedTuple):
    """One number of a LimitRange: `max`, `memory`, 2Gi, and where it stands."""

    kind: str
    check: str
    resource: str
    value: Fraction
    path: Path


class _Given(NamedTuple):
    """What is held against the bounds; `subject` is spoken after the word `for`."""

    subject: str
    request: Amount | None
    limit: Amount | None


@rule(Severity.ERROR)
def outside_limit_range(limit_range: LimitRange) -> Findings:
    bounds = list(_bounds(limit_range))
    if any(bound.kind == "PersistentVolumeClaim" for bound in bounds):
        yield from _claims(limit_range, bounds)
    for workload in limit_range.cluster.select(limit_range.namespace, EVERYTHING):
        if workload.kind == "PodTemplate":
            continue
        for container in workload.containers:
            yield from _container(limit_range, bounds, container)
        yield from _pod(limit_range, bounds, workload)


def _bounds(limit_range: LimitRange) -> Iterator[_Bound]:
    for index, item in enumerate(sequence(limit_range.spec.get("limits"))):
        item = mapping(item)
        for check in ("min", "max", "maxLimitRequestRatio"):
            for resource, written in mapping(item.get(check)).items():
                if (value := quantity(written)) is not None:
                    path = ("spec", "limits", index, check, resource)
                    yield _Bound(str(item.get("type")), check, resource, value, path)


def _container(limit_range: LimitRange, bounds: list[_Bound], container: Container) -> Findings:
    for bound in bounds:
        if bound.kind != "Container":
            continue
        request = amount(container, "requests", bound.resource)
        limit = amount(container, "limits", bound.resource)
        if limit is None and declares(container, "limits", bound.resource):
            continue  # not a quantity at all, which the schema reports
        given = _Given("a container", request, limit)
        for side, problem in _problems(bound, given):
            yield _fault(limit_range, bound, container.at("resources", side, bound.resource), problem)
    for resource, written in container.requests.items():
        requested, limit = quantity(written), amount(container, "limits", resource)
        if requested is None or limit is None or limit.source is not limit_range or requested <= limit.value:
            continue
        yield Fault(
            container.at("resources", "requests", resource),
            f"{resource} request {written} is above the limit {show(resource, limit.value)} that "
            f"{limit_range} gives to a container without one: the server refuses the pod",
            related=(Related("the LimitRange", limit_range.at("spec", "limits")),),
        )


def _pod(limit_range: LimitRange, bounds: list[_Bound], workload: Workload) -> Findings:
    for bound in bounds:
        if bound.kind != "Pod":
            continue
        request = pod_amount(workload, "requests", bound.resource)
        limit = pod_amount(workload, "limits", bound.resource)
        given = _Given(
            "the whole pod",
            None if request is None else Amount(request),
            None if limit is None else Amount(limit),
        )
        for _, problem in _problems(bound, given):
            yield _fault(limit_range, bound, workload.at_pod("containers"), problem)


def _claims(limit_range: LimitRange, bounds: list[_Bound]) -> Findings:
    for claim in claims_in(limit_range.cluster, limit_range.namespace):
        storage = claim.storage
        if storage is None:
            continue
        for bound in bounds:
            if bound.kind != "PersistentVolumeClaim" or bound.resource != "storage":
                continue
            given = _Given("a claim", Amount(storage), Amount(storage))
            address = Address(claim.owner.ref, (*claim.path, "resources", "requests", "storage"))
            for _, problem in list(_problems(bound, given))[:1]:
                yield _fault(limit_range, bound, address, problem.replace("limit", "request"))


def _fault(limit_range: LimitRange, bound: _Bound, at: Address, problem: str) -> Fault:
    return Fault(
        at,
        f"{problem} of {limit_range}: the server refuses it",
        related=(Related("the LimitRange", limit_range.at(*bound.path)),),
    )


def _problems(bound: _Bound, given: _Given) -> Iterator[tuple[Side, str]]:
    """minConstraint, maxConstraint and limitRequestRatioConstraint of plugin/pkg/admission/limitranger."""
    resource, request, limit = bound.resource, given.request, given.limit
    shown = f"{show(resource, bound.value)} for {given.subject}"
    sides: tuple[tuple[Side, Amount | None], ...] = (("limits", limit), ("requests", request))
    if bound.check == "max":
        if limit is None:
            yield "limits", f"no {resource} limit, which the maximum {shown} demands"
        for side, value in sides:
            if value is not None and value.value > bound.value:
                yield side, f"{_spoken(resource, side, value)} is above the maximum {shown}"
                return
    elif bound.check == "min":
        if request is None:
            yield "requests", f"no {resource} request, which the minimum {shown} demands"
        for side, value in reversed(sides):
            if value is not None and value.value < bound.value:
                yield side, f"{_spoken(resource, side, value)} is below the minimum {shown}"
                return
    elif request is None or limit is None or not request.value:
        lacking: Side = "limits" if limit is None else "requests"
        yield lacking, f"no {resource} {lacking[:-1]}, which the maximum ratio {_ratio(bound.value)} demands"
    elif (ratio := limit.value / request.value) > bound.value:
        yield (
            "limits",
            f"{_spoken(resource, 'limits', limit)} is {_ratio(ratio)} times the "
            f"{_spoken(resource, 'requests', request)}, above the maximum ratio "
            f"{_ratio(bound.value)} for {given.subject}",
        )


def _spoken(resource: str, side: Side, value: Amount) -> str:
    return f"{resource} {side[:-1]} {show(resource, value.value)}{value.origin}"


def _ratio(value: Any) -> str:
    return f"{float(value):.3g}"
