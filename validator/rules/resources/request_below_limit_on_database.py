"""Database requests less memory than its limit, so under node pressure it is evicted among the first.

The kubelet first evicts pods that use more than they request; a database fills its caches up to the limit, so
with a lower request it is always among them, and a restart loses the cache and every connection.
https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction

Fix: Set the memory request equal to the limit.

Bad:
    kind: StatefulSet
    spec: {template: {spec: {containers: [
      {name: db, image: "timescale/timescaledb:2.17.2-pg16", resources: {
        requests: {cpu: 1, memory: 2Gi},  # finding
        limits: {cpu: 2, memory: 4Gi}}},
    ]}}}
Good:
    kind: StatefulSet
    spec: {template: {spec: {containers: [
      {name: db, image: "timescale/timescaledb:2.17.2-pg16", resources: {
        requests: {cpu: 1, memory: 4Gi},
        limits: {cpu: 2, memory: 4Gi}}},
    ]}}}
"""

from validator.cluster import Container, show_bytes
from validator.cluster.resources import amount
from validator.rule import Findings, Severity, rule


def _is_running_database(container: Container) -> bool:
    """A database's image in a Job or an init container is a client: a dump, a wait, a migration."""
    return container.is_long_running() and container.is_database()


@rule(Severity.WARNING, prod=True, when=_is_running_database)
def request_below_limit_on_database(container: Container) -> Findings:
    request, limit = amount(container, "requests", "memory"), amount(container, "limits", "memory")
    if request and limit and request.value < limit.value:
        yield (
            container.at("resources", "requests", "memory"),
            f"memory request {show_bytes(request.value)}{request.origin} is below the limit "
            f"{show_bytes(limit.value)}{limit.origin}: once it uses more than the request, "
            "the kubelet evicts it first",
        )
