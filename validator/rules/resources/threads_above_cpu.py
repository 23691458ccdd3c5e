"""Library starts more threads than the CPU limit allows, so they are throttled and slower than fewer.

With N threads on a limit of L cores the quota of each 100 ms period is used up after L/N of it, and then all
stand still: latency grows in jumps of 100 ms. Limits are rounded up to whole cores. Values from ConfigMaps
count; an absent variable is not reported.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run

Fix: Set the variable to the CPU limit rounded down (at least 1), or take it from there with
`valueFrom: {resourceFieldRef: {resource: limits.cpu}}`.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 1Gi}}, env: [
        {name: OMP_NUM_THREADS, value: "8"},  # finding
      ]},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 1Gi}}, env: [
        {name: OMP_NUM_THREADS, value: "2"},
      ]},
    ]}}}
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from validator.cluster import Container, show_cpu
from validator.cluster.resources import Amount, amount, pod_level
from validator.finding import Address
from validator.manifest import dig, mapping, sequence, string
from validator.rule import Fault, Findings, Related, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    """`variables`: environment variables that hold a number of threads."""

    variables: tuple[str, ...] = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "NUMBA_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "POLARS_MAX_THREADS",
        "RAYON_NUM_THREADS",
        "TOKIO_WORKER_THREADS",
        "GOMAXPROCS",
        "DOTNET_PROCESSOR_COUNT",
    )


def _is_limited(container: Container) -> bool:
    return _limit(container) is not None and bool(
        sequence(container.value.get("env")) or sequence(container.value.get("envFrom"))
    )


def _limit(container: Container) -> Amount | None:
    own = amount(container, "limits", "cpu")
    if own is None and (pod := pod_level(container.workload, "limits", "cpu")) is not None:
        return Amount(pod)
    return own


@rule(Severity.WARNING, when=_is_limited)
def threads_above_cpu(container: Container, options: Options) -> Findings:
    limit = _limit(container)
    if limit is None or limit.value <= 0:
        return
    wanted = frozenset(options.variables)
    found: dict[str, tuple[Any, Address, tuple[Related, ...]]] = {}
    for name, value, at, related in _environment(container):
        if name in wanted:
            found[name] = (value, at, related)
    for name, (value, at, related) in found.items():
        threads = _threads(value)
        if threads is not None and threads > math.ceil(limit.value):
            yield Fault(
                at,
                f"{name} is {threads}, the CPU limit {show_cpu(limit.value)}{limit.origin}: "
                f"all threads stand still for up to {_idle(threads, float(limit.value))} ms of every 100 ms",
                related=related,
            )


def _idle(threads: int, cores: float) -> int:
    return round(100 * (1 - cores / threads))


def _threads(value: Any) -> int | None:
    """`OMP_NUM_THREADS` may list one number a nesting level; the first counts."""
    if type(value) is int:
        return value
    first = value.split(",")[0].strip() if type(value) is str else ""
    return int(first) if first.isdecimal() and len(first) < 10 else None


def _environment(container: Container) -> Iterator[tuple[str, Any, Address, tuple[Related, ...]]]:
    """(name, literal value, address, related) as far as known, in the order in which later ones win."""
    namespace = container.workload.namespace
    for index, source in enumerate(sequence(container.value.get("envFrom"))):
        name = string(dig(source, "configMapRef", "name"))
        config = container.cluster.config_map(namespace, name) if name else None
        if config is None:
            continue
        prefix = string(dig(source, "prefix")) or ""
        for key, value in mapping(config.get("data")).items():
            related = (Related(f"set in {config}", config.at("data", key)),)
            yield prefix + key, value, container.at("envFrom", index), related
    for index, entry in container.env():
        name = string(entry.get("name"))
        if name is None:
            continue
        if (reference := dig(entry, "valueFrom", "configMapKeyRef")) is not None:
            source_name, source_key = string(dig(reference, "name")), string(dig(reference, "key"))
            config = container.cluster.config_map(namespace, source_name) if source_name else None
            if config is not None and source_key is not None:
                related = (Related(f"set in {config}", config.at("data", source_key)),)
                yield name, config.get("data", source_key), container.at("env", index, "valueFrom"), related
                continue
        yield name, entry.get("value"), container.at("env", index, "value"), ()
