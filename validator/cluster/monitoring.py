"""Who scrapes whom: the Prometheus operator's monitors, plain scrape configurations, and their targets.

What the operator makes of its objects is told from its source:
https://github.com/prometheus-operator/prometheus-operator/blob/v0.85.0/pkg/prometheus/promcfg.go
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.objects import ConfigMap, Namespace, Service
from validator.cluster.outside import Alertmanager, Prometheus
from validator.cluster.selector import EVERYTHING, Selector
from validator.cluster.view import View, strings
from validator.cluster.workload import Container, Port, Workload
from validator.finding import Path, TargetError
from validator.manifest import mapping, parse, sequence, string

GROUP = "monitoring.coreos.com"
SCRAPE_ANNOTATION = "prometheus.io/scrape"
PORT_ANNOTATION = "prometheus.io/port"

Labels = Mapping[str, tuple[str, ...]]
"""A target's labels with every value that each may have; a label that is not there may have any."""


def full_match(pattern: str, text: str) -> bool | None:
    """Whether an anchored RE2 pattern matches; None when Python cannot read it, or reads it otherwise."""
    compiled = _compiled(pattern)
    return None if compiled is None else compiled.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    if "[[" in pattern:  # RE2 has POSIX classes there, Python would warn of a nested set
        return None
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None


def texts(view: View) -> Iterator[tuple[str, str]]:
    """The (key, text) pairs of a ConfigMap's `data`."""
    for key, text in mapping(view.get("data")).items():
        if type(text) is str:
            yield key, text


def yaml_of(text: str, name: str) -> list[Any]:
    """The documents of a text, or none when it is no YAML (a template, say)."""
    try:
        return [value for value, _ in parse(text, name)]
    except TargetError:
        return []


# --- what monitors select


@dataclass(frozen=True, slots=True)
class OperatedService:
    """The Service that the operator makes for its own pods.

    Their labels: pkg/prometheus/common.go, pkg/alertmanager/statefulset.go.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    port_names: tuple[str, ...]
    container_ports: tuple[str | int, ...]


class ServiceIndex:
    """Services by namespace and label, so that a selector looks at few of them."""

    def __init__(self, cluster: Cluster) -> None:
        self._by_namespace: dict[str, list[Service]] = defaultdict(list)
        self._by_label: dict[tuple[str, str, str], list[Service]] = defaultdict(list)
        for service in cluster.of(Service):
            self._by_namespace[service.namespace].append(service)
            for key, value in service.labels.items():
                self._by_label[service.namespace, key, value].append(service)
        self.operated = tuple(_operated(cluster))
        self.namespaces = frozenset(
            {w.namespace for w in cluster.workloads}
            | {n.name for n in cluster.of(Namespace)}
            | set(self._by_namespace)
        )
        """Namespaces of which the render shows the inside."""
        self.open = frozenset(pods.namespace for pods in cluster.settings.external_pods)
        """Namespaces where others run pods too, and so may have Services."""

    def select(self, namespace: str, selector: Selector) -> list[Service]:
        if selector.null:
            return []
        candidates = self._by_namespace.get(namespace, [])
        if selector.pairs:
            lists = [self._by_label.get((namespace, key, value), []) for key, value in selector.pairs]
            candidates = min(lists, key=len)
        return [service for service in candidates if selector.matches(service.labels)]


@lru_cache(maxsize=1)
def service_index(cluster: Cluster) -> ServiceIndex:
    """The index of a target, kept while that target is judged."""
    return ServiceIndex(cluster)


def _operated(cluster: Cluster) -> Iterator[OperatedService]:
    for prometheus in cluster.of(Prometheus):
        port = string(prometheus.spec.get("portName")) or "web"
        labels = {"operated-prometheus": "true"}
        yield OperatedService(
            "prometheus-operated", prometheus.namespace, labels, (port, "grpc"), (port, 9090)
        )
    for manager in cluster.of(Alertmanager):
        port = string(manager.spec.get("portName")) or "web"
        labels = {"operated-alertmanager": "true"}
        names = (port, "tcp-mesh", "udp-mesh")
        yield OperatedService("alertmanager-operated", manager.namespace, labels, names, (port, 9093))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One entry of a monitor's endpoints: which port it scrapes. With no port at all, every one."""

    path: Path
    port: str | None
    target: str | int | None
    value: Mapping[str, Any]

    @property
    def field(self) -> str:
        if self.port is not None or self.target is None:
            return "port"
        return next((k for k in ("portNumber", "targetPort") if self.value.get(k) == self.target), "port")

    def takes_name(self, name: str | None) -> bool:
        """`port` is a regular expression on port names: it goes into a relabelling as it is."""
        if self.port is None:
            return self.target is None
        return self.port == name or full_match(self.port, name or "") is not False

    def takes_target(self, name: str | None, number: int | None) -> bool:
        if type(self.target) is str:
            return self.target == name or full_match(self.target, name or "") is not False
        return self.target is not None and self.target == number


class Monitor(View):
    """A ServiceMonitor or a PodMonitor."""

    kinds = ((GROUP, "ServiceMonitor"), (GROUP, "PodMonitor"))

    @property
    def of_services(self) -> bool:
        return self.kind == "ServiceMonitor"

    @property
    def selects(self) -> str:
        return "Service" if self.of_services else "pod"

    @cached_property
    def selector(self) -> Selector:
        """An absent selector is an empty one: the operator's field is no pointer."""
        return Selector.parse(self.spec.get("selector") or {})

    @cached_property
    def namespaces(self) -> tuple[str, ...] | None:
        """Where it looks; None for everywhere."""
        chosen = mapping(self.spec.get("namespaceSelector"))
        if chosen.get("any") is True:
            return None
        names = tuple(str(name) for name in sequence(chosen.get("matchNames")))
        return names or (self.namespace,)

    @cached_property
    def is_closed(self) -> bool:
        """Everything that it could select is in the render, so that finding nothing means something."""
        index = service_index(self.cluster)
        return self.namespaces is not None and all(
            name in index.namespaces and name not in index.open for name in self.namespaces
        )

    @property
    def _searched(self) -> tuple[str, ...]:
        found = self.namespaces
        return found if found is not None else tuple(sorted(service_index(self.cluster).namespaces))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        if not self.of_services:
            return ()
        index = service_index(self.cluster)
        return tuple(s for name in self._searched for s in index.select(name, self.selector))

    @cached_property
    def operated(self) -> tuple[OperatedService, ...]:
        if not self.of_services:
            return ()
        return tuple(
            service
            for service in service_index(self.cluster).operated
            if (self.namespaces is None or service.namespace in self.namespaces)
            and self.selector.matches(service.labels)
        )

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads whose pods it reaches, through Services or by itself."""
        if not self.of_services:
            return tuple(w for name in self._searched for w in self.cluster.select(name, self.selector))
        found = {id(w): w for service in self.services for w in service.workloads}
        return tuple(found.values())

    @cached_property
    def reaches_outside_pods(self) -> bool:
        """A PodMonitor on pods that others make, such as the operator's own."""
        return not self.of_services and any(
            (self.namespaces is None or pods.namespace in self.namespaces) and pods.may_match(self.selector)
            for pods in self.cluster.outside
        )

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        key = "endpoints" if self.of_services else "podMetricsEndpoints"
        found = []
        for index, value in enumerate(sequence(self.spec.get(key))):
            value = mapping(value)
            target = None if self.of_services else value.get("portNumber")
            target = target or value.get("targetPort")
            port = value.get("port")
            found.append(
                Endpoint(
                    ("spec", key, index),
                    str(port) if type(port) in (str, int) and port != "" else None,
                    target if type(target) in (str, int) else None,
                    value,
                )
            )
        return tuple(found)


# --- what is scraped


@dataclass(frozen=True, slots=True)
class Scrape:
    """A container port that something scrapes, and the labels that its series get."""

    container: Container
    port: Port
    labels: Labels


def running_ports(workload: Workload) -> Iterator[tuple[Container, Port]]:
    """The declared ports of a workload's containers that run as long as its pods."""
    for container in workload.containers:
        if container.role != "init":
            for port in container.ports:
                yield container, port


def service_endpoints(
    service: Service, workload: Workload
) -> Iterator[tuple[Mapping[str, Any], Container, Port]]:
    """The Service's ports with the container ports that they lead to."""
    for _, entry in service.ports:
        target = entry.get("targetPort", entry.get("port"))
        for container, port in running_ports(workload):
            if target is not None and target in (port.name, port.number):
                yield entry, container, port


def scrapes(workload: Workload) -> list[Scrape]:
    """Every port of a workload that a monitor, a scrape configuration or an annotation has scraped."""
    cluster = workload.cluster
    found: list[Scrape] = []
    for monitor in cluster.selecting(Monitor, workload):
        if monitor.of_services:
            monitored = {id(service) for service in monitor.services}
            for service in cluster.services_of(workload):
                if id(service) in monitored:
                    found += _through_service(monitor, service, workload)
        else:
            found += _through_pods(monitor, workload)
    return found + _by_configuration(workload)


def _through_service(monitor: Monitor, service: Service, workload: Workload) -> Iterator[Scrape]:
    labels = service.labels
    job = labels.get(str(monitor.spec.get("jobLabel"))) or service.name
    for entry, container, port in service_endpoints(service, workload):
        for endpoint in monitor.endpoints:
            name = string(entry.get("name"))
            if endpoint.takes_name(name) or endpoint.takes_target(port.name, port.number):
                shown: dict[str, tuple[str, ...]] = {
                    "job": (job,),
                    "service": (service.name,),
                    "endpoint": (endpoint.port or name or "",),
                }
                shown |= {_label(k): (labels.get(k, ""),) for k in _strings(monitor.spec.get("targetLabels"))}
                yield Scrape(container, port, _labels(workload, container, monitor, endpoint, shown))


def _through_pods(monitor: Monitor, workload: Workload) -> Iterator[Scrape]:
    default = f"{monitor.namespace}/{monitor.name}"
    job = workload.pod_labels.get(str(monitor.spec.get("jobLabel"))) or default
    for container, port in running_ports(workload):
        for endpoint in monitor.endpoints:
            if endpoint.takes_name(port.name) or endpoint.takes_target(port.name, port.number):
                shown: dict[str, tuple[str, ...]] = {
                    "job": (job,),
                    "endpoint": (endpoint.port or port.name or "",),
                }
                yield Scrape(container, port, _labels(workload, container, monitor, endpoint, shown))


def _labels(
    workload: Workload,
    container: Container,
    monitor: Monitor,
    endpoint: Endpoint,
    shown: dict[str, tuple[str, ...]],
) -> Labels:
    pod = workload.pod_labels
    shown |= {_label(k): (pod.get(k, ""),) for k in _strings(monitor.spec.get("podTargetLabels"))}
    shown |= {"namespace": (workload.namespace,), "pod": pod_names(workload), "container": (container.name,)}
    for relabelling in sequence(endpoint.value.get("relabelings")):
        # What a relabelling makes of a label is not computed: any value then fits.
        shown.pop(str(mapping(relabelling).get("targetLabel")), None)
    return shown


def pod_names(workload: Workload) -> tuple[str, ...]:
    """Names that the workload's pods could have, as controllers compose them."""
    name = workload.name
    match workload.kind:
        case "Pod":
            return (name,)
        case "StatefulSet":
            return tuple(f"{name}-{ordinal}" for ordinal in range(min(max(workload.max_replicas, 1), 10)))
        case "Deployment":
            return (f"{name}-6d4b75cb6d-x7k2p",)
    return (f"{name}-x7k2p",)


def _label(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _strings(value: Any) -> list[str]:
    return [item for item in sequence(value) if type(item) is str]


# --- scrape configurations without monitors


class ScrapeConfig(View):
    kinds = ((GROUP, "ScrapeConfig"),)


class Probe(View):
    kinds = ((GROUP, "Probe"),)


@dataclass(frozen=True, slots=True)
class Discovery:
    """A scrape configuration that finds pods through the API; `annotated`: only those that ask for it."""

    job: str
    annotated: bool


class ScrapeConfigurations:
    """What plain Prometheus configurations in ConfigMaps, and ScrapeConfig and Probe objects, scrape."""

    def __init__(self, cluster: Cluster) -> None:
        self.discoveries: list[Discovery] = []
        self.jobs_of_host: dict[str, set[str]] = defaultdict(set)
        self.probed: dict[str, set[str]] = defaultdict(set)
        for config in cluster.of(ConfigMap):
            for key, text in texts(config):
                if "scrape_configs:" in text:
                    for document in yaml_of(text, key):
                        for entry in sequence(mapping(document).get("scrape_configs")):
                            self._plain(mapping(entry))
        for scrape in cluster.of(ScrapeConfig):
            job = string(scrape.spec.get("jobName")) or f"scrapeConfig/{scrape.namespace}/{scrape.name}"
            self._hosts(self.jobs_of_host, scrape.spec.get("staticConfigs"), job)
            if scrape.spec.get("kubernetesSDConfigs"):
                self.discoveries.append(Discovery(job, "prometheus_io_scrape" in str(scrape.spec)))
        for probe in cluster.of(Probe):
            job = string(probe.spec.get("jobName")) or f"probe/{probe.namespace}/{probe.name}"
            static = mapping(mapping(probe.spec.get("targets")).get("staticConfig")).get("static")
            self._hosts(self.probed, [{"targets": static}], job)

    def _plain(self, entry: dict[str, Any]) -> None:
        job = str(entry.get("job_name"))
        probes = "__param_target" in str(entry.get("relabel_configs"))
        self._hosts(self.probed if probes else self.jobs_of_host, entry.get("static_configs"), job)
        roles = {str(mapping(sd).get("role")) for sd in sequence(entry.get("kubernetes_sd_configs"))}
        if roles & {"pod", "endpoints", "endpointslice"}:
            self.discoveries.append(Discovery(job, "prometheus_io_scrape" in str(entry)))

    @staticmethod
    def _hosts(into: dict[str, set[str]], configs: Any, job: str) -> None:
        for config in sequence(configs):
            for target in _strings(mapping(config).get("targets")):
                host = _host(target)
                if host:
                    into[host].add(job)

    def jobs(self, hosts: Mapping[str, set[str]], service: Service) -> set[str]:
        """The jobs among `hosts` that name a Service, by its short name or with its namespace."""
        full = f"{service.name}.{service.namespace}"
        names = (service.name, full, f"{full}.svc", f"{full}.svc.cluster.local")
        return set().union(*(hosts.get(name, ()) for name in names))


def _host(target: str) -> str | None:
    from urllib.parse import urlsplit

    try:
        return urlsplit(target if "://" in target else f"//{target}").hostname
    except ValueError:
        return None


@lru_cache(maxsize=1)
def scrape_configurations(cluster: Cluster) -> ScrapeConfigurations:
    """Those of a target, kept while that target is judged."""
    return ScrapeConfigurations(cluster)


def _by_configuration(workload: Workload) -> list[Scrape]:
    cluster = workload.cluster
    configurations = scrape_configurations(cluster)
    found: list[Scrape] = []
    services = cluster.services_of(workload)
    for service in services:
        jobs = configurations.jobs(configurations.jobs_of_host, service)
        if jobs:
            for _, container, port in service_endpoints(service, workload):
                found.append(
                    Scrape(container, port, {"job": tuple(jobs), "namespace": (workload.namespace,)})
                )
    asked = [a for a in _annotations(workload, services) if a.get(SCRAPE_ANNOTATION) == "true"]
    discoveries = configurations.discoveries
    if any(not discovery.annotated for discovery in discoveries):
        ports: set[str] | None = None
    elif asked and (discoveries or not cluster.of(Monitor)):
        numbers = {a[PORT_ANNOTATION] for a in asked if PORT_ANNOTATION in a}
        ports = numbers or None
    else:
        return found
    # Relabelling decides which labels the series get, so none of them is known but the namespace.
    for container, port in running_ports(workload):
        if ports is None or str(port.number) in ports:
            found.append(Scrape(container, port, {"namespace": (workload.namespace,)}))
    return found


def _annotations(workload: Workload, services: tuple[Service, ...]) -> Iterator[dict[str, str]]:
    yield strings(mapping(workload.template.get("metadata")).get("annotations"))
    for service in services:
        yield service.annotations


# --- which Prometheus takes which object


class RuleEvaluator(View):
    """What loads PrometheusRule objects."""

    kinds = ((GROUP, "Prometheus"), (GROUP, "ThanosRuler"))


class PrometheusRule(View):
    kinds = ((GROUP, "PrometheusRule"),)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an operator's object does not take another: the field that decides, and in words."""

    by: View
    field: str
    reason: str
    about: str


def refusal(by: View, taken: View, field: str, namespace_field: str) -> Refusal | None:
    """Why a Prometheus leaves an object out, or None when it takes it or cannot be told.

    Null selects nothing, `{}` everything; a null namespace selector is the Prometheus' own namespace
    (pkg/prometheus/resource_selector.go).
    """
    selector = Selector.parse(by.spec.get(field))
    if selector.null:
        return Refusal(by, field, f"{by} has no `{field}`, which selects nothing", "labels")
    if not selector.matches(taken.labels):
        has = ", ".join(f"{k}={v}" for k, v in sorted(taken.labels.items())) or "no label"
        return Refusal(by, field, f"{by} selects {selector} in `{field}`, and this has {has}", "labels")
    spaces = by.spec.get(namespace_field)
    if spaces is None:
        if by.namespace == taken.namespace:
            return None
        reason = f"{by} has no `{namespace_field}`, so it looks in its own namespace {by.namespace} only"
        return Refusal(by, namespace_field, f"{reason}, and this is in {taken.namespace}", "namespace")
    chosen = Selector.parse(spaces)
    if chosen == EVERYTHING or _namespace_matches(taken, chosen) is not False:
        return None
    reason = f"{by} takes namespaces with {chosen} in `{namespace_field}`, and {taken.namespace} is none"
    return Refusal(by, namespace_field, reason, "namespace")


def _namespace_matches(view: View, selector: Selector) -> bool | None:
    """Whether the object's namespace has the labels; None when its labels are not in the render."""
    cluster, name = view.cluster, view.namespace
    known = cluster.find(Namespace, "default", name) is not None
    keys = {key for key, _ in selector.pairs} | {r.key for r in selector.requirements}
    if not known and keys != {"kubernetes.io/metadata.name"}:
        return None
    return selector.matches(cluster.namespace_labels.get(name, {"kubernetes.io/metadata.name": name}))
