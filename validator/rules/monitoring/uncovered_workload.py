"""No alert can fire when this workload is down, so the first to notice are those who trade on it.

An alert covers a workload when its parsed expression looks at a series that falls or vanishes with it, and
every matcher (`=`, `=~`, `!=`, `!~`) fits the labels that the workload's series have:

- `up`, for a workload that is scraped. `job` is the name of the Service that the ServiceMonitor selects (or
  that label of it which `jobLabel` names; `namespace/name` of a PodMonitor), and `service`, `namespace`,
  `pod`, `container` and `endpoint` are as the operator sets them. With no matcher at all it covers
  everything that is scraped. `up == 1` and `up > 0` cover nothing.
- `absent(…)`, and the right side of `unless`, with a matcher that names this job, pod or container alone:
  `absent` of several jobs fires only when the last one is gone.
- kube-state-metrics: `kube_deployment_status_*`, `kube_statefulset_status_*`, `kube_daemonset_status_*` for
  that kind, `kube_pod_status_*` and `kube_pod_container_status_*` for every workload.
- `probe_success`, for a workload whose Service a Probe or a probing scrape configuration names.
- `pg_up`, `redis_up` and the like, for a database of that kind that its exporter stands beside.

A recorded series stands for what its rule looks at. Matchers on other labels, and labels that relabelling
sets, are taken to fit. PrometheusRule objects and rule files in ConfigMaps count alike.
https://prometheus.io/docs/practices/alerting/

Fix: Add an alert such as `up{job="<service>"} == 0`, or one on `kube_deployment_status_replicas_available`.

Bad:
    kind: Deployment  # finding
    ---
    kind: PrometheusRule
    spec:
      groups:
      - name: availability
        rules:
        - alert: Unavailable
          expr: kube_deployment_status_replicas_available{deployment="other"} == 0
          labels: {severity: critical}
          annotations: {summary: Down, runbook_url: "https://runbooks.example.com/down"}
Good:
    kind: Deployment
    ---
    kind: PrometheusRule
    spec:
      groups:
      - name: availability
        rules:
        - alert: Unavailable
          expr: kube_deployment_status_replicas_available{deployment=~"other|example"} == 0
          labels: {severity: critical}
          annotations: {summary: Down, runbook_url: "https://runbooks.example.com/down"}
"""

from validator.cluster import Workload
from validator.cluster.alerting import coverage
from validator.cluster.monitoring import scrapes
from validator.rule import Findings, Severity, rule


@rule(Severity.WARNING, item=6, prod=True, neighbours=True, when=Workload.is_long_running)
def uncovered_workload(workload: Workload) -> Findings:
    alerts = coverage(workload.cluster)
    if alerts.covers(workload):
        return
    if not alerts.alerts:
        yield workload.at(), "no alert is in the render"
        return
    jobs = sorted({job for scrape in scrapes(workload) for job in scrape.labels.get("job", ())})
    known = (
        f"scraped as {', '.join(jobs)}" if jobs else "only kube-state-metrics would tell, nothing scrapes it"
    )
    yield workload.at(), f"none of {alerts.alerts} alert expressions fires when it is down ({known})"
