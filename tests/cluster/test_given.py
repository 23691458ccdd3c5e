"""A given cluster is borrowed only while it is empty, and given back as it was, whatever happens."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.cluster import NAMESPACE, Object
from tests.cluster.control_plane import ControlPlane, running
from tests.cluster.given import CLOSED, NotEmptyError, borrowed
from tests.cluster.prerequisites import operators_kinds

KINDS = "nodes,storageclasses,customresourcedefinitions,namespaces,persistentvolumes,priorityclasses"


def workload(kind: str, **spec: Any) -> Object:
    name = kind.lower()
    pod = {"containers": [{"name": "main", "image": "main"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
            **spec,
        },
    }


SYSTEM = [workload("Deployment", replicas=3), workload("DaemonSet")]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """Only its system runs in it; one node of two is closed, and one kind of an operator is there."""
    with running(nodes=2) as found:
        found.kubectl("cordon", "node-0")
        found.apply([*SYSTEM, operators_kinds()[0]])
        yield found


@pytest.fixture(autouse=True)
def _given(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))


def state(plane: ControlPlane) -> dict[str, object]:
    """What a run may change for a while: which objects there are, their labels, and which nodes are open."""
    listed = json.loads(plane.kubectl("get", KINDS, "-o", "json").stdout)["items"]
    return {
        f"{each['kind']}/{each['metadata']['name']}": (
            each["metadata"].get("labels"),
            each["spec"].get("unschedulable", False) if each["kind"] == "Node" else None,
        )
        for each in listed
    }


def places(plane: ControlPlane) -> Counter[str]:
    """How many of the system's pods run on each node, the simulated ones together."""
    listed = json.loads(plane.kubectl("get", "pods", "-n", "kube-system", "-o", "json").stdout)["items"]
    names = [pod["spec"]["nodeName"] for pod in listed if pod["status"]["phase"] == "Running"]
    return Counter("simulated" if name.startswith("simulated") else name for name in names)


def test_it_is_given_back_after_use(plane: ControlPlane) -> None:
    before = state(plane)
    with borrowed() as cluster:
        cluster.make(operators_kinds()[:3])
        assert state(plane).keys() > before.keys()
        assert plane.kubectl("get", "node", "node-1", "-o", "jsonpath={.spec.unschedulable}").stdout == "true"
        plane.kubectl("delete", "pods", "-n", "kube-system", "-l", "app=deployment")
        meanwhile = {"node-0": 1, "node-1": 1, "simulated": 4 + 3}
        cluster.until(lambda: places(plane) == meanwhile, "pods go to the simulated nodes only", 15)
    assert state(plane) == before
    cluster.until(lambda: places(plane) == {"node-0": 1, "node-1": 1 + 3}, "the system's pods are back", 15)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_given_back_after_a_signal(plane: ControlPlane, number: signal.Signals) -> None:
    before = state(plane)
    with pytest.raises(KeyboardInterrupt), borrowed():
        os.kill(os.getpid(), number)
    assert state(plane) == before


def test_it_is_given_back_after_a_failure(plane: ControlPlane) -> None:
    def fail_halfway() -> None:
        with borrowed() as cluster:
            cluster.kubectl("create", "namespace", NAMESPACE)
            raise ZeroDivisionError

    before = state(plane)
    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert state(plane) == before


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (("namespace", NAMESPACE), "namespace/trading"),
        (("priorityclass", "trading-critical"), "priorityclass.scheduling.k8s.io/trading-critical"),
        (("pod", "somebodys", "--image=main"), "default/somebodys"),
    ],
)
def test_it_is_not_borrowed_while_in_use(plane: ControlPlane, there: tuple[str, ...], reason: str) -> None:
    verb = "run" if there[0] == "pod" else "create"
    assert plane.kubectl.succeeds(verb, *there[verb == "run" :])
    before = state(plane)
    with pytest.raises(NotEmptyError, match=reason), borrowed():
        pass
    assert state(plane) == before
    assert plane.kubectl.succeeds("delete", *there[:2])


def test_it_is_not_borrowed_while_a_killed_run_is_to_be_undone(plane: ControlPlane) -> None:
    plane.kubectl("label", "node", "node-1", f"{CLOSED}=true")
    with pytest.raises(NotEmptyError, match=r"has left node/node-1; to undo it:\nkubectl"), borrowed():
        pass
    plane.kubectl("label", "node", "node-1", f"{CLOSED}-")
