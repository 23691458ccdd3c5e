"""Prometheus cannot read or run this expression, so the alert never fires and its whole rule file is refused.

Alerting and recording rules of PrometheusRule objects and of rule files in ConfigMaps, and the panels of
Grafana dashboards (variables such as `$job` and `$__rate_interval` stand for something valid). Loki's rules
and panels have a language of their own and are left alone. What Prometheus 3 reads only behind a feature
flag (durations computed by expressions, `anchored`, `smoothed`) is a warning.
https://prometheus.io/docs/prometheus/latest/querying/basics/

Fix: Correct the expression; `promtool check rules` and Grafana's query editor show it at work.

Bad:
    kind: PrometheusRule
    spec:
      groups:
      - name: api
        rules:
        - alert: ApiErrors
          expr: rate(http_errors_total) > 1  # finding
          labels: {severity: warning}
          annotations: {summary: Errors, runbook_url: "https://runbooks.example.com/api"}
Good:
    kind: PrometheusRule
    spec:
      groups:
      - name: api
        rules:
        - alert: ApiErrors
          expr: rate(http_errors_total[5m]) > 1
          labels: {severity: warning}
          annotations: {summary: Errors, runbook_url: "https://runbooks.example.com/api"}
"""

from validator.cluster.alerting import RuleSource
from validator.cluster.dashboards import DashboardSource
from validator.cluster.promql import Problem, panel_problem, problem
from validator.finding import Address
from validator.rule import Fault, Findings, Severity, rule


def _dashboards(source: RuleSource) -> DashboardSource | None:
    if source.kind != "ConfigMap":
        return None
    return source.cluster.find(DashboardSource, source.namespace, source.name)


def _has_promql(source: RuleSource) -> bool:
    boards = _dashboards(source)
    return source.has_rules() or bool(boards and boards.has_dashboards())


@rule(Severity.ERROR, item=6, when=_has_promql)
def promql_invalid(source: RuleSource) -> Findings:
    for each in source.rules:
        if each.logql:
            continue
        if each.expr is None:
            yield each.at("expr"), f"{each.title} has no expression, so Prometheus refuses its whole file"
        elif found := problem(each.expr):
            yield _fault(each.at("expr", within=found.offset or 0), f"{each.title}: {found.message}", found)
    boards = _dashboards(source)
    for board in boards.dashboards if boards else ():
        for query in board.queries():
            if found := panel_problem(query.expr):
                where = f"{board.key}, panel {query.panel!r}"
                yield _fault(query.at, f"{where}: {found.message}: {_short(query.expr)}", found)


def _fault(at: Address, message: str, found: Problem) -> Fault:
    if found.flagged:
        return Fault(at, f"{message}; Prometheus reads this behind a feature flag only", (), Severity.WARNING)
    return Fault(at, message)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
