"""Alert lacks what the person it wakes needs: how bad it is, what happens, and what to do.

Every alert carries the label `severity`, by which it is routed, and the annotations `summary` and
`runbook_url` (or `runbook`). Labels of the group count. The monitoring mixins, from which most public
alerts come, ask for the same:
https://monitoring.mixins.dev

Fix: Add the label and the annotations; a runbook may be a page of the repository.

Bad:
    kind: PrometheusRule
    spec:
      groups:
      - name: api
        rules:
        - alert: ApiDown  # finding
          expr: up{job="api"} == 0
          labels: {severity: critical}
          annotations: {summary: The API is down}
Good:
    kind: PrometheusRule
    spec:
      groups:
      - name: api
        rules:
        - alert: ApiDown
          expr: up{job="api"} == 0
          labels: {severity: critical}
          annotations: {summary: The API is down, runbook_url: "https://runbooks.example.com/api-down"}
"""

from dataclasses import dataclass

from validator.cluster.alerting import RuleSource
from validator.rule import Findings, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    """`labels` and `annotations` that every alert must have; `a|b` stands for either."""

    labels: tuple[str, ...] = ("severity",)
    annotations: tuple[str, ...] = ("summary", "runbook_url|runbook")


@rule(Severity.WARNING, when=RuleSource.has_alerts)
def alert_incomplete(source: RuleSource, options: Options) -> Findings:
    for alert in source.alerts:
        missing = [
            f"{kind} `{name.partition('|')[0]}`"
            for kind, wanted, given in (
                ("label", options.labels, alert.labels),
                ("annotation", options.annotations, alert.annotations),
            )
            for name in wanted
            if not any(given.get(each, "").strip() for each in name.split("|"))
        ]
        if missing:
            yield alert.at("alert"), f"{alert.title} has no {' and no '.join(missing)}"
