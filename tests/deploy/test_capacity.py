"""The sums in the manifests' comments, done again from what Kubernetes gets.

All at once: every autoscaler at its maximum, every Deployment in the middle of a rollout, replaced pods still
going away, one Job of each kind, and what others start in the namespace.
"""

import math
import re
from collections.abc import Iterator

import pytest

from tests.deploy.manifests import OVERLAYS, Object, named, of_kind, pod_spec
from validator.cluster.quantity import quantity

# Not rendered: HTTP-01 solver, operators' and debug pods, with the LimitRange's defaults.
OTHERS = 5
# A pod goes for as long as its grace; the next follows when a new one has started and proved itself ready.
START_SECONDS = 5
POOLLESS = {  # connections of those who have no DB_POOL_MAX, each beside its own count of pods
    "postgres-exporter": 3,
    "backup": 2,
    "migration": 2,
    "restore": 2,
    "superuser_reserved_connections": 3,
    "people": 10,
}


def maximum(overlay: str, workload: Object) -> int:
    """Pods that are wanted at most."""
    name = workload["metadata"]["name"]
    for hpa in of_kind(overlay, "HorizontalPodAutoscaler"):
        if hpa["spec"]["scaleTargetRef"]["name"] == name:
            return int(hpa["spec"]["maxReplicas"])
    return int(workload["spec"]["replicas"])


def at_once(overlay: str, workload: Object) -> int:
    """Pods that exist at most in the middle of a rollout; those of a StatefulSet go before they come."""
    wanted = maximum(overlay, workload)
    if workload["kind"] == "StatefulSet":
        return wanted
    rolling: dict[str, int] = workload["spec"]["strategy"]["rollingUpdate"]
    assert rolling["maxUnavailable"] == 0
    pace = START_SECONDS + int(workload["spec"]["minReadySeconds"])
    grace = int(pod_spec(workload)["terminationGracePeriodSeconds"])
    going = math.ceil(grace / pace)
    # beside the surge at least one old pod is still whole
    return wanted + rolling["maxSurge"] + min(going, wanted - 1)


def size(text: str) -> float:
    found = quantity(text)
    assert found is not None, text
    return float(found)


def amount(container: Object, kind: str, resource: str) -> float:
    return size(container["resources"][kind][resource])


def pods(overlay: str) -> Iterator[tuple[Object, int]]:
    for workload in of_kind(overlay, "Deployment", "StatefulSet"):
        yield pod_spec(workload), at_once(overlay, workload)
    for job in of_kind(overlay, "CronJob"):
        yield pod_spec(job), 1
    for job in of_kind("jobs/restore", "Job"):
        yield pod_spec(job), 1


def overlay_path(overlay: str) -> str:
    return f"overlays/{overlay}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_quota_fits_the_system_at_its_largest(overlay: str) -> None:
    folder = overlay_path(overlay)
    hard = {k: size(v) for k, v in named(folder, "ResourceQuota", "trading")["spec"]["hard"].items()}
    (default,) = named(folder, "LimitRange", "trading")["spec"]["limits"]
    needs = dict.fromkeys(("pods", "requests.cpu", "requests.memory", "limits.memory"), 0.0)
    for spec, count in pods(folder):
        needs["pods"] += count
        for container in spec["containers"]:
            needs["requests.cpu"] += count * amount(container, "requests", "cpu")
            needs["requests.memory"] += count * amount(container, "requests", "memory")
            needs["limits.memory"] += count * amount(container, "limits", "memory")
    needs["pods"] += OTHERS
    needs["requests.cpu"] += OTHERS * size(default["defaultRequest"]["cpu"])
    needs["requests.memory"] += OTHERS * size(default["defaultRequest"]["memory"])
    needs["limits.memory"] += OTHERS * size(default["default"]["memory"])
    assert {k: v for k, v in needs.items() if v > hard[k]} == {}


def test_storage_quota_fits_the_claims() -> None:
    overlay = "overlays/prod"
    claims = [claim["spec"] for claim in of_kind(overlay, "PersistentVolumeClaim")]
    for workload in of_kind(overlay, "StatefulSet"):
        claims += [claim["spec"] for claim in workload["spec"].get("volumeClaimTemplates", ())]
    total = sum(size(claim["resources"]["requests"]["storage"]) for claim in claims)
    hard = named(overlay, "ResourceQuota", "trading")["spec"]["hard"]
    assert len(claims) <= int(hard["persistentvolumeclaims"])
    # and the largest once more: room to grow it, since both databases of a restore share a volume
    assert total + max(size(c["resources"]["requests"]["storage"]) for c in claims) <= size(
        hard["requests.storage"]
    )
    assert all(claim["storageClassName"] == "fast-ssd" for claim in claims)


def arguments(overlay: str) -> dict[str, str]:
    """PostgreSQL's settings, as its command line gives them."""
    args = pod_spec(named(overlay, "StatefulSet", "timescaledb"))["containers"][0]["args"]
    return dict(each.split("=", 1) for each in args if "=" in each)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_max_connections_fits_every_pool(overlay: str) -> None:
    folder = overlay_path(overlay)
    settings = {config["metadata"]["name"]: config.get("data", {}) for config in of_kind(folder, "ConfigMap")}
    needs = sum(POOLLESS.values())
    pooled = set()
    for workload in of_kind(folder, "Deployment", "StatefulSet"):
        for container in pod_spec(workload)["containers"]:
            for source in container.get("envFrom", ()):
                pool = settings[source["configMapRef"]["name"]].get("DB_POOL_MAX")
                if pool is not None:
                    pooled.add(workload["metadata"]["name"])
                    needs += int(pool) * at_once(folder, workload)
    assert pooled == {"api-service", "data-ingest", "signals", "risk-management"}
    assert needs <= int(arguments(folder)["max_connections"])


def test_every_user_of_the_database_has_a_pool_of_known_size() -> None:
    """Who is let in to 5432 is counted: services with DB_POOL_MAX, Jobs by name."""
    policy = named("overlays/prod", "NetworkPolicy", "timescaledb")
    (rule,) = policy["spec"]["ingress"]
    let_in: set[str] = set()
    for peer in rule["from"]:
        selector = peer["podSelector"]
        let_in |= set(selector.get("matchLabels", {}).values())
        for expression in selector.get("matchExpressions", ()):
            let_in |= set(expression["values"])
    services = {"api-service", "data-ingest", "signals", "risk-management"}
    assert let_in - services == {"database-backup", "database-restore", "database-migration"}
    assert services <= let_in


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_database_fits_its_memory(overlay: str) -> None:
    """Shared buffers, /dev/shm, and the processes with one sort each."""
    folder = overlay_path(overlay)
    workload = named(folder, "StatefulSet", "timescaledb")
    spec = pod_spec(workload)
    (config,) = [
        c for c in of_kind(folder, "ConfigMap") if c["metadata"]["name"].startswith("timescaledb-config")
    ]
    given = {key: _bytes(value) for key, value in config["data"].items()}
    (shm,) = [v["emptyDir"]["sizeLimit"] for v in spec["volumes"] if v["name"] == "shm"]
    limit = amount(spec["containers"][0], "limits", "memory")
    assert amount(spec["containers"][0], "requests", "memory") == limit
    fixed = given["SHARED_BUFFERS"] + size(shm) + given["MAINTENANCE_WORK_MEM"]
    fixed += 3 * given["AUTOVACUUM_WORK_MEM"]
    connections = int(arguments(folder)["max_connections"]) if overlay == "prod" else 40
    assert fixed + connections * (10 * 2**20 + given["WORK_MEM"]) <= limit


def _bytes(text: str) -> float:
    match = re.fullmatch(r"(\d+)(MB|GB)", text)
    assert match, text
    return float(match[1]) * {"MB": 2**20, "GB": 2**30}[match[2]]


def test_redis_leaves_a_third_of_its_memory_free() -> None:
    for overlay in OVERLAYS:
        folder = overlay_path(overlay)
        (config,) = [
            c for c in of_kind(folder, "ConfigMap") if c["metadata"]["name"].startswith("redis-config")
        ]
        redis = pod_spec(named(folder, "StatefulSet", "redis"))["containers"][0]
        maxmemory = float(config["data"]["REDIS_MAXMEMORY"].removesuffix("mb")) * 2**20
        assert 0.6 <= maxmemory / amount(redis, "limits", "memory") <= 0.66


def test_dev_fits_four_cpus_and_eight_gibibytes() -> None:
    """One pod of everything, each Deployment in a rollout; half a CPU and 1 GiB are the cluster's own."""
    cpu = memory = 0.0
    for workload in of_kind("overlays/dev", "Deployment", "StatefulSet"):
        count = 2 if workload["kind"] == "Deployment" else 1
        for container in pod_spec(workload)["containers"]:
            cpu += count * amount(container, "requests", "cpu")
            memory += count * amount(container, "requests", "memory")
    for job in of_kind("overlays/dev", "CronJob"):
        for container in pod_spec(job)["containers"]:
            cpu += amount(container, "requests", "cpu")
            memory += amount(container, "requests", "memory")
    assert cpu <= 3.5
    assert memory <= 7 * 2**30
