"""Each overlay is accepted as it is, whole, without a warning; applying it again changes nothing."""

import re
from collections.abc import Iterator

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.deploy.manifests import K8S, objects


@pytest.fixture(scope="module", params=["dev", "prod"])
def applied(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An overlay's name, and what kubectl printed. dev comes first, while no operator's kind is there."""
    if request.param == "prod":
        request.getfixturevalue("operators")
    yield request.param, cluster.deploy(request.param)
    cluster.remove(request.param)


def test_every_object_is_created(cluster: Cluster, applied: tuple[str, str]) -> None:
    overlay, printed = applied
    outcomes = [line.rpartition(" ")[2] for line in printed.splitlines()]
    assert len(outcomes) == len(objects(f"overlays/{overlay}"))
    assert set(outcomes) == {"created"}


# kubectl's own patch of these is never empty, though the server then changes nothing: a budget's selector is
# replaced whole, a claim template has defaults, and Kustomize wraps a generated Secret's long values.
ALWAYS_PATCHED = ("poddisruptionbudget.policy/", "statefulset.apps/", "secret/")


def test_a_second_apply_changes_nothing(cluster: Cluster, applied: tuple[str, str]) -> None:
    folder = str(K8S / "overlays" / applied[0])

    def generations() -> dict[str, int]:
        kinds = "deployments,statefulsets,cronjobs,poddisruptionbudgets,ingresses,networkpolicies"
        return {
            f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["generation"]
            for each in cluster.items(kinds)
        }

    before = generations()
    printed = cluster.kubectl("apply", "-k", folder, "--validate=strict")
    changed = [line for line in printed.splitlines() if not line.endswith(" unchanged")]
    assert [line for line in changed if not line.startswith(ALWAYS_PATCHED)] == []
    assert generations() == before
    assert cluster.kubectl("diff", "-k", folder) == ""


def test_a_restore_is_accepted_beside_it(cluster: Cluster, applied: tuple[str, str]) -> None:
    folder = str(K8S / "jobs/restore")
    cluster.kubectl("apply", "-k", folder, "--dry-run=server", "--validate=strict")


def test_nothing_is_refused_afterwards(cluster: Cluster, applied: tuple[str, str]) -> None:
    """Deployments are accepted whatever their pods are; a refused pod is an event."""
    assert cluster.refusals() == []


def test_each_pod_meets_the_restricted_standard(cluster: Cluster, applied: tuple[str, str]) -> None:
    """The namespace's own label is the proof: taken away and set again, it names every pod that breaks it."""
    label = "pod-security.kubernetes.io/enforce"
    done = cluster.run("label", "namespace", "trading", f"{label}=privileged", "--overwrite")
    assert done.returncode == 0
    done = cluster.run("label", "namespace", "trading", f"{label}=restricted", "--overwrite")
    assert done.returncode == 0
    assert not re.search("Warning", done.stderr), done.stderr


def test_the_render_is_what_was_applied(cluster: Cluster, applied: tuple[str, str]) -> None:
    """This kubectl's Kustomize renders what the tests of the manifests looked at."""
    rendered = list(yaml.safe_load_all(cluster.kubectl("kustomize", str(K8S / "overlays" / applied[0]))))
    assert rendered == list(objects(f"overlays/{applied[0]}"))
