"""Pod names an account that does not exist, so no pod is ever created.

The ServiceAccount admission plug-in refuses the pod ("serviceaccount not found"); the Deployment is
accepted and stays at zero pods
(https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/).

Fix: add the ServiceAccount to the same namespace, or correct the name.

Bad:
    kind: ServiceAccount
    metadata: {name: risk}
    ---
    kind: Deployment
    spec:
      template:
        spec:
          serviceAccountName: risk-management  # finding
Good:
    kind: ServiceAccount
    metadata: {name: risk-management}
    ---
    kind: Deployment
    spec:
      template:
        spec:
          serviceAccountName: risk-management
"""

from validator.cluster import Cluster, ServiceAccount, Workload
from validator.cluster.rbac import account_of, has_account, runs_pods
from validator.config import nearest
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=10, neighbours=True, when=runs_pods)
def service_account_missing(workload: Workload, cluster: Cluster) -> Findings:
    name = account_of(workload)
    if has_account(cluster, workload.namespace, name):
        return
    field = "serviceAccountName" if workload.pod.get("serviceAccountName") else "serviceAccount"
    # A hint is sought among a bounded number of accounts: the search is linear in them.
    known = [a.name for a in cluster.of(ServiceAccount)[:200] if a.namespace == workload.namespace]
    yield (
        workload.at_pod(field),
        f"no ServiceAccount `{name}` in namespace {workload.namespace}: its pods are refused"
        f"{nearest(name, known)}",
    )
