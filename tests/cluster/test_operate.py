"""What operators do: release, roll back, drain. Promises about pods hold all the while."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.cluster import NAMESPACE, Cluster
from tests.cluster.control_plane import NEVER_READY

ONE_AT_MOST = ("execution", "risk-management", "timescaledb", "redis")


def image(cluster: Cluster) -> str:
    deployment = cluster.get("deployment", "api-service")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@contextmanager
def watched(cluster: Cluster) -> Iterator[list[str]]:
    """Looks at the pods all the while; gives the promises that were broken."""
    broken: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            pods = cluster.pods()
            for name in ONE_AT_MOST:
                own = [p for p in pods if p["metadata"]["labels"]["app.kubernetes.io/name"] == name]
                if len(own) > 1:
                    broken.append(f"{len(own)} pods of {name} at once")
            api = [p for p in pods if p["metadata"]["labels"]["app.kubernetes.io/name"] == "api-service"]
            if not any(serves(pod) for pod in api):
                broken.append("no API pod serves")
            time.sleep(0.1)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield broken
    finally:
        done.set()
        watcher.join()


def serves(pod: dict[str, object]) -> bool:
    metadata, status = pod["metadata"], pod["status"]
    assert isinstance(metadata, dict)
    assert isinstance(status, dict)
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
    return ready and "deletionTimestamp" not in metadata


def undo(cluster: Cluster) -> None:
    """kubectl warns that the next `apply` will go forward again, which is so."""
    done = cluster.run("rollout", "undo", "deployment/api-service", "-n", NAMESPACE)
    assert done.returncode == 0, done.stderr


def test_a_release_and_its_rollback(prod: Cluster) -> None:
    before = image(prod)
    with watched(prod) as broken:
        prod.kubectl(
            "set", "image", "deployment/api-service", "api=quant-trading/api:v1.2.0", "-n", NAMESPACE
        )
        prod.kubectl("rollout", "status", "deployment/api-service", "-n", NAMESPACE, "--timeout=120s")
        assert image(prod) == "quant-trading/api:v1.2.0"
        undo(prod)
        prod.kubectl("rollout", "status", "deployment/api-service", "-n", NAMESPACE, "--timeout=120s")
    assert image(prod) == before
    assert broken == []


def test_a_release_that_never_gets_ready_keeps_the_old_pods(prod: Cluster) -> None:
    template = f'{{"metadata":{{"annotations":{{"{NEVER_READY}":"true"}}}}}}'
    patch = f'{{"spec":{{"progressDeadlineSeconds":20,"template":{template}}}}}'
    prod.kubectl("patch", "deployment", "api-service", "-n", NAMESPACE, "-p", patch)
    done = prod.run("rollout", "status", "deployment/api-service", "-n", NAMESPACE, "--timeout=90s")
    assert "exceeded its progress deadline" in done.stderr
    assert prod.get("deployment", "api-service")["status"]["availableReplicas"] == 2
    undo(prod)
    prod.kubectl("rollout", "status", "deployment/api-service", "-n", NAMESPACE, "--timeout=120s")


def test_every_node_can_be_drained(prod: Cluster) -> None:
    nodes = prod.kubectl("get", "nodes", "-o", "name").split()
    moved = 0
    for node in nodes:
        there = sum(pod["spec"].get("nodeName") == node.rpartition("/")[2] for pod in prod.pods())
        with watched(prod) as broken:
            prod.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=150s")
            prod.until(prod.settled, f"everything runs again without {node}", 120)
        prod.kubectl("uncordon", node)
        assert broken == []
        moved += there
    assert moved >= len(prod.pods()), "every pod stood on some node"
