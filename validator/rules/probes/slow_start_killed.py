"""Liveness gives up before the container can have started, so it is restarted for ever and never serves.

How long a workload takes to start is not in its manifest: set it under `[rules."probes.slow-start-killed"]`
as `startup-seconds`, by workload or by `workload/container`; without it nothing is asked. The first probe
comes after `initialDelaySeconds`, and the last that may fail (`failureThreshold` - 1) × `periodSeconds`
later. With a startup probe, that one's patience counts, since liveness waits for it.
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/

Fix: Add a `startupProbe` with `failureThreshold` × `periodSeconds` well above the time that a start takes.

Bad:
    # option: startup-seconds = {api = 60}
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {containers: [
      {name: api,
       livenessProbe: {  # finding
         httpGet: {path: /live, port: 8000}},
       readinessProbe: {httpGet: {path: /ready, port: 8000}}},
    ]}}}
Good:
    # option: startup-seconds = {api = 60}
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {containers: [
      {name: api,
       startupProbe: {httpGet: {path: /live, port: 8000}, periodSeconds: 5, failureThreshold: 24},
       livenessProbe: {
         httpGet: {path: /live, port: 8000}},
       readinessProbe: {httpGet: {path: /ready, port: 8000}}},
    ]}}}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from validator.cluster import Container
from validator.cluster.probes import probe
from validator.rule import Findings, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    """`startup-seconds`: how long a start may take, by `workload` or `workload/container`."""

    startup_seconds: Mapping[str, int] = field(default_factory=dict)


def _asked(container: Container) -> bool:
    configured = container.cluster.settings.rules.get("probes.slow-start-killed", {}).get("startup-seconds")
    if not isinstance(configured, Mapping) or not container.is_long_running():
        return False
    return _seconds(container, configured) is not None


def _seconds(container: Container, configured: Mapping[str, int]) -> int | float | None:
    name = container.workload.name
    value = configured.get(f"{name}/{container.name}", configured.get(name))
    return value if type(value) in (int, float) else None


@rule(Severity.WARNING, when=_asked)
def slow_start_killed(container: Container, options: Options) -> Findings:
    needed = _seconds(container, options.startup_seconds)
    first = probe(container, "startupProbe") or probe(container, "livenessProbe")
    if needed is None or first is None:
        return
    patience = first.delay + (first.threshold - 1) * first.period
    if patience < needed:
        yield (
            first.at(),
            f"the {first.short} probe can kill it {first.delay} s + ({first.threshold} - 1) × "
            f"{first.period} s = {patience} s into its start, which may take {needed} s",
        )
