"""Container has no liveness probe, so when it hangs nothing restarts it.

Every container of a long-running workload is asked, native sidecars (init containers with
`restartPolicy: Always`) included; Jobs, CronJobs and init containers are not. A probe without a handler is
refused by the server and counts as missing. A container that is better off without one gets an exception
with the reason.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes

Fix: Add a `livenessProbe` on an endpoint that says only whether the process itself works, not its
dependencies.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,  # finding
       readinessProbe: {httpGet: {path: /ready, port: 8000}}},
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
def liveness_missing(container: Container) -> Findings:
    found = probe(container, "livenessProbe")
    if found is None:
        yield container.at("livenessProbe"), "no liveness probe: if it hangs, nothing restarts it"
    elif found.handler is None:
        yield found.at(), "the liveness probe asks nothing: no httpGet, tcpSocket, grpc or exec"
