"""API or field does not exist yet in a version of Kubernetes that the objects are meant for.

An unknown API is refused; an unknown field is refused or dropped in silence, depending on who applies it.
Judged for the oldest version of `kube-version`, by comparing the API descriptions of all versions since 1.25.
A field that exists may still need a feature gate there.
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation

Fix: Do without it until the oldest cluster is upgraded, or raise `kube-version`.

Bad:
    # setting: kube-version = "1.28..1.37"
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, lifecycle: {preStop: {
        sleep: {seconds: 5}}}},  # finding
    ]}}}
Good:
    # setting: kube-version = "1.28..1.37"
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, lifecycle: {preStop: {
        exec: {command: [sleep, "5"]}}}},
    ]}}}
"""

from validator.cluster.places import container_at
from validator.config import Settings
from validator.finding import Address
from validator.lifecycle import lifecycle, newer
from validator.manifest import Resource
from validator.rule import Findings, Severity, rule
from validator.schema import Schemas


@rule(Severity.ERROR)
def too_new(resource: Resource, settings: Settings, schemas: Schemas) -> Findings:
    ref, kube = resource.ref, settings.kube_version
    life = lifecycle(ref.api_version, ref.kind)
    if life is None:
        return
    if life.introduced > kube.oldest:
        yield (
            Address(ref, ("apiVersion",)),
            f"{ref.api_version} {ref.kind} is there since Kubernetes 1.{life.introduced}, "
            f"not in all of {kube}",
        )
        return
    since = schemas.since(ref.api_version, ref.kind)
    for path, minor in newer(resource.value, since, kube.oldest) if since else ():
        yield (
            Address(ref, path, container_at(resource, path)),
            f"`{path[-1]}` is there since Kubernetes 1.{minor}, not in all of {kube}",
        )
