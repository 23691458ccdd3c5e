"""No Prometheus loads this PrometheusRule, so its alerts never fire.

The operator loads a PrometheusRule only where `ruleSelector` of a Prometheus (or ThanosRuler) matches its
labels and `ruleNamespaceSelector` its namespace: null selects nothing, `{}` everything, and a null
namespace selector means the Prometheus' own namespace. Judged when such an object is in the render.
https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec

Fix: Give the PrometheusRule the labels that the Prometheus selects, or set `ruleSelector: {}` to take every
rule.

Bad:
    kind: PrometheusRule
    metadata:
      labels: {team: trading}  # finding
    spec: {groups: []}
    ---
    kind: Prometheus
    spec: {ruleSelector: {matchLabels: {release: main}}}
Good:
    kind: PrometheusRule
    metadata:
      labels: {team: trading, release: main}
    spec: {groups: []}
    ---
    kind: Prometheus
    spec: {ruleSelector: {matchLabels: {release: main}}}
"""

from validator.cluster.monitoring import PrometheusRule, RuleEvaluator, refusal
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_evaluated(found: PrometheusRule) -> bool:
    return bool(found.cluster.of(RuleEvaluator))


@rule(Severity.ERROR, item=6, when=_is_evaluated)
def rule_not_selected(found: PrometheusRule) -> Findings:
    refusals = []
    for evaluator in found.cluster.of(RuleEvaluator):
        refused = refusal(evaluator, found, "ruleSelector", "ruleNamespaceSelector")
        if refused is None:
            return
        refusals.append(refused)
    yield Fault(
        found.at("metadata", refusals[0].about),
        "; ".join(refused.reason for refused in refusals),
        tuple(Related(f"`{r.field}`", r.by.at("spec", r.field)) for r in refusals),
    )
