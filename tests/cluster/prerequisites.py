"""What the guide wants in a cluster before prod: the operators' kinds, and classes of storage."""

import json
import subprocess
from functools import cache
from pathlib import Path

from tests.cluster.cluster import Cluster, Object
from validator.manifest import parse

CRDS = {
    "github.com/cert-manager/cert-manager": "deploy/crds",
    "github.com/external-secrets/external-secrets": "config/crds/bases",
    "github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
    "sigs.k8s.io/gateway-api": "config/crd/standard",
}
"""Where the operators' Go modules keep their CustomResourceDefinitions."""
NEWEST = ("v1.21.2", "v1.3.2", "v0.85.0", "v1.6.3")
OLDEST = ("v1.16.5", "v0.17.0", "v0.85.0", "v1.2.1")
"""For Kubernetes before 1.30, which refuses `selectableFields`: the last cert-manager for it, the first
External Secrets Operator that the manifests want, and a Gateway API of its time."""
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


@cache
def operators_kinds(versions: tuple[str, ...] = NEWEST) -> list[Object]:
    """The kinds of prod's operators; nobody acts on their objects."""
    found: list[Object] = []
    for (module, folder), version in zip(CRDS.items(), versions, strict=True):
        command = ["go", "mod", "download", "-json", f"{module}@{version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for file in sorted((Path(json.loads(done.stdout)["Dir"]) / folder).rglob("*.yaml")):
            found += [value for value, _ in parse(file.read_text(), file.name) if value]
    kinds = [each for each in found if each["kind"] == "CustomResourceDefinition"]
    for each in kinds:
        each["metadata"].pop("labels", None)  # some are for Helm to fill in
    return kinds


def install_operators_kinds(cluster: Cluster) -> None:
    minor = int(cluster.version.split(".")[1])
    cluster.make(operators_kinds(OLDEST if minor < 30 else NEWEST))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def provide_storage_classes(cluster: Cluster) -> None:
    """`fast-ssd`, and a default class where there is none; `Cluster.provide_volumes` is their provisioner."""
    there = cluster.items("storageclasses")
    has_default = any(c["metadata"].get("annotations", {}).get(_DEFAULT) == "true" for c in there)
    cluster.make(
        [_storage_class("fast-ssd")] + ([] if has_default else [_storage_class("simulated", "true")])
    )


def _storage_class(name: str, default: str = "false") -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": {_DEFAULT: default}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
