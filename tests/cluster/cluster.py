"""What the tests ask of a cluster: kubectl, an overlay for a while, and waiting for what becomes true."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from tests.cluster.control_plane import ControlPlane
from tests.cluster.programs import Kubectl
from tests.deploy.manifests import K8S

NAMESPACE = "trading"
MADE = "test.qt-validate/made"
"""Label of what the tests make around the manifests."""
GIVEN = bool(os.environ.get("KUBECONFIG"))
MAIN = "given" if GIVEN else "newest"
RELEASES = (MAIN,) if GIVEN else ("oldest", MAIN)
NOTHING = "nothing"
"""In place of an overlay: what a test wants that applies its own."""
Object = dict[str, Any]


@dataclass
class Cluster:
    """A cluster whose pods all stand on simulated nodes, which start them at once, whatever their image.

    `nodes` selects these nodes. `patience` is how many times longer than our own control plane it may take.
    `done` counts what was done to it.
    """

    run: Kubectl
    nodes: str
    patience: float = 1
    volumes: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, plane: ControlPlane) -> "Cluster":
        return cls(plane.kubectl, plane.nodes.selector)

    @cached_property
    def version(self) -> str:
        return str(json.loads(self.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"])

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints. A failure or a warning is one of the test's."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        assert "Warning" not in done.stderr, done.stderr
        return done.stdout

    def apply(self, objects: list[Object]) -> None:
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "--server-side", "-f", "-", stdin=listed)

    def make(self, objects: list[Object]) -> None:
        """Apply those of one kind that are not there, marked as ours."""
        there = {each["metadata"]["name"] for each in self.items(objects[0]["kind"])}
        missing = [each for each in objects if each["metadata"]["name"] not in there]
        for each in missing:
            each["metadata"].setdefault("labels", {})[MADE] = "true"
        if missing:
            self.apply(missing)

    def get(self, *what: str) -> Object:
        found: Object = json.loads(self.kubectl("get", *what, "-n", NAMESPACE, "-o", "json"))
        return found

    def items(self, *what: str) -> list[Object]:
        found: list[Object] = self.get(*what)["items"]
        return found

    def pods(self, name: str | None = None) -> list[Object]:
        """Pods that are not finished, of one workload or of all."""
        selector = () if name is None else ("-l", f"app.kubernetes.io/name={name}")
        return [pod for pod in self.items("pods", *selector) if not finished(pod)]

    def until(self, true: Callable[[], object], what: str, seconds: float = 90) -> None:
        seconds *= self.patience
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.5)

    # --- one overlay

    @contextmanager
    def deployed(self, overlay: str) -> Iterator[str]:
        """An overlay, running for the time of a block; gives what kubectl printed."""
        with self.applied(str(K8S / "overlays" / overlay)) as printed:
            self.until(self.settled, f"every pod of {overlay} is ready", 180)
            yield printed

    @contextmanager
    def applied(self, folder: str, *flags: str) -> Iterator[str]:
        try:
            yield self.apply_folder(folder, *flags)
        finally:
            self._remove(folder, *flags)

    def apply_folder(self, folder: str, *flags: str) -> str:
        printed = self.kubectl("apply", "-k", folder, *flags, "--validate=strict")
        self.done["objects applied"] += len(printed.splitlines())
        return printed

    def _remove(self, folder: str, *flags: str) -> None:
        """Pods first: a namespace that goes away with pods in it waits for half their grace period."""
        here = ("--all", "-n", NAMESPACE)
        self.run("delete", "deployments,statefulsets,cronjobs,jobs", *here)
        self.run("delete", "pods", *here, "--force", "--grace-period=0")
        self.run("delete", "persistentvolumeclaims", *here)
        # kubectl's own wait asks for every object once more, five a second.
        self.run("delete", "-k", folder, *flags, "--ignore-not-found", "--wait=false")
        self.run("wait", "--for=delete", f"namespace/{NAMESPACE}", f"--timeout={120 * self.patience:.0f}s")
        self._remove_volumes()

    def stored(self, overlay: str) -> list[Object]:
        """The overlay's objects as the server stores them."""
        printed = self.kubectl("get", "-k", str(K8S / "overlays" / overlay), "-o", "json")
        found: list[Object] = json.loads(printed)["items"]
        return found

    def settled(self) -> bool:
        """Every workload has all its pods ready, and every claim the volume that we provide."""
        bound = self.provide_volumes()
        return bound and all(map(complete, self.items("deployments,statefulsets")))

    def succeeded(self, job: str) -> bool:
        self.provide_volumes()
        return bool(self.get("job", job)["status"].get("succeeded"))

    def refusals(self) -> list[str]:
        """Events of pods that admission kept out: quota, LimitRange, Pod Security."""
        events = self.items("events", "--field-selector=reason=FailedCreate")
        return [event["message"] for event in events]

    # --- operators' work

    def roll(self, *command: str, workload: str = "deployment/api-service") -> None:
        """A command that starts a rollout, and the wait for its end."""
        # kubectl warns after an undo that the next `apply` will go forward again, which is so.
        done = self.run(*command, "-n", NAMESPACE)
        assert done.returncode == 0, done.stderr
        timeout = f"--timeout={120 * self.patience:.0f}s"
        self.kubectl("rollout", "status", workload, "-n", NAMESPACE, timeout)
        self.done["rollouts"] += 1

    def drain(self, node: str) -> None:
        """Move everything off a node, until all runs elsewhere; the node stays closed."""
        # kubectl warns of DaemonSets, which a given cluster has.
        timeout = f"--timeout={150 * self.patience:.0f}s"
        done = self.run("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", timeout)
        assert done.returncode == 0, done.stdout + done.stderr
        self.done["drains"] += 1
        self.done["evictions"] += done.stdout.count(" evicted\n")
        self.until(self.settled, f"everything runs again without {node}", 120)

    # --- volumes

    @cached_property
    def _without_provisioner(self) -> set[str]:
        return {
            each["metadata"]["name"]
            for each in self.items("storageclasses")
            if each["provisioner"] == "kubernetes.io/no-provisioner"
        }

    def provide_volumes(self) -> bool:
        """A volume for each claim of a class that has no provisioner; whether all these claims are bound."""
        claims = [
            claim
            for claim in self.items("persistentvolumeclaims")
            if claim["spec"].get("storageClassName") in self._without_provisioner
        ]
        new = [volume for volume in map(volume_for, claims) if volume["metadata"]["name"] not in self.volumes]
        if new:
            self.apply(new)
            self.volumes.update(volume["metadata"]["name"] for volume in new)
        return all(claim["status"].get("phase") == "Bound" for claim in claims)

    def _remove_volumes(self) -> None:
        """Ours, and those that a provisioner takes away by itself once their claims are gone."""
        if self.volumes:
            self.run("delete", "persistentvolume", *self.volumes)
            self.volumes.clear()
        self.until(
            lambda: all(
                each["spec"].get("claimRef", {}).get("namespace") != NAMESPACE
                for each in self.items("persistentvolumes")
            ),
            "the volumes of trading's claims are gone",
        )


class Applied(NamedTuple):
    """An overlay that runs in a cluster, and what kubectl said when it came."""

    cluster: Cluster
    overlay: str
    printed: str

    @property
    def folder(self) -> str:
        return str(K8S / "overlays" / self.overlay)


def complete(workload: Object) -> bool:
    status, wanted = workload["status"], workload["spec"]["replicas"]
    counts = (status.get("readyReplicas", 0), status.get("updatedReplicas", wanted))
    seen = status.get("observedGeneration")
    return counts == (wanted, wanted) and bool(seen == workload["metadata"]["generation"])


def volume_for(claim: Object) -> Object:
    name = f"pv-{claim['metadata']['name']}"
    spec = {
        "capacity": claim["spec"]["resources"]["requests"],
        "accessModes": claim["spec"]["accessModes"],
        "storageClassName": claim["spec"]["storageClassName"],
        "claimRef": {"name": claim["metadata"]["name"], "namespace": claim["metadata"]["namespace"]},
        "hostPath": {"path": f"/simulated/{name}"},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def finished(pod: Object) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")
