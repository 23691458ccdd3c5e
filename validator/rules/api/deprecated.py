"""API version is deprecated in a version of Kubernetes that the objects are meant for, so its end is near.

Judged for the whole range of `kube-version`. One that is removed within the range is `api.removed`; a new API
that the oldest version of the range does not have yet can wait, and the message says so.
https://kubernetes.io/docs/reference/using-api/deprecation-policy/

Fix: Use the API version that the message names.

Bad:
    kind: Endpoints
    apiVersion: v1  # finding
    metadata: {name: database}
    subsets: [{addresses: [{ip: 192.0.2.7}], ports: [{port: 5432}]}]
Good:
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: database-1, labels: {kubernetes.io/service-name: database}}
    addressType: IPv4
    endpoints: [{addresses: [192.0.2.7]}]
    ports: [{port: 5432}]
"""

from validator.config import Settings
from validator.finding import Address
from validator.lifecycle import lifecycle, replacement
from validator.manifest import Resource
from validator.rule import Fault, Findings, Severity, rule


@rule(Severity.WARNING)
def deprecated(resource: Resource, settings: Settings) -> Findings:
    ref, kube = resource.ref, settings.kube_version
    life = lifecycle(ref.api_version, ref.kind)
    if life is None or not 0 < life.deprecated <= kube.newest or 0 < life.removed <= kube.newest:
        return
    other = replacement(ref.api_version, ref.kind, kube.newest)
    message = f"{ref.api_version} {ref.kind} is deprecated since Kubernetes 1.{life.deprecated}"
    if other is None:
        yield Fault(Address(ref, ("apiVersion",)), message, severity=Severity.INFO)
    elif other[1] > kube.oldest:
        message += f"; {other[0]} is there since 1.{other[1]} only, not in all of {kube}"
        yield Fault(Address(ref, ("apiVersion",)), message, severity=Severity.INFO)
    else:
        yield Fault(Address(ref, ("apiVersion",)), f"{message}; use {other[0]}")
