"""What is applied runs: pods find nodes, claims volumes; Jobs start, autoscalers scale."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import NAMESPACE, Cluster
from tests.cluster.nodes import CPU_USAGE
from tests.deploy.manifests import K8S

RESTORE = str(K8S / "jobs/restore")


@pytest.fixture(scope="module", params=["dev", "prod"])
def deployed(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if request.param == "prod":
        request.getfixturevalue("operators")
    with cluster.deployed(request.param):
        yield cluster


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


def test_the_cronjob_starts_jobs_by_its_clock(deployed: Cluster) -> None:
    def schedule(when: str) -> None:
        patch = json.dumps({"spec": {"schedule": when}})
        deployed.kubectl("patch", "cronjob", "database-backup", "-n", NAMESPACE, "-p", patch)

    usual = deployed.get("cronjob", "database-backup")["spec"]["schedule"]
    schedule("* * * * *")
    deployed.until(lambda: deployed.items("jobs"), "a Job of the CronJob", 75)
    schedule(usual)
    deployed.kubectl("delete", "jobs", "--all", "-n", NAMESPACE)


def test_load_scales_the_api_out_and_calm_in(deployed: Cluster) -> None:
    def replicas() -> int:
        return int(deployed.get("deployment", "api-service")["spec"]["replicas"])

    def use(share: float) -> None:
        """Of the CPU that a pod requests."""
        requested = int(_requested_cpu(deployed).removesuffix("m"))
        selector = ("-l", "app.kubernetes.io/name=api-service", "-n", NAMESPACE)
        usage = f"{CPU_USAGE}={requested * share:.0f}m"
        deployed.kubectl("annotate", "pods", *selector, usage, "--overwrite")

    def busy() -> bool:
        use(0.9)  # the target is 0.7
        return replicas() > minimum

    def calm() -> bool:
        use(0.02)
        return replicas() == minimum

    if not _pods_are_measured(deployed):
        pytest.skip("this cluster's metrics.k8s.io is not served, or does not measure the simulated pods")
    minimum = replicas()
    deployed.until(busy, "the autoscaler adds a pod")
    policies = [{"type": "Pods", "value": 9, "periodSeconds": 5}]
    fast = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": policies}}}}
    deployed.kubectl(
        "patch", "hpa", "api-service-hpa", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(fast)
    )
    deployed.until(calm, "the autoscaler takes them away", 120)
    deployed.until(deployed.settled, "all settled")


def _requested_cpu(cluster: Cluster) -> str:
    (container,) = cluster.get("deployment", "api-service")["spec"]["template"]["spec"]["containers"]
    return str(container["resources"]["requests"]["cpu"])


def _pods_are_measured(cluster: Cluster) -> bool:
    """Our own control plane measures them for sure."""
    done = cluster.run("top", "pods", "-l", "app.kubernetes.io/name=api-service", "-n", NAMESPACE)
    return done.returncode == 0 or cluster.patience == 1
