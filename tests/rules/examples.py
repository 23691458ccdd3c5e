"""The examples in the rules' docstrings, made into clusters and judged.

An example shows only what its rule is about. What neither its Bad nor its Good mentions is filled in
from a faultless skeleton, so that no other rule has anything to say.
"""

import copy
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from validator.check import check
from validator.cluster import POD_TEMPLATES, Cluster
from validator.config import Settings, from_table
from validator.finding import Finding, ObjectRef, Severity
from validator.manifest import Document, Resource, parse
from validator.network import Reachability, Topology
from validator.network.topology import read_topology
from validator.overlay import FILE_NAMES
from validator.rule import Rule
from validator.schema import Schemas
from validator.source import Sources

_MARK = re.compile(r"#\s*finding\b")
_HEADING = re.compile(r"^(Bad|Good):[ \t]*$", re.MULTILINE)
_API_VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Role": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "ExternalSecret": "external-secrets.io/v1",
    "SecretStore": "external-secrets.io/v1",
    "Certificate": "cert-manager.io/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PodMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "Prometheus": "monitoring.coreos.com/v1",
    "Alertmanager": "monitoring.coreos.com/v1",
    "AlertmanagerConfig": "monitoring.coreos.com/v1alpha1",
}
_CONTAINER: dict[str, Any] = {
    "image": "registry.example.com/app:1.0.0@sha256:" + "0" * 64,
    "ports": [{"name": "http", "containerPort": 8000}],
    "resources": {
        "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
        "limits": {"cpu": "1", "memory": "256Mi", "ephemeral-storage": "64Mi"},
    },
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
_OF_LINUX = frozenset(_CONTAINER["securityContext"]) - {"runAsNonRoot"}
_PROBES: dict[str, Any] = {
    "livenessProbe": {"httpGet": {"path": "/health/live", "port": 8000}, "failureThreshold": 6},
    "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 8000}},
}


@dataclass(frozen=True, slots=True)
class Example:
    """YAML text, the configuration it is judged with, and the lines that must be reported.

    `also` are the rules that the defect cannot but break too (`# also: ID`): a missing memory request
    implies a missing limit. `files` are those of an overlay, by path, where one of them is a kustomization;
    their marked lines are in `places`.
    """

    text: str
    settings: Settings
    topology: Topology | None
    marked: frozenset[int]
    also: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, rule_id: str, block: str) -> "Example":
        toml: list[str] = []
        options: list[str] = []
        for line in block.splitlines():
            if match := re.match(r"\s*# (setting|option): (.*)", line):
                (toml if match[1] == "setting" else options).append(match[2])
        table = tomllib.loads("\n".join(toml))
        if options:
            table["rules"] = {rule_id: tomllib.loads("\n".join(options))}
        topology = None
        files: dict[str, str] = {}
        sections = re.split(r"^# file: (\S+)\n", block, flags=re.MULTILINE)
        text = sections[0] if len(sections) == 1 else ""
        for name, section in zip(sections[1::2], sections[2::2], strict=True):
            if name == "topology.yaml":
                topology = read_topology(section, name)
            else:
                text = files[name] = section
        marked = frozenset(i for i, line in enumerate(text.splitlines(), 1) if _MARK.search(line))
        also = frozenset(re.findall(r"^\s*# also: (\S+)$", block, re.MULTILINE))
        if not any(PurePath(name).name in FILE_NAMES for name in files):
            files = {}
        settings = from_table(table, Path("qt-validate.toml"))
        return cls(text, settings, topology, marked, also, files)

    @property
    def places(self) -> set[tuple[str, int]]:
        """The marked lines of an overlay's files."""
        return {
            (name, number)
            for name, text in self.files.items()
            for number, line in enumerate(text.splitlines(), 1)
            if _MARK.search(line)
        }


def sections(text: str) -> dict[str, str]:
    """The Bad and Good blocks of a docstring, unindented."""
    parts = _HEADING.split(text)
    return {
        name: textwrap.dedent(body).strip("\n") for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def judge(
    rules: Iterable[Rule],
    resources: list[Resource],
    example: Example,
    *,
    complete: bool,
    profile: str = "prod",
    sources: Sources | None = None,
) -> list[Finding]:
    cluster = Cluster(resources, example.settings, complete=complete, profile=profile)
    definitions = [r for r in resources if r.kind == "CustomResourceDefinition"]
    context: dict[type, Any] = {
        Schemas: Schemas(definitions),
        Topology: example.topology,
        Reachability: Reachability(cluster),
        Sources: sources,
    }
    return check(cluster, rules, frozenset(), context)[0]


def lines(findings: Iterable[Finding], resources: list[Resource]) -> set[int]:
    """The lines that findings point at; 1 for those about the target as a whole."""
    found = set()
    for finding in findings:
        if finding.address.object is None:
            found.add(1)
            continue
        resource = resources[finding.address.object.index]
        line = resource.document.locate((*resource.base, *finding.address.path)).line
        assert line is not None
        found.add(line)
    return found


def complete(example: Example, mentioned: frozenset[str]) -> list[Resource]:
    """The example's objects with everything filled in that is not among the mentioned keys."""
    found: list[Resource] = []
    for value, document in parse(example.text, "example.yaml"):
        if value is not None:
            found.append(_resource(_complete_object(copy.deepcopy(value), mentioned), document, len(found)))
    return found


def complete_rendered(rendered: Iterable[Resource], mentioned: frozenset[str]) -> list[Resource]:
    """A render's objects with everything filled in that is not among the mentioned keys."""
    return [replace(each, value=_complete_object(copy.deepcopy(each.value), mentioned)) for each in rendered]


def mentioned_keys(*texts: str) -> frozenset[str]:
    keys: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, child in value.items():
                keys.add(key)
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    for text in texts:
        for value, _ in parse(text, "example.yaml"):
            walk(value)
    return frozenset(keys)


def _resource(value: dict[str, Any], document: Document, index: int) -> Resource:
    metadata = value["metadata"]
    namespace = metadata.get("namespace")
    return Resource(
        ObjectRef(value["apiVersion"], value["kind"], namespace, str(metadata["name"]), index),
        value,
        document,
    )


def api_version(kind: str) -> str:
    """The version that an example need not name."""
    return _API_VERSIONS.get(kind, "v1")


def _complete_object(value: dict[str, Any], mentioned: frozenset[str]) -> dict[str, Any]:
    kind = value["kind"]
    value.setdefault("apiVersion", api_version(kind))
    if type(value.get("metadata")) is not dict:
        value["metadata"] = {}
    value["metadata"].setdefault("name", "example")
    name = value["metadata"]["name"]
    group = value["apiVersion"].rpartition("/")[0]
    path = POD_TEMPLATES.get((group, kind))
    if path is None:
        if kind == "NetworkPolicy":
            value.setdefault("spec", {}).setdefault("podSelector", {})
        elif kind == "PersistentVolumeClaim":
            claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
            value.setdefault("spec", claim)
        elif kind == "HorizontalPodAutoscaler" and "scaleTargetRef" not in mentioned:
            value.setdefault("spec", {})["scaleTargetRef"] = {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "example",
            }
        if kind == "Ingress" and "tls" not in mentioned:
            hosts = [rule.get("host") for rule in value.get("spec", {}).get("rules", ())]
            value.setdefault("spec", {})["tls"] = [{"hosts": [h for h in hosts if h], "secretName": "tls"}]
        if kind == "HorizontalPodAutoscaler" and "maxReplicas" not in mentioned:
            value.setdefault("spec", {})["maxReplicas"] = 5
        return value
    template = value
    for key in path:
        template = template.setdefault(str(key), {})
    spec = value.setdefault("spec", {}) if path else {}
    labels = {"app.kubernetes.io/name": name}
    job = kind in ("Job", "CronJob")
    if path and kind != "PodTemplate":
        template.setdefault("metadata", {}).setdefault("labels", labels)
        if not job:
            own = template.get("metadata", {}).get("labels") or labels
            spec.setdefault("selector", {"matchLabels": own})
    if kind == "StatefulSet" and "serviceName" not in mentioned:
        spec.setdefault("serviceName", name)
    if kind == "CronJob":
        spec.setdefault("schedule", "0 3 * * *")
    pod = template.setdefault("spec", {})
    if job and "restartPolicy" not in mentioned:
        pod.setdefault("restartPolicy", "Never")
    defaults = {"serviceAccountName": "example", "automountServiceAccountToken": False}
    for key, default in defaults.items():
        if key not in mentioned:
            pod.setdefault(key, default)
    if "containers" not in pod:
        # Nobody wrote this container, so what others say of ports is not about it.
        pod["containers"] = [{"name": "example", "ports": copy.deepcopy(_CONTAINER["ports"])}]
    windows = pod.get("os") == {"name": "windows"}
    for key in ("initContainers", "containers"):
        for index, container in enumerate(pod.get(key) or []):
            if isinstance(container, dict):
                known = mentioned | _OF_LINUX if windows else mentioned
                _complete_container(container, index, known, probes=not job and key == "containers")
    return value


def _complete_container(
    container: dict[str, Any], index: int, mentioned: frozenset[str], *, probes: bool
) -> None:
    """Each container of a pod has a port of its own: they share the network."""
    for key, default in {**_CONTAINER, **(_PROBES if probes else {})}.items():
        if key not in mentioned:
            container.setdefault(key, copy.deepcopy(default))
    if "ports" not in mentioned and "httpGet" not in mentioned and index:
        for port in container["ports"]:
            port["containerPort"] += index
        for probe in _PROBES if probes else ():
            if probe not in mentioned:
                container[probe]["httpGet"]["port"] += index
    # One setting's example should not have to repeat all others.
    security = container.setdefault("securityContext", {})
    for key, default in _CONTAINER["securityContext"].items():
        if key not in mentioned and isinstance(security, dict):
            security.setdefault(key, copy.deepcopy(default))


def cases(file: Path, rule_id: str) -> Iterator[tuple[str, Example, dict[str, Any]]]:
    """The edge cases of a rule: (name, example, the case's own keys)."""
    for case in parse(file.read_text(), file.name)[0][0]:
        example = Example.read(rule_id, case["manifests"])
        table = dict(case.get("settings", {}))
        if table:
            example = replace(example, settings=from_table(table, file))
        yield case["case"], example, case


ERROR = Severity.ERROR
