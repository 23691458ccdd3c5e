"""Liveness asks what readiness asks and gives up no later, so a slow pod is killed instead of relieved.

Readiness should take a slow pod out of its Services first, so that it can recover; when liveness fails at the
same moment, the pod is killed, and its load moves on to the next one. Each probe fails after
`failureThreshold` × `periodSeconds` (3 × 10 s by default). Equal endpoints with a slower liveness probe are
fine.
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/

Fix: Give liveness an endpoint of its own that does not depend on load, or a higher `failureThreshold`.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       livenessProbe: {  # finding
         httpGet: {path: /health, port: 8000}},
       readinessProbe: {httpGet: {path: /health, port: 8000}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       livenessProbe: {failureThreshold: 6,
         httpGet: {path: /health, port: 8000}},
       readinessProbe: {httpGet: {path: /health, port: 8000}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.probes import Probe, probe
from validator.rule import Fault, Findings, Related, Severity, rule


def _has_both(container: Container) -> bool:
    return container.probe("livenessProbe") is not None and container.probe("readinessProbe") is not None


@rule(Severity.WARNING, when=_has_both)
def kills_before_unready(container: Container) -> Findings:
    liveness, readiness = probe(container, "livenessProbe"), probe(container, "readinessProbe")
    if not liveness or not readiness or not liveness.handler or liveness.endpoint != readiness.endpoint:
        return
    kills, withdraws = liveness.threshold * liveness.period, readiness.threshold * readiness.period
    if kills <= withdraws:
        yield Fault(
            liveness.at(),
            f"both probes ask {liveness.asks}: liveness kills after {_spoken(liveness)} = {kills} s, "
            f"readiness withdraws only after {_spoken(readiness)} = {withdraws} s",
            related=(Related("the readiness probe", readiness.at()),),
        )


def _spoken(of: Probe) -> str:
    return f"{of.threshold} × {of.period} s"
