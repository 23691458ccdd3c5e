"""Monitor selects nothing that exists, so what it was written for is never scraped and nobody is told.

A ServiceMonitor selects Services by the labels of the Service itself, not by those of its pods; a PodMonitor
selects pods. Both look in their own namespace unless `namespaceSelector` says otherwise. A namespace that the
render does not show, and `any: true`, are not judged. The Services that the operator makes are known.
https://prometheus-operator.dev/docs/developer/getting-started/

Fix: Give the Service the labels that the monitor selects, or select those that it has.

Bad:
    kind: ServiceMonitor
    spec:
      selector: {matchLabels: {monitoring: enabled}}  # finding
      endpoints: [{port: metrics}]
    ---
    kind: Service
    metadata: {labels: {monitoring: "true"}}
    spec:
      selector: {app.kubernetes.io/name: example}
      ports: [{name: metrics, port: 8000, targetPort: http}]
    ---
    kind: Deployment
Good:
    kind: ServiceMonitor
    spec:
      selector: {matchLabels: {monitoring: enabled}}
      endpoints: [{port: metrics}]
    ---
    kind: Service
    metadata: {labels: {monitoring: enabled}}
    spec:
      selector: {app.kubernetes.io/name: example}
      ports: [{name: metrics, port: 8000, targetPort: http}]
    ---
    kind: Deployment
"""

from validator.cluster.monitoring import Monitor, service_index
from validator.cluster.selector import EVERYTHING, Selector
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=6, neighbours=True)
def monitor_matches_nothing(monitor: Monitor) -> Findings:
    if not monitor.is_closed or monitor.services or monitor.operated or monitor.reaches_outside_pods:
        return
    if monitor.selector.null or (not monitor.of_services and monitor.workloads):
        return  # null is of a wrong type, which the schema reports
    places = ", ".join(monitor.namespaces or ())
    near = _nearest(monitor)
    yield (
        monitor.at("spec", "selector"),
        (
            f"there is no {monitor.selects} in {places}"
            if monitor.selector.everything
            else f"no {monitor.selects} in {places} has {monitor.selector}"
        )
        + (f"; nearest: {near}" if near else ""),
    )


def _nearest(monitor: Monitor) -> str | None:
    """The first object that has one of the selected keys, with the value that it has there."""
    keys = dict(monitor.selector.pairs)
    index = service_index(monitor.cluster)
    for namespace in monitor.namespaces or ():
        if monitor.of_services:
            found = [(str(s), s.labels) for s in index.select(namespace, EVERYTHING)]
        else:
            found = [(str(w), w.pod_labels) for w in monitor.cluster.select(namespace, Selector())]
        for name, labels in found:
            for key in keys:
                if key in labels:
                    return f"{name} has {key}={labels[key]}"
    return None
