"""Value is refused by the API server, though it fits the schema of its field.

A schema says "a string"; the server also wants a name of its kind, a quantity it can read, keys that do not
repeat, fields that go together. These are its own checks, for every version of `kube-version`.
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/

Fix: Correct the value as the message says.

Bad:
    # also: resources.memory-limit
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, resources: {
        requests: {cpu: 100m, memory: 256Mi},
        limits: {cpu: "1", memory: 512MB}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, resources: {
        requests: {cpu: 100m, memory: 256Mi},
        limits: {cpu: "1", memory: 512M}}},
    ]}}}
"""

from validator.cluster.places import container_at
from validator.cluster.validity import faults
from validator.config import Settings
from validator.finding import Address
from validator.manifest import Resource
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR)
def value_invalid(resource: Resource, settings: Settings) -> Findings:
    for path, message in faults(resource, settings.kube_version):
        yield Address(resource.ref, path, container_at(resource, path)), message
