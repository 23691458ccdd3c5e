"""Pull policy lets nodes run different images under one name, or keeps a pod from starting at all.

With a tag that moves, only `Always` makes every node look for the present image; `IfNotPresent` runs
whatever a node pulled last. `Never` fails on any node that does not hold the image already. An unset policy
is `Always` for `latest` or no tag, else `IfNotPresent`. Which tags move is set under
`[rules."images.moving-tag"]`.
https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting

Fix: Pin the image by version and digest and leave the policy out; where a tag must move, set `Always`.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, image: "qt/risk:1.4.2", imagePullPolicy: Never},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, image: "qt/risk:1.4.2", imagePullPolicy: IfNotPresent},
    ]}}}
"""

from validator.cluster import Container
from validator.cluster.images import is_moving, moving_tags
from validator.config import Settings
from validator.manifest import string
from validator.rule import Findings, Severity, rule


@rule(Severity.WARNING, when=Container.has_image)
def pull_policy(container: Container, settings: Settings) -> Findings:
    image = container.image
    if image is None:
        return
    declared = string(container.value.get("imagePullPolicy"))
    if declared == "Never":
        yield (
            container.at("imagePullPolicy"),
            f"`Never` keeps {image} from starting on every node that does not hold it already",
        )
        return
    if not is_moving(image, moving_tags(settings)):
        return
    default = "Always" if image.tag in (None, "latest") else "IfNotPresent"
    policy = declared or default
    if policy != "Always":
        said = f"`{policy}`" if declared else f"the policy is unset, which is `{policy}` for this tag"
        yield (
            container.at("imagePullPolicy"),
            f"{said}: {image} can move, and each node keeps the copy that it pulled first",
        )
