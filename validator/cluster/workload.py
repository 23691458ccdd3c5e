"""Workloads and their containers: everything that yields pods, seen alike."""

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from validator.cluster.image import Image, parse_image
from validator.cluster.quantity import quantity
from validator.cluster.security_context import Security, SecurityContext
from validator.cluster.view import View, strings
from validator.finding import Address, Path
from validator.manifest import Resource, dig, mapping, sequence, string

if TYPE_CHECKING:
    from validator.cluster.index import Cluster
    from validator.cluster.objects import HorizontalPodAutoscaler

_TEMPLATE: Path = ("spec", "template")
_KNATIVE = "serving.knative.dev"
_KNATIVE_LABELS = (f"{_KNATIVE}/service", f"{_KNATIVE}/configuration")
"""What Knative writes on every pod of a Service, with its name."""
POD_TEMPLATES: dict[tuple[str, str], Path] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): _TEMPLATE,
    (_KNATIVE, "Service"): _TEMPLATE,
}
"""Where each kind keeps its pod template. The two last are CRDs that embed one unchanged."""

_REPLICATED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout"})
_DATABASES = frozenset(
    "postgres postgresql timescaledb timescaledb-ha postgis mysql mariadb mongo mongodb redis valkey "
    "clickhouse clickhouse-server cassandra influxdb elasticsearch opensearch etcd".split()
)
"""Last components of image names that are databases; exporters and clients have other names."""

Role = Literal["container", "init", "sidecar"]


class Port(NamedTuple):
    """A declared container port: its name, number, protocol and position in the list."""

    name: str | None
    number: int | None
    protocol: str
    position: int


class Workload(View):
    """An object that yields pods, from a bare Pod to a CronJob."""

    kinds = tuple(POD_TEMPLATES)

    @classmethod
    def takes(cls, resource: Resource) -> bool:
        """A Rollout may have no template and take the one of a Deployment, which then is the workload."""
        return resource.kind != "Rollout" or resource.get("spec", "workloadRef") is None

    def __init__(self, resource: Resource, cluster: "Cluster") -> None:
        super().__init__(resource, cluster)
        self.template_path = POD_TEMPLATES[resource.group, resource.kind]
        self.template: dict[str, Any] = mapping(resource.get(*self.template_path))
        self.pod_path: Path = (*self.template_path, "spec")
        self.pod: dict[str, Any] = mapping(self.template.get("spec"))
        self.pod_labels = strings(mapping(self.template.get("metadata")).get("labels"))
        if resource.group == _KNATIVE:
            self.pod_labels |= dict.fromkeys(_KNATIVE_LABELS, self.name)
        self.containers: tuple[Container, ...] = tuple(self._containers())

    def _containers(self) -> "list[Container]":
        found: list[Container] = []
        for key, role in (("initContainers", "init"), ("containers", "container")):
            for index, value in enumerate(sequence(self.pod.get(key))):
                if type(value) is dict:
                    sidecar = role == "init" and value.get("restartPolicy") == "Always"
                    found.append(Container(self, key, index, "sidecar" if sidecar else role, value))
        return found

    def at_pod(self, *path: str | int) -> Address:
        """The address of a field of the pod's spec."""
        return Address(self.resource.ref, (*self.pod_path, *path))

    def at_template(self, *path: str | int) -> Address:
        """The address of a field of the pod template."""
        return Address(self.resource.ref, (*self.template_path, *path))

    @cached_property
    def security(self) -> SecurityContext:
        """The pod's securityContext."""
        return SecurityContext(self, None, mapping(self.pod.get("securityContext")))

    # --- what it is

    def is_long_running(self) -> bool:
        """Meant to run until told to stop: asked for probes; Jobs and CronJobs are not."""
        if self.kind in ("Job", "CronJob", "PodTemplate"):
            return False
        return self.kind != "Pod" or self.pod.get("restartPolicy", "Always") == "Always"

    def is_replicated(self) -> bool:
        """Has a number of interchangeable pods: not a DaemonSet, Job or bare Pod."""
        return self.kind in _REPLICATED

    def is_singleton(self) -> bool:
        """Declared in `singletons`: must never run twice, so it is not asked for more pods."""
        return self.name in self.cluster.settings.singletons

    def is_windows(self) -> bool:
        """Says so in `os.name`; most of a securityContext may not be set there at all."""
        return bool(dig(self.pod, "os", "name") == "windows")

    def is_database(self) -> bool:
        return any(c.is_database() for c in self.containers)

    # --- how many

    @cached_property
    def hpas(self) -> "tuple[HorizontalPodAutoscaler, ...]":
        return self.cluster.hpas_of(self)

    @cached_property
    def replicas(self) -> int:
        """The fewest pods it is meant to have: the HPA's minimum, else `replicas`, else 1."""
        if self.hpas:
            return min(hpa.minimum for hpa in self.hpas)
        return self._declared_replicas

    @cached_property
    def max_replicas(self) -> int:
        """The most pods it is meant to have, a rollout's surge not counted."""
        if self.hpas:
            return max(max(hpa.maximum, hpa.minimum) for hpa in self.hpas)
        return self._declared_replicas

    @property
    def _declared_replicas(self) -> int:
        if self.kind in ("Job", "CronJob"):
            path: Path = ("parallelism",) if self.kind == "Job" else ("jobTemplate", "spec", "parallelism")
            value = dig(self.spec, *path)
        else:
            value = self.spec.get("replicas") if self.is_replicated() else None
        return value if type(value) is int and value >= 0 else 1

    @property
    def replicas_reason(self) -> str:
        """Where `replicas` comes from, for messages: `minReplicas 2 of api-hpa`, `replicas 3`."""
        if self.hpas:
            lowest = min(self.hpas, key=lambda hpa: hpa.minimum)
            return f"minReplicas {lowest.minimum} of {lowest.name}"
        return f"replicas {self.replicas}" if "replicas" in self.spec else "replicas unset, so 1"


class Container:
    """One container of a workload, whatever its role.

    `sidecar` is an init container with `restartPolicy: Always` (native sidecar, Kubernetes 1.29+).
    """

    def __init__(self, workload: Workload, key: str, index: int, role: str, value: dict[str, Any]) -> None:
        self.workload = workload
        self.cluster = workload.cluster
        self.role = role
        self.value = value
        self.name = str(value.get("name") or f"#{index}")
        self.path: Path = (*workload.pod_path, key, index)

    def at(self, *path: str | int) -> Address:
        """The address of a field of this container."""
        return Address(self.workload.resource.ref, self.path + path, self.name)

    def is_long_running(self) -> bool:
        """Runs as long as the pod does: not an init container, not in a Job."""
        return self.role != "init" and self.workload.is_long_running()

    def is_linux(self) -> bool:
        return not self.workload.is_windows()

    def is_database(self) -> bool:
        image = self.image
        return image is not None and image.name.rpartition("/")[2] in _DATABASES

    @property
    def image(self) -> Image | None:
        text = string(self.value.get("image"))
        return parse_image(text) if text else None

    @cached_property
    def security(self) -> Security:
        """Its securityContext over the pod's."""
        return Security(self)

    def has_image(self) -> bool:
        return string(self.value.get("image")) is not None

    @cached_property
    def requests(self) -> dict[str, Any]:
        return mapping(mapping(self.value.get("resources")).get("requests"))

    @cached_property
    def limits(self) -> dict[str, Any]:
        return mapping(mapping(self.value.get("resources")).get("limits"))

    def limit(self, resource: str) -> Fraction | None:
        return quantity(self.limits.get(resource))

    def request(self, resource: str) -> Fraction | None:
        """The request, which a limit alone implies (the server copies it)."""
        return quantity(self.requests.get(resource, self.limits.get(resource)))

    @cached_property
    def ports(self) -> tuple[Port, ...]:
        found = []
        for index, port in enumerate(sequence(self.value.get("ports"))):
            port = mapping(port)
            number = port.get("containerPort")
            protocol = string(port.get("protocol")) or "TCP"
            found.append(
                Port(string(port.get("name")), number if type(number) is int else None, protocol, index)
            )
        return tuple(found)

    def port(self, name_or_number: Any) -> Port | None:
        """The declared port by name or number."""
        for port in self.ports:
            if name_or_number in (port.name, port.number) and name_or_number is not None:
                return port
        return None

    def probe(self, name: str) -> dict[str, Any] | None:
        """`livenessProbe`, `readinessProbe` or `startupProbe`; None when absent or null."""
        value = self.value.get(name)
        return value if type(value) is dict else None

    def env(self) -> list[tuple[int, dict[str, Any]]]:
        """The entries of `env` with their indices."""
        return [(i, e) for i, e in enumerate(sequence(self.value.get("env"))) if type(e) is dict]

    def __str__(self) -> str:
        return f"{self.workload}/{self.name}"
