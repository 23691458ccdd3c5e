"""What the tests ask of a cluster: kubectl, and waiting for what becomes true."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.cluster.control_plane import ControlPlane
from tests.deploy.manifests import K8S

NAMESPACE = "trading"
Object = dict[str, Any]
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def kubectl_of_path(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """kubectl as it is on PATH, for the cluster that KUBECONFIG names."""
    return subprocess.run(["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=False)


@dataclass
class Cluster:
    """A `simulated` cluster starts pods at once, whatever their image, and has no provisioner of volumes."""

    run: Kubectl
    simulated: bool
    volumes: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, plane: ControlPlane) -> "Cluster":
        return cls(plane.kubectl, simulated=True)

    @classmethod
    def given(cls) -> "Cluster":
        assert os.environ["KUBECONFIG"]
        return cls(kubectl_of_path, simulated=False)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints. A failure or a warning is one of the test's."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        assert "Warning" not in done.stderr, done.stderr
        return done.stdout

    def apply(self, objects: list[Object]) -> None:
        self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def get(self, *what: str) -> Object:
        found: Object = json.loads(self.kubectl("get", *what, "-n", NAMESPACE, "-o", "json"))
        return found

    def items(self, *what: str) -> list[Object]:
        found: list[Object] = self.get(*what)["items"]
        return found

    def pods(self, name: str | None = None) -> list[Object]:
        """Pods that are not finished, of one workload or of all."""
        selector = () if name is None else ("-l", f"app.kubernetes.io/name={name}")
        return [
            pod
            for pod in self.items("pods", *selector)
            if pod["status"].get("phase") not in ("Succeeded", "Failed")
        ]

    def until(self, true: Callable[[], object], what: str, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.5)

    # --- one overlay

    def deploy(self, overlay: str) -> str:
        """Apply an overlay and wait until everything runs; gives what kubectl printed."""
        out = self.kubectl("apply", "-k", str(K8S / "overlays" / overlay), "--validate=strict")
        if self.simulated:
            self.until(self.settled, f"every pod of {overlay} is ready", 180)
        return out

    def remove(self, overlay: str) -> None:
        self.run("delete", "-k", str(K8S / "overlays" / overlay), "--ignore-not-found", "--wait=true")
        if self.volumes:
            self.run("delete", "persistentvolume", *self.volumes)
            self.volumes.clear()

    def settled(self) -> bool:
        """Every workload has all its pods ready; claims get their volumes on the way."""
        self.provide_volumes()
        for each in self.items("deployments,statefulsets"):
            status, wanted = each["status"], each["spec"]["replicas"]
            ready = (status.get("readyReplicas", 0), status.get("updatedReplicas", wanted))
            if (
                ready != (wanted, wanted)
                or status.get("observedGeneration") != each["metadata"]["generation"]
            ):
                return False
        return True

    def succeeded(self, job: str) -> bool:
        self.provide_volumes()
        return bool(self.get("job", job)["status"].get("succeeded"))

    def provide_volumes(self) -> None:
        """What a provisioner does: a volume for each claim."""
        for claim in self.items("persistentvolumeclaims"):
            name = f"pv-{claim['metadata']['name']}"
            if name in self.volumes or not self.simulated:
                continue
            self.volumes.add(name)
            spec = {
                "capacity": claim["spec"]["resources"]["requests"],
                "accessModes": claim["spec"]["accessModes"],
                "storageClassName": claim["spec"].get("storageClassName", "standard"),
                "claimRef": {"name": claim["metadata"]["name"], "namespace": NAMESPACE},
                "hostPath": {"path": f"/simulated/{name}"},
            }
            self.apply(
                [{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}]
            )

    def refusals(self) -> list[str]:
        """Events of pods that admission kept out: quota, LimitRange, Pod Security."""
        events = self.items("events", "--field-selector=reason=FailedCreate")
        return [event["message"] for event in events]
