"""Which image tags can move, and which references mean one image."""

from collections import defaultdict
from collections.abc import Iterable

from validator.cluster.image import Image
from validator.cluster.workload import Container
from validator.config import Settings
from validator.manifest import sequence

MOVING_TAGS = ("latest", "edge", "nightly", "main", "master", "dev", "develop", "stable")
"""Tags that publishers are known to push again under the same name, beside a missing one."""


def moving_tags(settings: Settings) -> tuple[str, ...]:
    """The tags that `images.moving-tag` is configured with, for the other rules that ask the same."""
    options = settings.rules.get("images.moving-tag", {})
    return tuple(str(tag) for tag in sequence(options.get("tags"))) if "tags" in options else MOVING_TAGS


def is_moving(image: Image, tags: Iterable[str]) -> bool:
    """Whether the reference can mean another image tomorrow; a digest pins it whatever the tag."""
    if image.digest:
        return False
    return image.tag is None or image.tag in tags or image.tag.startswith("latest-")


def by_version(containers: Iterable[Container]) -> dict[str, dict[str, list[Container]]]:
    """Containers by repository and version.

    The digest decides. A tag without one counts as the digest that the same tag has elsewhere, so that
    a reference pinned in one place and not in the other is not taken for two versions.
    """
    found: dict[str, list[tuple[Image, Container]]] = defaultdict(list)
    digests: dict[tuple[str, str], set[str]] = defaultdict(set)
    for container in containers:
        image = container.image
        if image is None:
            continue
        found[image.repository].append((image, container))
        if image.tag and image.digest:
            digests[image.repository, image.tag].add(image.digest)
    versions: dict[str, dict[str, list[Container]]] = {}
    for repository, users in found.items():
        groups: dict[str, list[Container]] = defaultdict(list)
        for image, container in users:
            tag = image.tag or "latest"
            known = digests.get((repository, tag), set())
            version = image.digest or (next(iter(known)) if len(known) == 1 else tag)
            groups[version].append(container)
        versions[repository] = groups
    return versions
