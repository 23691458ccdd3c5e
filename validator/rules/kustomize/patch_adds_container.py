"""Merge patch names a container that the object does not have, so Kustomize adds one without an image.

Containers are merged by name: a misspelled one is new. The server refuses the object, since the image is
required, and what the patch was for is missing from the real container.
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/#notes-on-the-strategic-merge-patch

Fix: Write the name as the object does, or give the new container its image.

Bad:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    patches: [path: level.yaml]
    # file: level.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: example}
    spec:
      template:
        spec:
          containers:
            - name: ap  # finding
              env: [{name: LOG_LEVEL, value: debug}]
    # file: deployment.yaml
    # also: api.value-invalid
    kind: Deployment
    spec: {template: {spec: {containers: [{name: api, image: "trading/api:v1.1.0"}]}}}
Good:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    patches: [path: level.yaml]
    # file: level.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: example}
    spec:
      template:
        spec:
          containers:
            - name: api
              env: [{name: LOG_LEVEL, value: debug}]
    # file: deployment.yaml
    kind: Deployment
    spec: {template: {spec: {containers: [{name: api, image: "trading/api:v1.1.0"}]}}}
"""

from validator.cluster import Container
from validator.config import nearest
from validator.rule import Findings, Severity, rule
from validator.source import Sources


def _lacks_image(container: Container) -> bool:
    return not container.value.get("image")


@rule(Severity.ERROR, when=_lacks_image)
def patch_adds_container(container: Container, sources: Sources) -> Findings:
    workload = container.workload
    at = container.at("name")
    written, began = sources.locate(at), sources.began(workload.resource)
    if written.certainty == "exact" and written.file != began.file:
        names = [each.name for each in workload.containers if each.has_image()]
        hint = nearest(container.name, names) or f"; the object has {', '.join(names)}"
        yield at, f"this patch adds a container `{container.name}` without an image to {workload}{hint}"
