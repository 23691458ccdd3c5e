"""Image tag can move, so a restart may run code nobody reviewed.

Fix: name the image once in the overlay's `images:` block, with tag and digest.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, image: "qt/risk:latest"},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, image: "qt/risk:1.4.2"},
    ]}}}
"""

from dataclasses import dataclass

from validator.cluster import Container
from validator.cluster.images import MOVING_TAGS, is_moving
from validator.rule import Findings, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    """`tags`: tags that are known to move, beside a missing one."""

    tags: tuple[str, ...] = MOVING_TAGS


@rule(Severity.ERROR, when=Container.has_image)
def moving_tag(container: Container, options: Options) -> Findings:
    image = container.image
    if image is None or not is_moving(image, options.tags):
        return
    if image.tag is None:
        yield container.at("image"), f"{image} has no tag, which means `latest`"
    else:
        yield container.at("image"), f"{image}: the tag `{image.tag}` can change under the same name"
