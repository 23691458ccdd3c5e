"""The manifests as Kubernetes gets them."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("dev", "prod")

Object = dict[str, Any]


@cache
def rendered(folder: str) -> str:
    """What Kustomize makes of a folder below deploy/k8s."""
    command = ["kubectl", "kustomize"]
    if not shutil.which("kubectl"):
        command = [shutil.which("kustomize") or str(Path(sys.executable).parent / "kustomize"), "build"]
    done = subprocess.run([*command, K8S / folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def objects(folder: str) -> tuple[Object, ...]:
    return tuple(yaml.safe_load_all(rendered(folder)))


def of_kind(folder: str, *kinds: str) -> list[Object]:
    return [each for each in objects(folder) if each["kind"] in kinds]


def named(folder: str, kind: str, name: str) -> Object:
    (found,) = [each for each in of_kind(folder, kind) if each["metadata"]["name"] == name]
    return found


def pod_spec(workload: Object) -> Object:
    """The pod of a Deployment, StatefulSet, Job or CronJob."""
    spec: Object = workload["spec"]
    if workload["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Object = spec["template"]["spec"]
    return found


def documents(path: Path) -> list[Object]:
    return list(yaml.safe_load_all(path.read_text()))
