"""Container has no memory limit, so one leak takes the node's memory and other pods with it.

The pod's own `resources` (Kubernetes 1.34+) stand in for its containers. A LimitRange's default is named but
not accepted: nobody chose it for this container, and it changes with the namespace.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/

Fix: Set `resources.limits.memory` to the most that the container may use.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {cpu: 1}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {cpu: 1, memory: 512Mi}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.resources import missing
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=8)
def memory_limit(container: Container) -> Findings:
    effect = "a leak takes the node's memory and other pods with it"
    if message := missing(container, "limits", "memory", effect):
        yield container.at("resources", "limits", "memory"), message
