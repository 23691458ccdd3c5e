"""Objects of a kind are not checked, because no schema of it is at hand, so their mistakes go unseen.

This is not a verdict on the objects. One finding stands on the first object of each such kind, with the
number of all. Schemas come with the package for Kubernetes and common operators, and are read from every
CustomResourceDefinition in the render.
https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/

Fix: Add the kind's CustomResourceDefinition to the render, or correct `apiVersion` and `kind` if they are
misspelled.

Bad:
    apiVersion: example.com/v1  # finding
    kind: Widget
    metadata: {name: example}
Good:
    apiVersion: example.com/v1
    kind: Widget
    metadata: {name: example}
    ---
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: widgets.example.com}
    spec:
      group: example.com
      scope: Namespaced
      names: {plural: widgets, kind: Widget}
      versions:
      - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""

from validator.cluster import Cluster
from validator.finding import Address
from validator.manifest import Resource
from validator.rule import Findings, Severity, rule
from validator.schema import Schemas


@rule(Severity.WARNING)
def schema_missing(cluster: Cluster, schemas: Schemas) -> Findings:
    kinds: dict[tuple[str, str], list[Resource]] = {}
    for resource in cluster.resources:
        kinds.setdefault((resource.ref.api_version, resource.kind), []).append(resource)
    for (api_version, kind), resources in kinds.items():
        if not schemas.knows(api_version, kind):
            objects = "1 object" if len(resources) == 1 else f"{len(resources):,} objects"
            yield Address(resources[0].ref), f"{objects} of {kind} ({api_version}) not checked: no schema"
