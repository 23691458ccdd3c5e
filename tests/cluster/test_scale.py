"""Autoscalers add pods under load and take them away again, up to a maximum that the quota has room for."""

import json

import pytest

from tests.cluster.cluster import GIVEN, MAIN, NAMESPACE, Cluster
from tests.cluster.nodes import CPU_USAGE, SLOW_TO_END
from tests.cluster.watch import watched

pytestmark = pytest.mark.parametrize("any_cluster", [MAIN], indirect=True)  # it takes minutes


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

    _wait_for_metrics(deployed)
    minimum = replicas()
    deployed.until(busy, "the autoscaler adds a pod")
    policies = [{"type": "Pods", "value": 9, "periodSeconds": 5}]
    fast = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": policies}}}}
    deployed.kubectl(
        "patch", "hpa", "api-service-hpa", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(fast)
    )
    deployed.until(calm, "the autoscaler takes them away", 120)
    deployed.until(deployed.settled, "all settled")


@pytest.mark.parametrize("applied", ["prod"], indirect=True)
def test_quota_suffices_for_the_maximum_with_every_rollout_under_way(deployed: Cluster) -> None:
    """And every pod that is replaced takes all the time it may to end."""
    for hpa in deployed.items("horizontalpodautoscalers"):
        patch = json.dumps({"spec": {"minReplicas": hpa["spec"]["maxReplicas"]}})
        deployed.kubectl("patch", "hpa", hpa["metadata"]["name"], "-n", NAMESPACE, "-p", patch)
    deployed.until(lambda: len(deployed.pods("api-service")) == 10, "ten API pods", 60)
    deployed.until(deployed.settled, "the maximum is ready", 180)
    deployed.kubectl("annotate", "pods", "--all", "-n", NAMESPACE, f"{SLOW_TO_END}=true")
    with watched(deployed, api_pods=10) as watch:
        for each in deployed.items("deployments,statefulsets"):
            workload = f"{each['kind']}/{each['metadata']['name']}"
            deployed.kubectl("rollout", "restart", workload, "-n", NAMESPACE)
            deployed.done["rollouts"] += 1
        deployed.until(deployed.settled, "all rollouts at the maximum", 400)
    assert watch.broken == []
    assert deployed.refusals() == []


def _requested_cpu(cluster: Cluster) -> str:
    (container,) = cluster.get("deployment", "api-service")["spec"]["template"]["spec"]["containers"]
    return str(container["resources"]["requests"]["cpu"])


def _wait_for_metrics(cluster: Cluster) -> None:
    """A given cluster's metrics-server, if there is one, cannot always reach the simulated nodes."""
    if GIVEN and not cluster.run.succeeds("get", "--raw", "/apis/metrics.k8s.io/v1beta1"):
        pytest.skip("this cluster does not serve metrics.k8s.io")
    try:
        of_api = ("-l", "app.kubernetes.io/name=api-service", "-n", NAMESPACE)
        cluster.until(lambda: cluster.run.succeeds("top", "pods", *of_api), "pods are measured", 30)
    except AssertionError:
        if not GIVEN:
            raise
        pytest.skip("this cluster's metrics.k8s.io does not measure the pods of simulated nodes")
