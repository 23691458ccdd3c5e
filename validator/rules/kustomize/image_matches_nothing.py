"""Entry of `images` names an image that no container of its kustomization has, so the old tag ships.

Kustomize says nothing. The name must be the whole name as the manifests write it, registry included, and
without the tag; images that an outer kustomization adds come too late. In a component it is a warning.
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/

Fix: Write the name as the manifests do; the message names the nearest image.

Bad:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    images:
      - name: trading/apis  # finding
        newTag: v1.2.0
    # file: deployment.yaml
    kind: Deployment
    spec: {template: {spec: {containers: [{name: api, image: "trading/api:v1.1.0"}]}}}
Good:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    images:
      - name: trading/api
        newTag: v1.2.0
    # file: deployment.yaml
    kind: Deployment
    spec: {template: {spec: {containers: [{name: api, image: "trading/api:v1.1.0"}]}}}
"""

import re
from collections.abc import Iterable

from validator.config import nearest
from validator.kustomization import Kustomization
from validator.rule import Fault, Findings, Severity, rule


def _has_images(kustomization: Kustomization) -> bool:
    return any(kustomization.entries("images"))


@rule(Severity.ERROR, when=_has_images)
def image_matches_nothing(kustomization: Kustomization) -> Findings:
    layer = kustomization.layer
    if layer.partial or layer.configured:
        return
    for (field, index), entry in kustomization.entries("images"):
        name = entry.get("name") if type(entry) is dict else None
        if type(name) is str and not layer.chosen[field, index]:
            severity = Severity.WARNING if kustomization.component else None
            message = f"no container at this layer has the image {name}{_closest(name, layer.images)}"
            yield Fault(kustomization.at(field, index, "name"), message, severity=severity)


def _closest(name: str, images: Iterable[str]) -> str:
    names = sorted({_name(image) for image in images})
    if _name(name) != name and _name(name) in names:
        return "; a name here has no tag"
    last = name.rpartition("/")[2]
    alike = [each for each in names if each.rpartition("/")[2] == last]
    return f"; did you mean `{alike[0]}`?" if len(alike) == 1 else nearest(name, names)


def _name(image: str) -> str:
    """An image without digest and tag; a colon before the last slash is that of a port."""
    return re.sub(r":[^/]*$", "", image.partition("@")[0])
