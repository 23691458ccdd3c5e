"""What operators do: release, roll back, restart, drain. Promises about pods hold all the while."""

import json

from tests.cluster.cluster import NAMESPACE, Cluster, Object
from tests.cluster.nodes import NEVER_READY, SLOW_TO_END
from tests.cluster.watch import ONE_AT_MOST, watched

RELEASE = ("set", "image", "deployment/api-service", "api=quant-trading/api:v1.2.0")
UNDO = ("rollout", "undo", "deployment/api-service")


def image(cluster: Cluster) -> str:
    deployment = cluster.get("deployment", "api-service")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def test_a_release_and_its_rollback(prod: Cluster) -> None:
    before = image(prod)
    with watched(prod, api_pods=2) as watch:
        prod.roll(*RELEASE)
        assert image(prod) == "quant-trading/api:v1.2.0"
        prod.roll(*UNDO)
    assert image(prod) == before
    assert watch.broken == []
    assert watch.events >= 2 * 4 * 2, "created, scheduled, ready and going away, for each pod of each rollout"


def test_a_release_that_never_gets_ready_keeps_the_old_pods(prod: Cluster) -> None:
    template = {"metadata": {"annotations": {NEVER_READY: "true"}}}
    patch = json.dumps({"spec": {"progressDeadlineSeconds": 20, "template": template}})
    with watched(prod, api_pods=2) as watch:
        prod.kubectl("patch", "deployment", "api-service", "-n", NAMESPACE, "-p", patch)
        done = prod.run("rollout", "status", "deployment/api-service", "-n", NAMESPACE, "--timeout=90s")
        assert "exceeded its progress deadline" in done.stderr
        prod.roll(*UNDO)
    assert watch.broken == []


def test_a_restart_of_every_other_workload(prod: Cluster) -> None:
    with watched(prod, api_pods=2) as watch:
        for each in prod.items("deployments,statefulsets"):
            workload = f"{each['kind'].lower()}/{each['metadata']['name']}"
            if workload != "deployment/api-service":
                prod.roll("rollout", "restart", workload, workload=workload)
    assert watch.broken == []


def test_every_node_can_be_drained(prod: Cluster) -> None:
    moved = 0
    for node in prod.kubectl("get", "nodes", "-l", prod.nodes, "-o", "name").split():
        moved += sum(pod["spec"].get("nodeName") == node.rpartition("/")[2] for pod in prod.pods())
        with watched(prod, api_pods=1) as watch:
            prod.drain(node)
        prod.kubectl("uncordon", node)
        assert watch.broken == []
    assert moved >= len(prod.pods()), "every pod stood on some node"


def test_the_watch_sees_a_short_overlap(prod: Cluster) -> None:
    """What the other tests rely on: a second pod is seen, however soon it is gone."""
    with watched(prod, api_pods=2) as watch:
        for name in ONE_AT_MOST:
            prod.apply([_second(prod, name)])
            prod.run("delete", "pod", f"second-{name}", "-n", NAMESPACE, "--force", "--grace-period=0")
    assert {f"2 pods of {name} at once" for name in ONE_AT_MOST} == set(watch.broken)


def test_the_watch_sees_a_short_outage(prod: Cluster) -> None:
    with watched(prod, api_pods=2) as watch:
        prod.kubectl("delete", "pods", "-l", "app.kubernetes.io/name=api-service", "-n", NAMESPACE)
        prod.until(prod.settled, "the API is back")
    assert "1 API pods serve, not 2" in watch.broken
    assert "0 API pods serve, not 2" in watch.broken


def test_quota_suffices_for_the_maximum_with_every_rollout_under_way(prod: Cluster) -> None:
    """And every pod that is replaced takes all the time it may to end."""
    for hpa in prod.items("horizontalpodautoscalers"):
        patch = json.dumps({"spec": {"minReplicas": hpa["spec"]["maxReplicas"]}})
        prod.kubectl("patch", "hpa", hpa["metadata"]["name"], "-n", NAMESPACE, "-p", patch)
    prod.until(lambda: len(prod.pods("api-service")) == 10, "ten API pods", 60)
    prod.until(prod.settled, "the maximum is ready", 180)
    prod.kubectl("annotate", "pods", "--all", "-n", NAMESPACE, f"{SLOW_TO_END}=true")
    with watched(prod, api_pods=10) as watch:
        for each in prod.items("deployments,statefulsets"):
            workload = f"{each['kind']}/{each['metadata']['name']}"
            prod.kubectl("rollout", "restart", workload, "-n", NAMESPACE)
            prod.done["rollouts"] += 1
        prod.until(prod.settled, "all rollouts at the maximum", 400)
    assert watch.broken == []
    assert prod.refusals() == []


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
