"""Pod runs as the namespace's default account, so a right granted to it reaches every such pod.

Every pod that names no account shares this one. A binding made for one of them, or by hand while
debugging, then holds for all, and the audit log cannot tell them apart (CIS Kubernetes Benchmark 5.1.5,
https://kubernetes.io/docs/concepts/security/rbac-good-practices/).

Fix: give the workload a ServiceAccount of its own and name it in `serviceAccountName`.

Bad:
    kind: Deployment
    spec:
      template:
        spec:
          serviceAccountName: default  # finding
Good:
    kind: ServiceAccount
    metadata: {name: risk}
    ---
    kind: Deployment
    spec:
      template:
        spec:
          serviceAccountName: risk
"""

from validator.cluster import Workload
from validator.cluster.rbac import account_of, runs_pods
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=10, when=runs_pods)
def default_service_account(workload: Workload) -> Findings:
    if account_of(workload) == "default":
        named = workload.pod.get("serviceAccountName") or workload.pod.get("serviceAccount")
        how = "is `default`" if named else "is unset, which means `default`"
        yield (
            workload.at_pod("serviceAccountName"),
            f"serviceAccountName {how}: the account that all pods of namespace {workload.namespace} "
            "without one share",
        )
