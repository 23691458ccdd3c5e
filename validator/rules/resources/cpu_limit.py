"""Container has no CPU limit, so it may use every idle core of its node.

A limit is a choice: it makes latency predictable and keeps a runaway thread pool from the neighbours, but it
throttles even where cores are idle. Where requests alone are preferred, switch this rule off with the reason.
The pod's own `resources` (Kubernetes 1.34+) stand in for its containers.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/

Fix: Set `resources.limits.cpu`, or ignore this rule for the project with the reason.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {memory: 512Mi}}},  # finding
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


@rule(Severity.WARNING, item=8)
def cpu_limit(container: Container) -> Findings:
    effect = "it may take every idle core of the node (a limit would throttle it instead)"
    if message := missing(container, "limits", "cpu", effect):
        yield container.at("resources", "limits", "cpu"), message
