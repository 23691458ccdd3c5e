"""PodDisruptionBudget selects no pod, so what it was written for is not protected, and nothing says so.

A budget selects pods of its own namespace by the labels of the pod template. In policy/v1 an empty selector
selects every pod there, an absent one none. Pods that others run are known from the objects that make them
and from `external-pods` in `qt-validate.toml`.
https://kubernetes.io/docs/tasks/run-application/configure-pdb/

Fix: Give the budget the labels of the pod template and the namespace of the workload.

Bad:
    kind: PodDisruptionBudget
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app.kubernetes.io/name: exmaple}}  # finding
    ---
    kind: Deployment
Good:
    kind: PodDisruptionBudget
    spec:
      maxUnavailable: 1
      selector: {matchLabels: {app.kubernetes.io/name: example}}
    ---
    kind: Deployment
"""

from validator.cluster import PodDisruptionBudget
from validator.cluster.closest import closest
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=5, neighbours=True)
def pdb_matches_nothing(pdb: PodDisruptionBudget) -> Findings:
    cluster, selector = pdb.cluster, pdb.selector
    if pdb.workloads or any(
        pods.namespace == pdb.namespace and pods.may_match(selector) for pods in cluster.outside
    ):
        return
    if selector.null:
        message = "without a selector it selects no pod"
    elif selector.everything:
        message = f"there is no pod in namespace {pdb.namespace}"
    else:
        message = f"no pod in namespace {pdb.namespace} has {selector}"
    near = closest(cluster, pdb.namespace, selector)
    yield pdb.at("spec", "selector"), message + (f"; nearest: {near}" if near else "")
