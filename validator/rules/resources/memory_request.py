"""Container requests no memory, so it lands on a full node and is the first to be evicted there.

The kubelet evicts those pods first that use more than they request, and with no request every byte is more.
A limit alone implies the request; the pod's own `resources` (Kubernetes 1.34+) stand in for its containers.
A LimitRange's default is named but not accepted: nobody chose it for this container.
https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction

Fix: Set `resources.requests.memory` to what the container needs at a normal load, or set the limit.

Bad:
    # also: resources.memory-limit
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m},  # finding
        limits: {cpu: 1}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {cpu: 1, memory: 256Mi}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.resources import missing
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=8)
def memory_request(container: Container) -> Findings:
    effect = "the pod is scheduled onto full nodes and evicted first"
    if message := missing(container, "requests", "memory", effect):
        yield container.at("resources", "requests", "memory"), message
