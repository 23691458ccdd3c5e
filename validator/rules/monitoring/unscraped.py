"""Container offers metrics that nothing collects, so neither alert nor dashboard can ever show them.

A container port named `metrics`, or ending in `-metrics`, must be reached by a ServiceMonitor (through a
Service that selects the workload, whose labels the monitor selects and whose port leads to that container
port), by a PodMonitor, or by a scrape configuration in the render. Where the render has no monitor, the
annotation `prometheus.io/scrape: "true"` on the pods or their Service counts. Jobs and init containers are
not asked.
https://prometheus-operator.dev/docs/developer/getting-started/

Fix: Expose the port in a Service with the labels that a ServiceMonitor selects, or add a PodMonitor.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: example, ports: [
        {name: http, containerPort: 8000},
        {name: metrics, containerPort: 9090},  # finding
      ]},
    ]}}}
    ---
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [
      {name: http, port: 8000},
    ]}
    ---
    kind: ServiceMonitor
    spec: {selector: {}, endpoints: [{port: http}]}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: example, ports: [
        {name: http, containerPort: 8000},
        {name: metrics, containerPort: 9090},
      ]},
    ]}}}
    ---
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [
      {name: metrics, port: 9090},
    ]}
    ---
    kind: ServiceMonitor
    spec: {selector: {}, endpoints: [{port: metrics}]}
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from validator.cluster import Container, Port, Workload
from validator.cluster.monitoring import Monitor, running_ports, scrapes, service_endpoints
from validator.rule import Findings, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    """`port-names`: globs of the container ports that serve metrics."""

    port_names: tuple[str, ...] = ("metrics", "*-metrics")


def _serves_named_ports(workload: Workload) -> bool:
    return workload.is_long_running() and any(port.name for _, port in running_ports(workload))


@rule(Severity.WARNING, item=6, prod=True, neighbours=True, when=_serves_named_ports)
def unscraped(workload: Workload, options: Options) -> Findings:
    metrics = [
        (container, port)
        for container, port in running_ports(workload)
        if port.name and any(fnmatchcase(port.name, glob) for glob in options.port_names)
    ]
    if not metrics:
        return
    scraped = {(id(s.container), s.port.position) for s in scrapes(workload)}
    for container, port in metrics:
        if (id(container), port.position) not in scraped:
            yield container.at("ports", port.position), _why(workload, container, port)


def _why(workload: Workload, container: Container, port: Port) -> str:
    cluster = workload.cluster
    shown = f"port `{port.name}` is not scraped"
    if not cluster.of(Monitor):
        return f"{shown}: there is no monitor, and neither a scrape configuration nor an annotation takes it"
    exposing = []
    for service in cluster.services_of(workload):
        for entry, owner, target in service_endpoints(service, workload):
            if owner is container and target is port:
                exposing.append((service, entry))
    if not exposing:
        services = ", ".join(str(s) for s in cluster.services_of(workload))
        return f"{shown}: " + (
            f"{services} has no port that leads to it" if services else "no Service selects its pods"
        )
    service, entry = exposing[0]
    name = entry.get("name")
    monitors = [m for m in cluster.selecting(Monitor, workload) if any(s is service for s in m.services)]
    if monitors:
        ports = ", ".join(f"`{e.port or e.target}`" for m in monitors for e in m.endpoints)
        return f"{shown}: {service} has it as `{name}`, and {monitors[0]} scrapes {ports or 'no port'}"
    labels = ", ".join(f"{k}={v}" for k, v in sorted(service.labels.items())) or "no label"
    return f"{shown}: {service} has it as `{name}`, and no monitor selects that Service ({labels})"
