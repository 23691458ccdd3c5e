"""What the API server refuses although the schema of the kind lets it through.

Its own checks, read from Kubernetes' source (pkg/apis/*/validation) and compared with a running server. Left
out is what another rule tells of: requests above limits, an HPA's bounds, selectors that miss their template,
ports and variables that stand twice.
"""

from collections.abc import Callable

from validator.cluster.validity import network, stored
from validator.cluster.validity.metadata import metadata
from validator.cluster.validity.words import Fault, Faults
from validator.cluster.validity.workloads import workload
from validator.cluster.workload import POD_TEMPLATES
from validator.config import KubeVersions
from validator.manifest import Resource

__all__ = ["faults"]

_RBAC = "rbac.authorization.k8s.io"
_KINDS: dict[tuple[str, str], Callable[[Resource, KubeVersions], Faults]] = {
    **dict.fromkeys(POD_TEMPLATES, workload),
    ("", "Service"): network.service,
    ("", "Endpoints"): network.endpoints,
    ("discovery.k8s.io", "EndpointSlice"): network.endpoint_slice,
    ("networking.k8s.io", "Ingress"): network.ingress,
    ("networking.k8s.io", "NetworkPolicy"): network.network_policy,
    ("", "ConfigMap"): stored.config_map,
    ("", "Secret"): stored.secret,
    ("", "PersistentVolumeClaim"): stored.claim,
    ("", "ResourceQuota"): stored.quota,
    ("", "LimitRange"): stored.limit_range,
    ("policy", "PodDisruptionBudget"): stored.budget,
    ("autoscaling", "HorizontalPodAutoscaler"): stored.autoscaler,
    (_RBAC, "Role"): stored.role,
    (_RBAC, "ClusterRole"): stored.role,
    (_RBAC, "RoleBinding"): stored.binding,
    (_RBAC, "ClusterRoleBinding"): stored.binding,
    ("scheduling.k8s.io", "PriorityClass"): stored.priority_class,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): stored.admission_policy,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): stored.definition,
}


def faults(resource: Resource, kube: KubeVersions) -> list[Fault]:
    """(path, message) of each fault; `kube` are the versions that are all to accept the object."""
    found = list(metadata(resource, kube))
    check = _KINDS.get((resource.group, resource.kind))
    if check is not None:
        found += check(resource, kube)
    return found
