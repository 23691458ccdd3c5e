"""Container requests more than its limit, so the server refuses the pod and the workload never starts.

Quantities are compared as numbers: `1` CPU is `1000m`, `1Gi` is more than `1G`.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/

Fix: Raise the limit to at least the request; check which patch of the overlay sets only one of the two.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 1Gi},  # finding
        limits: {cpu: 1, memory: 1G}}},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, resources: {
        requests: {cpu: 250m, memory: 1Gi},
        limits: {cpu: 1, memory: 1Gi}}},
    ]}}}
"""

from validator.cluster import Container, quantity
from validator.rule import Fault, Findings, Related, Severity, rule


def _has_both(container: Container) -> bool:
    return bool(container.requests and container.limits)


@rule(Severity.ERROR, when=_has_both)
def request_above_limit(container: Container) -> Findings:
    for resource, requested in container.requests.items():
        request, limit = quantity(requested), quantity(container.limits.get(resource))
        if request is not None and limit is not None and request > limit:
            yield Fault(
                container.at("resources", "requests", resource),
                f"{resource} request {requested} is above the limit {container.limits[resource]}: "
                "the server refuses the pod",
                related=(Related("the limit", container.at("resources", "limits", resource)),),
            )
