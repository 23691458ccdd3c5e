"""Image comes from a registry that is not among the allowed ones, so nobody answers for its content.

Asked only where `allowed-registries` is configured. An entry is a registry (`ghcr.io`), or a registry with
leading path segments (`ghcr.io/acme`), which then must match whole segments. Short names mean `docker.io`,
as container runtimes resolve them (`redis` is `docker.io/library/redis`).

Fix: Mirror the image to an allowed registry and name it once in the overlay's `images:` block with `newName`,
or add its registry to `allowed-registries`.

Bad:
    # option: allowed-registries = ["ghcr.io/acme"]
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, image: "acme/risk:1.4.2"},  # finding
    ]}}}
Good:
    # option: allowed-registries = ["ghcr.io/acme"]
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: risk, image: "ghcr.io/acme/risk:1.4.2"},
    ]}}}
"""

from dataclasses import dataclass

from validator.cluster import Container
from validator.rule import Findings, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    """`allowed-registries`: registries, or registry and leading path, that images may come from."""

    allowed_registries: tuple[str, ...] = ()


def _asked(container: Container) -> bool:
    options = container.cluster.settings.rules.get("images.untrusted-registry", {})
    return bool(options.get("allowed-registries")) and container.has_image()


@rule(Severity.ERROR, when=_asked)
def untrusted_registry(container: Container, options: Options) -> Findings:
    image = container.image
    if image is None:
        return
    allowed = [entry.rstrip("/") for entry in options.allowed_registries]
    if not any(f"{image.repository}/".startswith(f"{entry}/") for entry in allowed):
        yield (
            container.at("image"),
            f"{image} is {image.repository}, which is outside the allowed {', '.join(allowed)}",
        )
