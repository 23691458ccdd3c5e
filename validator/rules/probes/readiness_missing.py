"""Container has no readiness probe, so it gets traffic before it can answer and while it cannot.

A pod without one counts as ready once its process runs; rollouts and PodDisruptionBudgets believe it too.
Every container of a long-running workload is asked, native sidecars included; Jobs, CronJobs and init
containers are not. One container's probe says nothing about its neighbours.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes

Fix: Add a `readinessProbe` on an endpoint that says whether the container can serve now.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,  # finding
       livenessProbe: {httpGet: {path: /live, port: 8000}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,
       livenessProbe: {httpGet: {path: /live, port: 8000}},
       readinessProbe: {httpGet: {path: /ready, port: 8000}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.probes import probe
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=9, when=Container.is_long_running)
def readiness_missing(container: Container) -> Findings:
    found = probe(container, "readinessProbe")
    if found is None:
        yield (
            container.at("readinessProbe"),
            "no readiness probe: it gets traffic, and a rollout goes on, before it can answer",
        )
    elif found.handler is None:
        yield found.at(), "the readiness probe asks nothing: no httpGet, tcpSocket, grpc or exec"
