"""Command of a probe may take 1 second only, the default, so a busy node fails a healthy container.

Starting a process in a container takes far longer than answering a request; under CPU pressure one second is
soon gone, and a liveness probe then restarts a container that works.
https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes

Fix: Set `timeoutSeconds` to what the command may take on a busy node, such as 5.

Bad:
    kind: StatefulSet
    spec: {template: {spec: {containers: [
      {name: db,
       livenessProbe: {  # finding
         exec: {command: [pg_isready]}},
       readinessProbe: {tcpSocket: {port: 8000}}},
    ]}}}
Good:
    kind: StatefulSet
    spec: {template: {spec: {containers: [
      {name: db,
       livenessProbe: {timeoutSeconds: 5,
         exec: {command: [pg_isready]}},
       readinessProbe: {tcpSocket: {port: 8000}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.probes import probes
from validator.rule import Findings, Severity, rule


def _runs_commands(container: Container) -> bool:
    return any(found.handler == "exec" for found in probes(container))


@rule(Severity.WARNING, when=_runs_commands)
def exec_timeout(container: Container) -> Findings:
    for found in probes(container):
        if found.handler == "exec" and not found.seconds("timeoutSeconds", 0):
            yield (
                found.at("timeoutSeconds"),
                f"the {found.short} probe runs {found.asks} with the default timeout of 1 s",
            )
