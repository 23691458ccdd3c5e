"""One cluster for all tests: a control plane of our own, or the one that KUBECONFIG names."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import running
from validator.manifest import parse

CRDS = {
    "github.com/cert-manager/cert-manager@v1.21.2": "deploy/crds",
    "github.com/external-secrets/external-secrets@v1.3.2": "config/crds/bases",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd",
}
"""Where the operators' Go modules keep their CustomResourceDefinitions."""
CLASSES: list[dict[str, Any]] = [
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    for name, default in (("standard", "true"), ("fast-ssd", "false"))
]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if os.environ.get("KUBECONFIG"):
        yield Cluster.given()
        return
    with running() as plane:
        found = Cluster.of(plane)
        found.apply(CLASSES)
        yield found


@pytest.fixture(scope="session")
def operators(cluster: Cluster) -> None:
    """The kinds of prod's operators; nobody acts on their objects."""
    for module, folder in CRDS.items():
        done = subprocess.run(
            ["go", "mod", "download", "-json", module], capture_output=True, text=True, check=True
        )
        files = (Path(json.loads(done.stdout)["Dir"]) / folder).rglob("*.yaml")
        documents = [value for file in sorted(files) for value, _ in parse(file.read_text(), file.name)]
        cluster.apply([d for d in documents if d and d["kind"] == "CustomResourceDefinition"])
    cluster.kubectl(
        "wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=60s"
    )


@pytest.fixture(scope="module")
def prod(cluster: Cluster, operators: None) -> Iterator[Cluster]:
    """The prod overlay, running."""
    if not cluster.simulated:
        pytest.skip("the services' images are in no public registry: their pods run on simulated nodes only")
    cluster.deploy("prod")
    yield cluster
    cluster.remove("prod")
