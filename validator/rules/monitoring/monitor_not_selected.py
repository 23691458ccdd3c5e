"""No Prometheus takes this monitor up, so nothing that it selects is scraped.

The operator loads a monitor only where the Prometheus object's `serviceMonitorSelector` (or
`podMonitorSelector`) matches its labels and the namespace selector its namespace: null selects nothing,
`{}` everything, and a null namespace selector means the Prometheus' own namespace. Judged when a Prometheus
object is in the render.
https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec

Fix: Give the monitor the labels that the Prometheus selects, or set the selector to `{}` to take every
monitor.

Bad:
    kind: ServiceMonitor
    metadata:
      labels: {team: trading}  # finding
    spec: {selector: {}, endpoints: [{port: http}]}
    ---
    kind: Prometheus
    spec: {serviceMonitorSelector: {matchLabels: {release: main}}}
    ---
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{name: http, port: 8000, targetPort: http}]}
    ---
    kind: Deployment
    spec: {template: {metadata: {labels: {app.kubernetes.io/name: example}}}}
Good:
    kind: ServiceMonitor
    metadata:
      labels: {team: trading, release: main}
    spec: {selector: {}, endpoints: [{port: http}]}
    ---
    kind: Prometheus
    spec: {serviceMonitorSelector: {matchLabels: {release: main}}}
    ---
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{name: http, port: 8000, targetPort: http}]}
    ---
    kind: Deployment
    spec: {template: {metadata: {labels: {app.kubernetes.io/name: example}}}}
"""

from validator.cluster import Prometheus
from validator.cluster.monitoring import Monitor, refusal
from validator.rule import Fault, Findings, Related, Severity, rule


def _has_prometheus(monitor: Monitor) -> bool:
    return bool(monitor.cluster.of(Prometheus))


@rule(Severity.ERROR, item=6, when=_has_prometheus)
def monitor_not_selected(monitor: Monitor) -> Findings:
    kind = "serviceMonitor" if monitor.of_services else "podMonitor"
    field, spaces = f"{kind}Selector", f"{kind}NamespaceSelector"
    refusals = []
    for prometheus in monitor.cluster.of(Prometheus):
        refused = refusal(prometheus, monitor, field, spaces)
        if refused is None:
            return
        refusals.append(refused)
    yield Fault(
        monitor.at("metadata", refusals[0].about),
        "; ".join(refused.reason for refused in refusals),
        tuple(Related(f"`{r.field}`", r.by.at("spec", r.field)) for r in refusals),
    )
