"""Quantity is valid but its unit is surely wrong, so the container is killed at once or never scheduled.

`memory: 512m` is half a byte and `cpu: 500Mi` is 524 million cores; the server takes both. Memory limits
under 4 MiB cannot even start a process, and a memory request below 1 MiB has lost its unit.
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

Fix: Memory takes `Mi` and `Gi`, CPU takes `m` or whole cores.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256m},  # finding
        limits: {cpu: 1, memory: 512Mi}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {cpu: 1, memory: 512Mi}}},
    ]}}}
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from validator.cluster import Container, quantity, show_bytes
from validator.rule import Findings, Severity, rule

_MI = 2**20


@dataclass(frozen=True, slots=True)
class Options:
    """`most-cores`: more CPU than this in one container counts as a forgotten `m`."""

    most_cores: int = 96


def _has_any(container: Container) -> bool:
    return bool(container.requests or container.limits)


@rule(Severity.WARNING, when=_has_any)
def suspicious_quantity(container: Container, options: Options) -> Findings:
    for side, values in (("requests", container.requests), ("limits", container.limits)):
        for resource, written in values.items():
            value = quantity(written)
            if value is None:
                continue
            if resource == "cpu":
                problem = _cpu(written, value, options)
            elif resource in ("memory", "ephemeral-storage"):
                problem = _bytes(resource, written, value, side == "limits")
            else:
                continue
            if problem:
                yield container.at("resources", side, resource), f"{resource} {side[:-1]} {problem}"


def _cpu(written: Any, value: Fraction, options: Options) -> str | None:
    text = str(written)
    if text.endswith("i") or text[-1:] in "kMGTPE":
        return f"{text} is {int(value):,} cores; CPU takes `m` (thousandths of a core) or whole cores"
    if value > options.most_cores:
        return f"{text} is {int(value):,} cores; `{text}m` may be meant"
    return None


def _bytes(resource: str, written: Any, value: Fraction, is_limit: bool) -> str | None:
    text = str(written)
    if value <= 0:
        return None
    if text[-1:] in ("m", "u", "n"):
        unit = {"m": "thousandths", "u": "millionths", "n": "billionths"}[text[-1]]
        return f"{text} is in {unit} of a byte; `{text[:-1]}Mi` may be meant"
    if resource == "memory" and is_limit and value < 4 * _MI:
        return f"{text} is {_size(value)}, less than the 4Mi that a container needs to start at all"
    if resource == "memory" and value < _MI:
        return f"{text} is {_size(value)}; is its unit missing?"
    return None


def _size(value: Fraction) -> str:
    return f"{show_bytes(value)} bytes" if value < 1024 else show_bytes(value)
