"""One image runs in two versions in the same overlay, usually because an update forgot a place.

A migration Job, a backup or an init container that stays behind its service meets a schema or a protocol
that it does not know. The digest decides; a tag that is pinned by digest in one place only is not reported
here. The version that most containers use counts as the intended one, the first of equals.

Fix: Set the version once in the overlay's `images:` block, which changes every place, also in Jobs and init
containers.

Bad:
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {containers: [
      {name: api, image: "qt/api:1.4.2"},
    ]}}}
    ---
    kind: CronJob
    metadata: {name: settle}
    spec: {jobTemplate: {spec: {template: {spec: {containers: [
      {name: settle, image: "qt/api:1.3.9"},  # finding
    ]}}}}}
Good:
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {containers: [
      {name: api, image: "qt/api:1.4.2"},
    ]}}}
    ---
    kind: CronJob
    metadata: {name: settle}
    spec: {jobTemplate: {spec: {template: {spec: {containers: [
      {name: settle, image: "qt/api:1.4.2"},
    ]}}}}}
"""

from validator.cluster import Cluster
from validator.cluster.images import by_version
from validator.rule import Fault, Findings, Related, Severity, rule


def _runs_images(cluster: Cluster) -> bool:
    return bool(cluster.containers)


@rule(Severity.WARNING, when=_runs_images)
def same_image_two_versions(cluster: Cluster) -> Findings:
    for repository, versions in by_version(cluster.containers).items():
        if len(versions) < 2:
            continue
        intended = max(versions.values(), key=len)
        other = intended[0].image
        assert other is not None
        count = sum(len(containers) for containers in versions.values())
        for containers in versions.values():
            if containers is intended:
                continue
            for container in containers:
                image = container.image
                assert image is not None
                yield Fault(
                    container.at("image"),
                    f"{repository} is {image.version} here and {other.version} in "
                    f"{len(intended)} of {count} containers, first in {intended[0]}",
                    related=(Related(f"runs {other.version}", intended[0].at("image")),),
                )
