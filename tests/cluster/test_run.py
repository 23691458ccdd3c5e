"""What is applied runs: pods find nodes, claims volumes; Jobs start, autoscalers scale, quota suffices."""

import json

from tests.cluster.cluster import NAMESPACE, Cluster
from tests.cluster.control_plane import CPU_USAGE

SCALED = {"api-service-hpa": "api-service", "calibration-service-hpa": "calibration-service"}


def test_every_pod_is_ready_and_every_claim_bound(prod: Cluster) -> None:
    pods = prod.pods()
    assert len(pods) >= 11
    for pod in pods:
        conditions = {c["type"]: c["status"] for c in pod["status"]["conditions"]}
        assert conditions["Ready"] == "True", pod["metadata"]["name"]
    phases = {c["metadata"]["name"]: c["status"]["phase"] for c in prod.items("persistentvolumeclaims")}
    assert {name: phase for name, phase in phases.items() if name != "database-backup"} == dict.fromkeys(
        set(phases) - {"database-backup"}, "Bound"
    )
    assert prod.refusals() == []


def test_api_pods_stand_on_different_nodes(prod: Cluster) -> None:
    nodes = [pod["spec"]["nodeName"] for pod in prod.pods("api-service")]
    assert len(nodes) == len(set(nodes)) == 2


def test_every_budget_allows_one_eviction(prod: Cluster) -> None:
    def allowed() -> dict[str, int]:
        return {
            each["metadata"]["name"]: each["status"].get("disruptionsAllowed", 0)
            for each in prod.items("poddisruptionbudgets")
        }

    prod.until(lambda: set(allowed().values()) == {1}, f"one eviction each: {allowed()}", 30)


def test_a_backup_starts_by_hand_and_finishes(prod: Cluster) -> None:
    prod.kubectl("create", "job", "by-hand", "--from=cronjob/database-backup", "-n", NAMESPACE)
    prod.until(lambda: prod.succeeded("by-hand"), "the Job succeeds")
    (claim,) = (c for c in prod.items("persistentvolumeclaims") if c["metadata"]["name"] == "database-backup")
    assert claim["status"]["phase"] == "Bound"
    prod.kubectl("delete", "job", "by-hand", "-n", NAMESPACE)


def test_the_cronjob_starts_jobs_by_its_clock(prod: Cluster) -> None:
    prod.kubectl(
        "patch", "cronjob", "database-backup", "-n", NAMESPACE, "-p", '{"spec":{"schedule":"* * * * *"}}'
    )
    prod.until(lambda: prod.items("jobs"), "a Job of the CronJob", 75)
    prod.kubectl(
        "patch", "cronjob", "database-backup", "-n", NAMESPACE, "-p", '{"spec":{"schedule":"15 2 * * *"}}'
    )
    prod.kubectl("delete", "jobs", "--all", "-n", NAMESPACE)


def test_load_scales_the_api_out_and_calm_in(prod: Cluster) -> None:
    def replicas() -> int:
        return int(prod.get("deployment", "api-service")["spec"]["replicas"])

    def use(cpu: str) -> None:
        selector = ("-l", "app.kubernetes.io/name=api-service")
        prod.kubectl("annotate", "pods", *selector, "-n", NAMESPACE, f"{CPU_USAGE}={cpu}", "--overwrite")

    def busy() -> bool:
        use("450m")  # of 500m requested: 90 %, above the target of 70 %
        return replicas() > 2

    prod.until(busy, "the autoscaler adds a pod", 90)

    def calm() -> bool:
        use("10m")
        return replicas() == 2

    policies = [{"type": "Pods", "value": 9, "periodSeconds": 5}]
    fast = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": policies}}}}
    prod.kubectl("patch", "hpa", "api-service-hpa", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(fast))
    prod.until(calm, "the autoscaler takes them away", 120)
    prod.until(prod.settled, "all settled")


def test_quota_suffices_for_the_maximum_with_every_rollout_under_way(prod: Cluster) -> None:
    for hpa in SCALED:
        maximum = prod.get("hpa", hpa)["spec"]["maxReplicas"]
        patch = f'{{"spec":{{"minReplicas":{maximum}}}}}'
        prod.kubectl("patch", "hpa", hpa, "-n", NAMESPACE, "-p", patch)
    prod.until(lambda: len(prod.pods("api-service")) == 10, "ten API pods", 60)
    prod.until(prod.settled, "the maximum is ready", 180)
    deployments = [d["metadata"]["name"] for d in prod.items("deployments")]
    for name in deployments:
        prod.kubectl("rollout", "restart", f"deployment/{name}", "-n", NAMESPACE)
    prod.until(prod.settled, "all rollouts at the maximum", 400)
    assert prod.refusals() == []
