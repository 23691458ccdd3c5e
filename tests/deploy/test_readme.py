"""What deploy/k8s/README.md says is there, is there."""

import re

from tests.deploy.manifests import K8S, OVERLAYS, ROOT, documents, of_kind

TEXT = (K8S / "README.md").read_text()


def test_links_and_paths_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (K8S / link).exists()] == []
    paths = re.findall(r"(?<![\w/.-])((?:deploy|scripts|tests|docs)/[\w./*-]+)", TEXT)
    assert [path for path in paths if not list(ROOT.glob(path.rstrip(".")))] == []


def test_every_component_and_folder_is_named() -> None:
    for folder in ("base", "components"):
        for part in (K8S / folder).iterdir():
            if part.is_dir():
                assert f"]({folder}/{part.name}" in TEXT, part


def test_overlays_are_described_as_they_are() -> None:
    """The table's words for what each overlay takes in."""
    for overlay in OVERLAYS:
        (kustomization,) = documents(K8S / "overlays" / overlay / "kustomization.yaml")
        (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| [overlays/{overlay}]")]
        has = row.split("|")[2]
        for part in [*kustomization["resources"], *kustomization.get("components", ())]:
            assert part.rpartition("/")[2] in has, part


def test_objects_in_commands_exist() -> None:
    kinds = {
        "deployment": "Deployment",
        "statefulset": "StatefulSet",
        "cronjob": "CronJob",
        "ingress": "Ingress",
    }
    for kind, name in re.findall(r"\b(deployment|statefulset|cronjob|ingress)[/ ]([a-z]+(?:-[a-z]+)+)", TEXT):
        known = {each["metadata"]["name"] for each in of_kind("overlays/prod", kinds[kind])}
        assert name in known, f"{kind}/{name}"


def test_flows_are_those_of_the_topology() -> None:
    """Row by row: whom a component calls."""
    (topology,) = documents(K8S / "topology.yaml")
    declared: dict[str, set[str]] = {}
    for flow in topology["flows"]:
        if flow["to"] == "kube-dns" or flow["from"] == "prometheus":
            continue
        for source in flow["from"] if isinstance(flow["from"], list) else [flow["from"]]:
            declared.setdefault(source, set()).add(f"{flow['to']} {flow['port']}")
    for line in TEXT.splitlines():
        if not line.startswith("| ") or line.count("|") != 5:
            continue
        name, _, _, calls = (cell.strip() for cell in line.strip("|").split("|"))
        name = name.split(",")[0]
        if name in declared:
            said = {each.strip() for each in calls.split(",")}
            said = {re.sub(r"^(market data|the broker) ", "internet ", each) for each in said}
            assert said == declared[name], name
            del declared[name]
    assert set(declared) == {"ingress-controller", "database-migration"}
