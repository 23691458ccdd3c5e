"""What is applied runs: pods find nodes, claims volumes; backups and restores start."""

import json

import pytest

from tests.cluster.cluster import MAIN, NAMESPACE, Cluster
from tests.deploy.manifests import K8S

RESTORE = str(K8S / "jobs/restore")


def test_every_claim_is_bound(deployed: Cluster) -> None:
    phases = {c["metadata"]["name"]: c["status"]["phase"] for c in deployed.items("persistentvolumeclaims")}
    phases.pop("database-backup")  # waits for the first backup where a provisioner is
    assert len(phases) == 2
    assert set(phases.values()) == {"Bound"}


def test_api_pods_stand_on_different_nodes(deployed: Cluster) -> None:
    minimum = deployed.get("hpa", "api-service-hpa")["spec"]["minReplicas"]
    nodes = [pod["spec"]["nodeName"] for pod in deployed.pods("api-service")]
    assert len(nodes) == len(set(nodes)) == minimum


def test_every_budget_allows_one_eviction(deployed: Cluster) -> None:
    def allowed() -> dict[str, int]:
        return {
            each["metadata"]["name"]: each["status"].get("disruptionsAllowed", 0)
            for each in deployed.items("poddisruptionbudgets")
        }

    deployed.until(lambda: set(allowed().values()) == {1}, f"one eviction each: {allowed()}", 30)


def test_a_backup_by_hand_and_a_restore_of_it(deployed: Cluster) -> None:
    deployed.kubectl("create", "job", "by-hand", "--from=cronjob/database-backup", "-n", NAMESPACE)
    deployed.until(lambda: deployed.succeeded("by-hand"), "the backup succeeds")
    assert deployed.get("pvc", "database-backup")["status"]["phase"] == "Bound"
    deployed.kubectl("delete", "job", "by-hand", "-n", NAMESPACE)
    deployed.until(lambda: "by-hand" not in str(_all_names(deployed)), "its pod is gone")

    before = _all_names(deployed)
    deployed.apply_folder(RESTORE)
    deployed.until(lambda: deployed.succeeded("database-restore"), "the restore succeeds")
    deployed.kubectl("delete", "-k", RESTORE)
    deployed.until(lambda: _all_names(deployed) == before, "its own objects are gone, and nothing else", 30)
    assert deployed.refusals() == []


def _all_names(cluster: Cluster) -> set[str]:
    kinds = "all,configmaps,secrets,serviceaccounts,networkpolicies,persistentvolumeclaims"
    return set(cluster.kubectl("get", kinds, "-n", NAMESPACE, "-o", "name").split())


@pytest.mark.parametrize("any_cluster", [MAIN], indirect=True)  # it takes up to a minute
def test_the_cronjob_starts_jobs_by_its_clock(deployed: Cluster) -> None:
    def schedule(when: str) -> None:
        patch = json.dumps({"spec": {"schedule": when}})
        deployed.kubectl("patch", "cronjob", "database-backup", "-n", NAMESPACE, "-p", patch)

    usual = deployed.get("cronjob", "database-backup")["spec"]["schedule"]
    schedule("* * * * *")
    deployed.until(lambda: deployed.items("jobs"), "a Job of the CronJob", 75)
    schedule(usual)
    deployed.kubectl("delete", "jobs", "--all", "-n", NAMESPACE)
