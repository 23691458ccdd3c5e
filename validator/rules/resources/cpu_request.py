"""Container requests no CPU, so the scheduler takes it for free and its neighbours starve it.

Without a request the container gets the smallest share when the node is busy, and an HPA that scales by CPU
utilization cannot compute anything. A limit alone implies the request; the pod's own `resources`
(Kubernetes 1.34+) stand in for its containers. A LimitRange's default is named but not accepted: nobody
chose it for this container, and it changes with the namespace.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/

Fix: Set `resources.requests.cpu` to what the container uses at a normal load.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk,
       resources: {
         requests: {memory: 256Mi},  # finding
         limits: {memory: 256Mi}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk,
       resources: {
         requests: {cpu: 250m, memory: 256Mi},
         limits: {memory: 256Mi}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.resources import missing
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=8)
def cpu_request(container: Container) -> Findings:
    effect = "the scheduler reserves nothing, and busy neighbours take the CPU"
    if message := missing(container, "requests", "cpu", effect):
        yield container.at("resources", "requests", "cpu"), message
