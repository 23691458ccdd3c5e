"""Writes deploy/k8s/monitoring/prometheusrule.yaml from the rule files beside it.

python scripts/write_prometheusrule.py

The alerts are written once, in Prometheus' own format (rules/*.yaml), which promtool checks and tests. The
object that the Prometheus Operator reads holds the same text, indented.
"""

import textwrap
from pathlib import Path

MONITORING = Path(__file__).parents[1] / "deploy/k8s/monitoring"

HEADER = """\
# Written by scripts/write_prometheusrule.py from rules/*.yaml, in which alerts are changed.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: trading-alerts
  labels:
    app.kubernetes.io/name: trading-alerts
    app.kubernetes.io/part-of: quant-trading
spec:
  groups:
"""


def prometheusrule(monitoring: Path = MONITORING) -> str:
    """The object's text: the groups of every rule file, in the order of the files' names."""
    groups = [
        path.read_text().partition("\ngroups:\n")[2] for path in sorted((monitoring / "rules").glob("*.yaml"))
    ]
    return HEADER + textwrap.indent("\n".join(groups), "  ")


if __name__ == "__main__":
    (MONITORING / "prometheusrule.yaml").write_text(prometheusrule())
