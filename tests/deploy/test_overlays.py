"""The two overlays: the same on every Kustomize, on a bare cluster (dev), and under the names people know."""

import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.conftest import QtValidate
from tests.deploy.manifests import K8S, OVERLAYS, objects

BUILT_IN = {
    "",
    "apps",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
}
"""API groups that every cluster serves."""
NAMES = {
    "dev": {
        "Namespace/trading",
        "Deployment/api-service",
        "Deployment/calibration-service",
        "StatefulSet/timescaledb",
        "Ingress/trading-ingress",
        "HorizontalPodAutoscaler/api-service-hpa",
        "NetworkPolicy/api-network-policy",
        "Secret/db-credentials",
        "Secret/api-keys",
        "CronJob/database-backup",
    },
    "prod": {
        "Namespace/trading",
        "Deployment/api-service",
        "Deployment/calibration-service",
        "StatefulSet/timescaledb",
        "Ingress/trading-ingress",
        "HorizontalPodAutoscaler/api-service-hpa",
        "NetworkPolicy/api-network-policy",
        "ServiceMonitor/trading-services",
        "ExternalSecret/db-credentials",
        "ExternalSecret/api-keys",
        "SecretStore/vault-backend",
        "CronJob/database-backup",
    },
}
"""What the deployment guide's commands name; a generated Secret's hash is left out."""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_kustomize_builds_the_same(overlay: str, renderers: dict[str, str]) -> None:
    renders = {version: build(program, overlay) for version, program in renderers.items()}
    assert renders["v5.5.0"] == renders["v5.8.1"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_verdict_does_not_depend_on_the_renderer(
    qt_validate: QtValidate, overlay: str, renderers: dict[str, str]
) -> None:
    programs = [*renderers.values(), *(["kubectl"] if shutil.which("kubectl") else [])]
    runs = [qt_validate("--format", "json", "--renderer", p, f"overlays/{overlay}").target for p in programs]
    versions = [run.pop("renderer")["version"] for run in runs]
    assert versions[:2] == list(renderers)
    assert all(run == runs[0] for run in runs)


def test_dev_needs_no_operator() -> None:
    groups = {each["apiVersion"].rpartition("/")[0] for each in objects("overlays/dev")}
    assert groups <= BUILT_IN


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_objects_keep_the_names_that_people_type(overlay: str) -> None:
    found = {f"{o['kind']}/{o['metadata']['name']}" for o in objects(f"overlays/{overlay}")}
    unhashed = {name.rpartition("-")[0] for name in found if name.startswith("Secret/")}
    assert NAMES[overlay] <= found | unhashed


def test_prod_holds_no_secret_value() -> None:
    assert [o["metadata"]["name"] for o in objects("overlays/prod") if o["kind"] == "Secret"] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_in_the_namespace(overlay: str) -> None:
    cluster_wide = {"Namespace", "PriorityClass"}
    for each in objects(f"overlays/{overlay}"):
        if each["kind"] not in cluster_wide:
            assert each["metadata"]["namespace"] == "trading"


def test_every_part_of_the_tree_is_built_by_an_overlay_or_listed_as_optional() -> None:
    """A manifest that nothing includes is dead; components and hand-started Jobs are listed here."""
    optional = {
        "components/frozen-singletons",
        "components/gateway-api",
        "components/ingress-nginx-community",
        "jobs/restore",
        "jobs/standalone",
    }
    built = set()
    for overlay in OVERLAYS:
        built |= included(f"overlays/{overlay}")
    everything = {str(f.parent.relative_to(K8S)) for f in K8S.rglob("kustomization.yaml")}
    assert everything - built - {"overlays/dev", "overlays/prod"} - {"jobs/restore/program"} == optional


def included(folder: str) -> set[str]:
    document = yaml.safe_load((K8S / folder / "kustomization.yaml").read_text())
    found: set[str] = set()
    for entry in [*document.get("resources", ()), *document.get("components", ())]:
        path = (K8S / folder / entry).resolve()
        if path.is_dir():
            name = str(path.relative_to(K8S))
            found |= {name} | included(name)
    return found


def build(program: str, overlay: str) -> list[dict[str, Any]]:
    command = [program, "build", str(K8S / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))
