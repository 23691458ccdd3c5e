"""What operators do: release, roll back, restart, drain. Promises about pods hold all the while."""

import json

import pytest

from tests.cluster.cluster import MAIN, NAMESPACE, Cluster, Object
from tests.cluster.nodes import NEVER_READY
from tests.cluster.watch import ONE_AT_MOST, watched

pytestmark = pytest.mark.parametrize("applied", ["prod"], indirect=True)
on_main = pytest.mark.parametrize("any_cluster", [MAIN], indirect=True)
"""What takes long, and is the same on the oldest Kubernetes."""
RELEASE = ("set", "image", "deployment/api-service", "api=quant-trading/api:v1.2.0")
UNDO = ("rollout", "undo", "deployment/api-service")


def image(cluster: Cluster) -> str:
    deployment = cluster.get("deployment", "api-service")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@on_main
def test_a_release_and_its_rollback(deployed: Cluster) -> None:
    before = image(deployed)
    with watched(deployed, api_pods=2) as watch:
        deployed.roll(*RELEASE)
        assert image(deployed) == "quant-trading/api:v1.2.0"
        deployed.roll(*UNDO)
    assert image(deployed) == before
    assert watch.broken == []
    assert watch.events >= 2 * 4 * 2, "created, scheduled, ready and going away, for each pod of each rollout"


@on_main
def test_a_release_that_never_gets_ready_keeps_the_old_pods(deployed: Cluster) -> None:
    def patch(seconds: int, **template: object) -> None:
        spec = json.dumps({"spec": {"progressDeadlineSeconds": seconds, **template}})
        deployed.kubectl("patch", "deployment", "api-service", "-n", NAMESPACE, "-p", spec)

    usual = deployed.get("deployment", "api-service")["spec"]["progressDeadlineSeconds"]
    with watched(deployed, api_pods=2) as watch:
        patch(12, template={"metadata": {"annotations": {NEVER_READY: "true"}}})
        done = deployed.run("rollout", "status", "deployment/api-service", "-n", NAMESPACE, "--timeout=90s")
        assert "exceeded its progress deadline" in done.stderr
        deployed.roll(*UNDO)
    patch(usual)
    assert watch.broken == []


def test_every_node_can_be_drained(deployed: Cluster) -> None:
    moved = 0
    for node in deployed.kubectl("get", "nodes", "-l", deployed.nodes, "-o", "name").split():
        moved += sum(pod["spec"].get("nodeName") == node.rpartition("/")[2] for pod in deployed.pods())
        with watched(deployed, api_pods=1) as watch:
            deployed.drain(node)
        deployed.kubectl("uncordon", node)
        assert watch.broken == []
    assert moved >= len(deployed.pods()), "every pod stood on some node"


def test_the_watch_sees_a_short_overlap(deployed: Cluster) -> None:
    """What the other tests rely on: a second pod is seen, however soon it is gone."""
    with watched(deployed, api_pods=2) as watch:
        for name in ONE_AT_MOST:
            deployed.apply([_second(deployed, name)])
            deployed.run("delete", "pod", f"second-{name}", "-n", NAMESPACE, "--force", "--grace-period=0")
    assert {f"2 pods of {name} at once" for name in ONE_AT_MOST} == set(watch.broken)


def test_the_watch_sees_a_short_outage(deployed: Cluster) -> None:
    with watched(deployed, api_pods=2) as watch:
        deployed.kubectl("delete", "pods", "-l", "app.kubernetes.io/name=api-service", "-n", NAMESPACE)
        deployed.until(deployed.settled, "the API is back")
    assert "1 API pods serve, not 2" in watch.broken
    assert "0 API pods serve, not 2" in watch.broken


def _second(cluster: Cluster, name: str) -> Object:
    """A pod that only its label makes one of a workload."""
    (pod,) = cluster.pods(name)
    spec = {
        key: pod["spec"][key] for key in ("securityContext", "automountServiceAccountToken", "containers")
    }
    for container in spec["containers"]:
        container.pop("volumeMounts", None)
    metadata = {"name": f"second-{name}", "namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
