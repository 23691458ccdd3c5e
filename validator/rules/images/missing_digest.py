"""Image is named by a tag without a digest, so whoever can push to the registry can change what runs.

A tag is a pointer that its publisher may move; a digest is the content itself, and a node that pulls it
gets exactly the bytes that were tested.
https://kubernetes.io/docs/concepts/containers/images/#image-names

Fix: Add the digest in the overlay's `images:` block (`digest: sha256:…`); `crane digest IMAGE` prints it.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk,
       image: "qt/risk:1.4.2"},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk,
       image: "qt/risk:1.4.2@sha256:7a0e2a3d5d5c1a6f0f4b1d9c8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f"},
    ]}}}
"""

from validator.cluster import Container
from validator.rule import Findings, Severity, rule


@rule(Severity.INFO, prod=True, when=Container.has_image)
def missing_digest(container: Container) -> Findings:
    image = container.image
    if image is not None and image.tag is not None and not image.digest:
        yield container.at("image"), f"{image} names the tag `{image.tag}` but no digest"
