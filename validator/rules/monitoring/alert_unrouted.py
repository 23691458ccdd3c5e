"""Alert ends at a receiver that tells nobody, so it fires and no one hears of it.

The route tree is walked as Alertmanager does, with the labels that the alert always has (its name, its own
labels, those of its group, the Prometheus' external labels): the first matching child takes it, and
`continue` lets the next ones try; with none, the route itself. A label that only the running alert has may
match or not, so an alert is reported only when every way ends at a receiver without an integration. A route
that names the alert, and `severity: none`, say that the silence is meant. The file is found in a Secret, a
ConfigMap or an ExternalSecret's template (`alertmanager.yaml`, `alertmanager.yml`), with the
AlertmanagerConfig objects that an Alertmanager selects; an Alertmanager object without any file gets the
operator's own, which drops everything.
https://prometheus.io/docs/alerting/latest/configuration/#route

Fix: Give the receiver an integration (`slack_configs`, `pagerduty_configs` …), or route the alert to one
that has.

Bad:
    kind: PrometheusRule
    spec:
      groups:
      - name: api
        rules:
        - alert: ApiDown  # finding
          expr: up{job="api"} == 0
          labels: {severity: critical}
          annotations: {summary: Down, runbook_url: "https://runbooks.example.com/api-down"}
    ---
    kind: ConfigMap
    data:
      alertmanager.yml: |
        route:
          receiver: nobody
          routes:
          - {receiver: chat, matchers: ['severity="warning"']}
        receivers:
        - name: nobody
        - {name: chat, webhook_configs: [{url: "http://chat.example.com"}]}
Good:
    kind: PrometheusRule
    spec:
      groups:
      - name: api
        rules:
        - alert: ApiDown
          expr: up{job="api"} == 0
          labels: {severity: critical}
          annotations: {summary: Down, runbook_url: "https://runbooks.example.com/api-down"}
    ---
    kind: ConfigMap
    data:
      alertmanager.yml: |
        route:
          receiver: nobody
          routes:
          - {receiver: chat, matchers: ['severity=~"warning|critical"']}
        receivers:
        - name: nobody
        - {name: chat, webhook_configs: [{url: "http://chat.example.com"}]}
"""

from validator.cluster import Cluster, Prometheus, strings
from validator.cluster.alerting import PromRule, RuleSource, routings
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_routed(source: RuleSource) -> bool:
    return source.has_alerts() and bool(routings(source.cluster))


@rule(Severity.ERROR, item=6, when=_is_routed)
def alert_unrouted(source: RuleSource, cluster: Cluster) -> Findings:
    external: dict[str, str] = {}
    for prometheus in cluster.of(Prometheus):
        external |= strings(prometheus.spec.get("externalLabels"))
    for alert in source.alerts:
        if alert.labels.get("severity") != "none":
            yield from _judge(alert, external, cluster)


def _judge(alert: PromRule, external: dict[str, str], cluster: Cluster) -> Findings:
    # Labels with an empty value are the same as none.
    labels = {k: v for k, v in {**external, **alert.labels, "alertname": alert.title}.items() if v}
    ends: list[str] = []
    found = routings(cluster)
    for routing in found:
        for receiver, named in routing.ends(labels).items():
            if named or routing.receivers.get(receiver):
                return
            defined = "has no integration" if receiver in routing.receivers else "is not defined"
            ends.append(f"`{receiver}` of {routing.name}, which {defined}")
    shown = ", ".join(f"{k}={v}" for k, v in sorted(labels.items()) if k != "alertname")
    yield Fault(
        alert.at("alert"),
        f"{alert.title} with {shown or 'no label of its own'} ends at "
        + " and at ".join(dict.fromkeys(ends)),
        tuple(Related("routes", routing.at) for routing in found),
    )
