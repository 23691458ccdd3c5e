"""What rules foretell of drains, updates and budgets is what happens: with the fault, and without it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.agreement import findings
from tests.cluster.cluster import Cluster, Object
from tests.cluster.nodes import NEVER_READY
from tests.cluster.playground import Playground, going
from tests.cluster.server import Server

Judged = Callable[..., set[str]]
_HELD = "test.qt-validate/held"
"""A finalizer: the pod goes on terminating, as one that takes its time to shut down."""


@pytest.fixture
def playground(cluster: Cluster) -> Iterator[Playground]:
    with Playground.next(cluster) as found:
        yield found
        for pod in found.items("pods"):
            found.release(pod)


@pytest.fixture
def judged(version: str, tmp_path: Path) -> Judged:
    """The rules that find something in objects; settings of qt-validate.toml as keywords."""

    def judge(objects: list[Object], **settings: Any) -> set[str]:
        return {f.rule for f in findings(yaml.safe_dump_all(objects), tmp_path, version, **settings)}

    return judge


def workload(kind: str = "Deployment", *, pod: Object | None = None, **spec: Any) -> Object:
    labels = {"app": "api"}
    container = {"name": "api", "image": "example.com/api:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **(pod or {})}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "api"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def budget(name: str = "api", **spec: Any) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": "api"}}, **spec},
    }


SHARES = (0, 1, 2, 3, "0%", "1%", "25%", "30%", "50%", "51%", "99%", "100%")


def test_budgets_round_as_the_server_does(cluster: Cluster, judged: Judged, playground: Playground) -> None:
    """pdb-blocks-drain is an error for just those budgets whose status allows no eviction."""
    settings: list[tuple[str, Any, int]] = list(
        product(("minAvailable", "maxUnavailable"), SHARES, (1, 2, 3))
    )
    objects = {}
    for index, (field, share, replicas) in enumerate(settings):
        pair = [workload(replicas=replicas), budget(**{field: share})]
        for each in pair:
            each["metadata"]["name"] = f"case-{index}"
        labels = {"app": f"case-{index}"}
        pair[0]["spec"]["selector"] = pair[1]["spec"]["selector"] = {"matchLabels": labels}
        pair[0]["spec"]["template"]["metadata"]["labels"] = labels
        objects[f"case-{index}"] = pair
    playground.apply([each for pair in objects.values() for each in pair])
    pods = sum(replicas for _, _, replicas in settings)
    cluster.until(lambda: len(playground.ready()) == pods, f"{pods} pods are ready", 180)
    cluster.until(lambda: playground.counted() == pods, "the budgets have counted their pods", 60)
    allowed = {b["metadata"]["name"]: b["status"]["disruptionsAllowed"] for b in playground.items("pdb")}
    blocked = {name for name, number in allowed.items() if number == 0}
    told = {name: judged(pair) for name, pair in objects.items()}
    assert {n for n, rules in told.items() if "availability.pdb-blocks-drain" in rules} == blocked
    assert 10 < len(blocked) < len(settings) - 10
    free = {name for name, pair in objects.items() if allowed[name] >= pair[0]["spec"]["replicas"] >= 2}
    assert {n for n, rules in told.items() if "availability.pdb-protects-nothing" in rules} == free


@pytest.mark.parametrize(("share", "status"), [({"minAvailable": 2}, 429), ({"maxUnavailable": 1}, 201)])
def test_an_eviction_against_a_budget(
    server: Server, playground: Playground, judged: Judged, share: Object, status: int
) -> None:
    objects = [workload(replicas=2), budget(**share)]
    playground.apply(objects)
    playground.until_ready(2)
    playground.cluster.until(lambda: playground.counted() == 2, "the budget has counted its pods", 30)
    answer = server.evict(playground.name, playground.ready()[0]["metadata"]["name"])
    assert answer.status == status
    assert ("would violate the pod's disruption budget" in answer.said) == (status == 429)
    found = judged(objects)
    assert ("availability.pdb-blocks-drain" in found) == (status == 429)


def test_two_budgets_for_one_pod(server: Server, playground: Playground, judged: Judged) -> None:
    objects = [workload(replicas=2), budget(maxUnavailable=1), budget("too", maxUnavailable=1)]
    playground.apply(objects)
    playground.until_ready(2)
    answer = server.evict(playground.name, playground.ready()[0]["metadata"]["name"])
    assert answer.status == 500
    assert "more than one PodDisruptionBudget" in answer.said
    assert "availability.pdb-overlap" in judged(objects)


@pytest.mark.parametrize(
    ("kind", "spec", "most"),
    [
        ("Deployment", {"strategy": {"type": "Recreate"}}, 2),
        ("StatefulSet", {"serviceName": "api"}, 1),
    ],
)
def test_a_singleton_is_evicted(
    server: Server, playground: Playground, judged: Judged, kind: str, spec: Object, most: int
) -> None:
    """The old pod takes its time; a Deployment, even with Recreate, starts the new one beside it."""
    value = workload(kind, replicas=1, **spec)
    held = workload(kind, replicas=1, **spec)
    held["spec"]["template"]["metadata"]["finalizers"] = [_HELD]
    playground.apply([held])
    playground.until_ready(1)
    (old,) = playground.ready()
    assert server.evict(playground.name, old["metadata"]["name"]).status == 201
    if most == 2:
        playground.until_ready(1)
        assert len(playground.items("pods")) == 2
    else:
        playground.cluster.until(lambda: going(playground.items("pods")[0]), "the pod terminates", 20)
        assert stays(lambda: len(playground.items("pods")) == 1)
        playground.release(old)
        playground.until_ready(1)
    found = judged([value], singletons=["api"])
    assert ("availability.singleton-overlap" in found) == (most == 2)


def stays(true: Callable[[], bool], looks: int = 10) -> bool:
    return all(true() for _ in range(looks))


@pytest.mark.parametrize("policy", ["Ignore", "Honor"])
def test_spread_by_host_on_a_cordoned_node(
    server: Server, playground: Playground, judged: Judged, policy: str
) -> None:
    """As many pods as nodes: what is drained finds a place only if cordoned nodes do not count."""
    nodes = simulated_nodes(playground.cluster)
    constraint = {
        "topologyKey": "kubernetes.io/hostname",
        "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": policy,
        "labelSelector": {"matchLabels": {"app": "api"}},
    }
    value = workload(replicas=len(nodes), pod={"topologySpreadConstraints": [constraint]})
    playground.apply([value])
    playground.until_ready(len(nodes))
    pod = playground.ready()[0]
    with cordoned(playground.cluster, pod["spec"]["nodeName"]):
        assert server.evict(playground.name, pod["metadata"]["name"]).status == 201
        if policy == "Honor":
            playground.until_ready(len(nodes))
        else:
            playground.cluster.until(
                lambda: any("topology spread constraints" in said for said in unschedulable(playground)),
                "the scheduler finds no node",
                30,
            )
    found = judged([value])
    assert ("availability.spread-blocks-drain" in found) == (policy == "Ignore")


def simulated_nodes(cluster: Cluster) -> list[str]:
    return cluster.kubectl("get", "nodes", "-l", cluster.nodes, "-o", "name").split()


@contextmanager
def cordoned(cluster: Cluster, node: str) -> Iterator[None]:
    cluster.kubectl("cordon", node)
    try:
        yield
    finally:
        cluster.kubectl("uncordon", node)


def unschedulable(playground: Playground) -> list[str]:
    conditions = [c for pod in playground.items("pods") for c in pod["status"].get("conditions", ())]
    return [c["message"] for c in conditions if c.get("reason") == "Unschedulable"]


@pytest.mark.parametrize(("unavailable", "left"), [("100%", 0), (0, 2)])
def test_an_update_that_never_gets_ready(
    playground: Playground, judged: Judged, unavailable: object, left: int
) -> None:
    strategy = {"rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": 1}}
    value = workload(replicas=2, strategy=strategy)
    playground.apply([value])
    playground.until_ready(2)
    update = json.loads(json.dumps(value))
    update["spec"]["template"]["metadata"]["annotations"] = {NEVER_READY: "true"}
    playground.apply([update])
    playground.cluster.until(lambda: len(playground.items("pods")) > 2 or left == 0, "a new pod", 30)
    playground.until_ready(left)
    assert stays(lambda: len(playground.ready()) == left)
    found = judged([value])
    assert ("availability.rollout-takes-all-down" in found) == (left == 0)
