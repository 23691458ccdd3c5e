"""Each overlay is accepted as it is, whole, without a warning, and runs; applying it again changes nothing.

On the newest Kubernetes, and on the oldest that the manifests promise to run on.
"""

import re

import yaml

from tests.cluster.cluster import NAMESPACE, Applied, Cluster, Object
from tests.deploy.manifests import objects


def test_every_object_is_created(applied: Applied) -> None:
    outcomes = [line.rpartition(" ")[2] for line in applied.printed.splitlines()]
    assert len(outcomes) == len(objects(f"overlays/{applied.overlay}"))
    assert set(outcomes) == {"created"}


def test_every_pod_is_ready(applied: Applied) -> None:
    pods = applied.cluster.pods()
    assert len(pods) >= 8
    for pod in pods:
        conditions = {c["type"]: c["status"] for c in pod["status"]["conditions"]}
        assert conditions["Ready"] == "True", pod["metadata"]["name"]


# kubectl's own patch of these is never empty, though the server then changes nothing: a budget's selector is
# replaced whole, claim templates and ExternalSecrets have defaults in lists, and Kustomize wraps a generated
# Secret's long values.
ALWAYS_PATCHED = (
    "poddisruptionbudget.policy/",
    "statefulset.apps/",
    "externalsecret.external-secrets.io/",
    "secret/",
)


def test_a_second_apply_changes_nothing(applied: Applied) -> None:
    """By what kubectl prints, by what the server stores, and by the pods, which stay the same ones."""
    cluster = applied.cluster
    before, pods = _stored(applied), _uids(cluster)
    printed = cluster.apply_folder(applied.folder)
    changed = [line for line in printed.splitlines() if not line.endswith(" unchanged")]
    assert [line for line in changed if not line.startswith(ALWAYS_PATCHED)] == []
    assert _stored(applied) == before
    assert cluster.kubectl("diff", "-k", applied.folder) == ""
    assert _uids(cluster) == pods


def _stored(applied: Applied) -> dict[str, Object]:
    """All but the status. Of objects that have one the version goes, too, since others write it."""
    found = {}
    for each in applied.cluster.stored(applied.overlay):
        if each.pop("status", None):
            del each["metadata"]["resourceVersion"]
        found[f"{each['kind']}/{each['metadata']['name']}"] = each
    assert len(found) == len(objects(f"overlays/{applied.overlay}"))
    return found


def _uids(cluster: Cluster) -> set[str]:
    return {pod["metadata"]["uid"] for pod in cluster.pods()}


def test_nothing_is_refused_afterwards(applied: Applied) -> None:
    """Deployments are accepted whatever their pods are; a refused pod is an event."""
    assert applied.cluster.refusals() == []


def test_each_pod_meets_the_restricted_standard(applied: Applied) -> None:
    """The namespace's own label is the proof: taken away and set again, it names every pod that breaks it."""
    label = "pod-security.kubernetes.io/enforce"
    for level in ("privileged", "restricted"):
        done = applied.cluster.run("label", "namespace", NAMESPACE, f"{label}={level}", "--overwrite")
        assert done.returncode == 0
    assert not re.search("Warning", done.stderr), done.stderr


def test_the_render_is_what_was_applied(applied: Applied) -> None:
    """This kubectl's Kustomize renders what the tests of the manifests looked at."""
    rendered = list(yaml.safe_load_all(applied.cluster.kubectl("kustomize", applied.folder)))
    assert rendered == list(objects(f"overlays/{applied.overlay}"))
