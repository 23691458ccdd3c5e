"""Container bounds its use of the node's disk neither by request nor by limit.

Logs, the writable layer and `emptyDir` volumes share the node's disk; one container that fills it makes the
kubelet evict its neighbours. A LimitRange's default counts.
https://kubernetes.io/docs/concepts/storage/ephemeral-storage/

Fix: Set `ephemeral-storage` in requests and limits, or a default for it in the namespace's LimitRange.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {memory: 256Mi}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 256Mi},
        limits: {memory: 256Mi, ephemeral-storage: 1Gi}}},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.resources import amount
from validator.rule import Findings, Severity, rule

_NAME = "ephemeral-storage"


@rule(Severity.INFO, prod=True)
def ephemeral_storage(container: Container) -> Findings:
    given = (container.requests.get(_NAME), container.limits.get(_NAME), amount(container, "requests", _NAME))
    if all(value is None for value in given):
        yield (
            container.at("resources", "limits", _NAME),
            "no `ephemeral-storage` request or limit: logs and scratch files may fill the node's disk",
        )
