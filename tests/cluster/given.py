"""The cluster that KUBECONFIG names, borrowed for the tests and given back as it was."""

import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.cluster.cluster import MADE, NAMESPACE, Cluster, Object
from tests.cluster.nodes import OWNER, Nodes
from tests.cluster.prerequisites import provide_storage_classes
from tests.cluster.programs import Kubectl, Processes, build
from tests.deploy.manifests import K8S

NAME, COUNT = "simulated", 4
"""Of the nodes that pods stand on meanwhile."""
MADE_KINDS = "persistentvolumes,storageclasses,customresourcedefinitions"
CLOSED = "test.qt-validate/closed"
"""Label of the cluster's own nodes that a run has cordoned."""
UNDO = f"""\
kubectl uncordon -l {CLOSED}
kubectl label nodes -l {CLOSED} {CLOSED}-
kubectl delete nodes -l {OWNER}={NAME}
kubectl delete {MADE_KINDS} -l {MADE}"""
OWN = ("-k", str(K8S / "base/namespace"), "-n", NAMESPACE)
"""What is the manifests' own: their namespace with all that is in it, and what stands outside of it."""
SYSTEM = ("kube-", "local-path-storage")
"""Namespaces that begin so may have pods."""


class NotEmptyError(Exception):
    """The cluster holds what the tests could damage."""


@contextmanager
def borrowed() -> Iterator[Cluster]:
    """The cluster with simulated nodes beside its own, which take no pods meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="kwok-"))
    processes = Processes(folder)
    with _ended_like_ctrl_c():
        try:
            kubectl, kubeconfig = _access(folder)
            refuse_if_in_use(kubectl)
            nodes = Nodes(NAME, COUNT, kubectl, kubeconfig, folder)
            try:
                _close_own_nodes(kubectl)
                nodes.start(processes)
                cluster = Cluster(kubectl, nodes.selector, patience=4)
                provide_storage_classes(cluster)
                yield cluster
            finally:
                with _deaf():
                    _give_back(kubectl, nodes)
        finally:
            processes.stop()
            shutil.rmtree(folder, ignore_errors=True)


def refuse_if_in_use(kubectl: Kubectl) -> None:
    """Raises NotEmptyError."""
    left = _left(kubectl)
    if left:
        raise NotEmptyError(f"a run that was killed has left {', '.join(left)}; to undo it:\n{UNDO}")
    own = _names(kubectl, *OWN, "--ignore-not-found")
    if own:
        raise NotEmptyError(f"the tests would delete what is there already: {', '.join(own)}")
    pods = [each["metadata"] for each in _items(kubectl, "pods", "--all-namespaces")]
    others = [f"{pod['namespace']}/{pod['name']}" for pod in pods if not pod["namespace"].startswith(SYSTEM)]
    if others:
        raise NotEmptyError(f"the tests want a cluster of their own, and pods run here: {', '.join(others)}")


def _access(folder: Path) -> tuple[Kubectl, Path]:
    """kubectl as it is on PATH, or our own; and its kubeconfig as one file, which kwok can read."""
    program = ("kubectl",) if shutil.which("kubectl") else (str(build()), "kubectl")
    kubeconfig = folder / "given.yaml"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(_out(Kubectl(program), "config", "view", "--raw", "--minify", "--flatten"))
    return Kubectl((*program, "--kubeconfig", str(kubeconfig))), kubeconfig


def _close_own_nodes(kubectl: Kubectl) -> None:
    """Those that are open. The label comes first, so that a kill between the two leaves no trace unmarked."""
    nodes = _items(kubectl, "nodes")
    own = [each["metadata"]["name"] for each in nodes if not each["spec"].get("unschedulable")]
    if own:
        _out(kubectl, "label", "nodes", *own, f"{CLOSED}=true")
        _out(kubectl, "cordon", *own)


def _give_back(kubectl: Kubectl, nodes: Nodes) -> None:
    """Each step whatever became of the others. What is left is an error that says how to undo it."""
    ours = [name.removeprefix("node/") for name in _names(kubectl, "nodes", "-l", nodes.selector)]
    kubectl("uncordon", "-l", CLOSED)
    kubectl("label", "nodes", "-l", CLOSED, f"{CLOSED}-")
    kubectl("delete", *OWN, "--ignore-not-found")
    # Pods of the cluster's own that came here while its nodes were closed.
    away = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--disable-eviction")
    kubectl("drain", "-l", nodes.selector, *away, "--timeout=60s")
    kubectl("delete", "nodes", "-l", nodes.selector)
    kubectl("delete", MADE_KINDS, "-l", MADE)
    for name in ours:  # those of DaemonSets, which nobody ends any more
        on_it = f"--field-selector=spec.nodeName={name}"
        kubectl("delete", "pods", "--all-namespaces", on_it, "--force", "--grace-period=0")
    left = _left(kubectl)
    if left:
        raise RuntimeError(f"not given back: {', '.join(left)}; to do so:\n{UNDO}")


def _left(kubectl: Kubectl) -> list[str]:
    """What a run has made or closed, and not undone."""
    return [
        *_names(kubectl, "nodes", "-l", f"{OWNER}={NAME}"),
        *_names(kubectl, "nodes", "-l", CLOSED),
        *_names(kubectl, MADE_KINDS, "-l", MADE),
    ]


def _ended_like_ctrl_c() -> AbstractContextManager[None]:
    """Whoever ends the run by a signal wants the cluster back, too."""
    return _signals_handled(signal.default_int_handler)


def _deaf() -> AbstractContextManager[None]:
    """Who is impatient and presses Ctrl-C again would leave the cluster half given back."""
    return _signals_handled(signal.SIG_IGN)


@contextmanager
def _signals_handled(how: Callable[[int, FrameType | None], Any] | signal.Handlers) -> Iterator[None]:
    before = {each: signal.signal(each, how) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _items(kubectl: Kubectl, *what: str) -> list[Object]:
    found: list[Object] = json.loads(_out(kubectl, "get", *what, "-o", "json"))["items"]
    return found


def _names(kubectl: Kubectl, *what: str) -> list[str]:
    return _out(kubectl, "get", *what, "-o", "name").split()


def _out(kubectl: Kubectl, *arguments: str) -> str:
    done = kubectl(*arguments)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout
