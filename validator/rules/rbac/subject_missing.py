"""Binding names an account that does not exist, so the pod that should hold the rights is refused.

The server accepts such a binding. Only accounts of namespaces that the target itself fills are judged:
those of other namespaces belong to somebody else, and `default` is everywhere. A RoleBinding may leave the
namespace of an account out and means its own; in a ClusterRoleBinding the server refuses that
(ValidateRoleBindingSubject, pkg/apis/rbac/validation), and Kustomize fills it in only for accounts that it
renders.

Fix: correct the subject's name or namespace, or add the ServiceAccount.

Bad:
    kind: ServiceAccount
    metadata: {name: prometheus}
    ---
    kind: RoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: ServiceAccount, name: prometeus, namespace: default}  # finding
Good:
    kind: ServiceAccount
    metadata: {name: prometheus}
    ---
    kind: RoleBinding
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    subjects:
      - {kind: ServiceAccount, name: prometheus, namespace: default}
"""

from validator.cluster import Cluster, ServiceAccount
from validator.cluster.rbac import Binding, has_account, owned_namespaces
from validator.config import nearest
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=10, neighbours=True)
def subject_missing(binding: Binding, cluster: Cluster) -> Findings:
    owned = owned_namespaces(cluster)
    for subject in binding.subjects:
        if subject.kind != "ServiceAccount":
            continue
        namespace = subject.namespace
        if namespace is None and binding.kind == "RoleBinding":
            namespace = binding.namespace
        if namespace is None:
            yield (
                binding.at("subjects", subject.index, "namespace"),
                f"ServiceAccount `{subject.name}` has no namespace: the server refuses the binding",
            )
        elif namespace in owned and not has_account(cluster, namespace, subject.name):
            known = [a.name for a in cluster.of(ServiceAccount)[:200] if a.namespace == namespace]
            yield (
                binding.at("subjects", subject.index, "name"),
                f"no ServiceAccount `{subject.name}` in namespace {namespace}: nobody gets "
                f"{binding.role_kind} {binding.role_name}{nearest(subject.name, known)}",
            )
