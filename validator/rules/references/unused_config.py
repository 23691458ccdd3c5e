"""ConfigMap or Secret is used by nothing in the render: a left-over, or a name that somebody misspelled.

Uses are counted wherever the name stands: in pods, in their arguments, in custom objects. Not judged are
objects with a label that no workload has, by which sidecars and operators find theirs, and those in
namespaces whose workloads the render does not show.
https://kubernetes.io/docs/concepts/configuration/configmap/

Fix: Remove it, or name it where it was meant to be used.

Bad:
    kind: Deployment
    ---
    kind: ConfigMap  # finding
    metadata: {name: risk-limits}
    data: {limits.yaml: "max: 1"}
Good:
    kind: Deployment
    spec: {template: {spec: {volumes: [{name: limits, configMap: {name: risk-limits}}]}}}
    ---
    kind: ConfigMap
    metadata: {name: risk-limits}
    data: {limits.yaml: "max: 1"}
"""

from validator.cluster import Cluster
from validator.cluster.unused import unused
from validator.rule import Findings, Severity, rule


@rule(Severity.INFO, neighbours=True)
def unused_config(cluster: Cluster) -> Findings:
    for view in unused(cluster):
        yield view.at(), f"nothing in the render names it in namespace {view.namespace}"
