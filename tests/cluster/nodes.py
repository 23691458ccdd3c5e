"""Simulated nodes: kwok says of each pod on them that it runs, and no container does."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.programs import Kubectl, Processes, build

Object = dict[str, Any]

OWNER = "test.qt-validate/nodes"
"""Label of a simulated node: which kwok looks after it."""
NEVER_READY = "test.qt-validate/never-ready"
"""Annotation of a pod that never gets ready."""
SLOW_TO_END = "test.qt-validate/slow-to-end"
"""Annotation of a pod that, told to end, uses its whole grace period."""
CPU_USAGE = "kwok.x-k8s.io/usage-cpu"
"""kwok's annotation of the CPU that a pod's containers report to use."""


@dataclass(frozen=True)
class Nodes:
    """`count` nodes, and the kwok that looks after these and no others."""

    name: str
    count: int
    kubectl: Kubectl
    kubeconfig: Path
    folder: Path

    @property
    def selector(self) -> str:
        return f"{OWNER}={self.name}"

    def start(self, processes: Processes, *flags: str) -> None:
        program = build()
        file = self.folder / "stages.yaml"
        file.write_text(yaml.safe_dump_all(stages(program)))
        processes.run(
            program,
            "kwok",
            f"--kubeconfig={self.kubeconfig}",
            f"--config={file}",
            f"--manage-nodes-with-label-selector={self.selector}",
            "--node-lease-duration-seconds=40",
            *flags,
        )
        objects = yaml.safe_dump_all(self._node(number) for number in range(self.count))
        done = self.kubectl("apply", "--server-side", "-f", "-", stdin=objects)
        if done.returncode:
            raise RuntimeError(done.stderr)
        ready = ("wait", "--for=condition=Ready", "node", "-l", self.selector, "--timeout=1s")
        processes.wait("kwok", lambda: self.kubectl.succeeds(*ready))

    def _node(self, number: int) -> Object:
        """A node of 16 CPUs and 64 GiB; the nodes stand in three zones."""
        name = f"{self.name}-{number}"
        offer = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {
                    "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource"
                },
                "labels": {
                    OWNER: self.name,
                    "kubernetes.io/hostname": name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/zone": f"zone-{number % 3}",
                },
            },
            "status": {"allocatable": offer, "capacity": offer},
        }


def stages(program: Path) -> list[Object]:
    """kwok's own steps in the life of nodes and pods, with the time that a kubelet needs for them."""
    printed = subprocess.run([program, "kwok-stages"], capture_output=True, text=True, check=True).stdout
    documents: list[Object] = [each for each in yaml.safe_load_all(printed) if each]
    named = {each["metadata"]["name"]: each for each in documents if each["kind"] == "Stage"}
    ready, complete, delete = (named[f"pod-{step}"]["spec"] for step in ("ready", "complete", "delete"))
    _only_if(ready, f'.metadata.annotations["{NEVER_READY}"]', "DoesNotExist")
    # A pod that is going away for a second shows an overlap with its successor, if there is one.
    ready["delay"] = delete["delay"] = {"durationMilliseconds": 1000}
    slow = _copy(named["pod-delete"], "pod-delete-slow")
    _only_if(delete, f'.metadata.annotations["{SLOW_TO_END}"]', "DoesNotExist")
    _only_if(slow["spec"], f'.metadata.annotations["{SLOW_TO_END}"]', "Exists")
    slow["spec"]["delay"] = {
        "durationMilliseconds": 1000,
        "durationFrom": {"expressionFrom": ".metadata.deletionTimestamp"},
    }
    # The provisioner of kind and k3s makes and removes each volume by a pod that belongs to no Job.
    helper = _copy(named["pod-complete"], "pod-complete-helper")
    helper["spec"]["selector"]["matchExpressions"] = complete["selector"]["matchExpressions"][:2]
    _only_if(helper["spec"], '.metadata.name | startswith("helper-pod-")', "In", "true")
    return [*documents, slow, helper]


def _copy(stage: Object, name: str) -> Object:
    copied: Object = yaml.safe_load(yaml.safe_dump(stage))
    copied["metadata"]["name"] = name
    return copied


def _only_if(spec: Object, key: str, operator: str, *values: str) -> None:
    expression: Object = {"key": key, "operator": operator}
    if values:
        expression["values"] = list(values)
    spec["selector"]["matchExpressions"].append(expression)
