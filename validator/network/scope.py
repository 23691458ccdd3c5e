"""For which pods, and where, the NetworkPolicies of a render are the whole truth."""

from functools import lru_cache

from validator.cluster import Cluster, Namespace, View, Workload
from validator.cluster.rbac import runs_pods


class NamespacePolicy(View):
    """A network plug-in's own policy for its namespace."""

    kinds = (
        ("cilium.io", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
        ("projectcalico.org", "NetworkPolicy"),
        ("crd.antrea.io", "NetworkPolicy"),
    )


class ClusterPolicy(View):
    """A policy of a network plug-in, or of the policy API, for any namespace."""

    kinds = (
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("crd.projectcalico.org", "GlobalNetworkPolicy"),
        ("projectcalico.org", "GlobalNetworkPolicy"),
        ("crd.antrea.io", "ClusterNetworkPolicy"),
        ("policy.networking.k8s.io", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
        ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    )


@lru_cache(maxsize=1)
def _foreign(cluster: Cluster) -> frozenset[str] | None:
    """The namespaces with a plug-in's own policies; None when one may concern them all."""
    if cluster.of(ClusterPolicy):
        return None
    return frozenset(policy.namespace for policy in cluster.of(NamespacePolicy))


def is_settled(cluster: Cluster, namespace: str) -> bool:
    """Whether NetworkPolicies alone decide there: other kinds of policies may allow more, or less."""
    foreign = _foreign(cluster)
    return foreign is not None and namespace not in foreign


def is_governed(workload: Workload) -> bool:
    """Whether NetworkPolicies decide about its pods.

    Pods on the node's network are not told from the node itself
    (https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods).
    """
    return (
        runs_pods(workload)
        and workload.pod.get("hostNetwork") is not True
        and is_settled(workload.cluster, workload.namespace)
    )


@lru_cache(maxsize=1)
def shown_namespaces(cluster: Cluster) -> frozenset[str]:
    """The namespaces that the render shows: of others nobody knows which pods they hold."""
    return frozenset(w.namespace for w in cluster.workloads) | frozenset(
        namespace.name for namespace in cluster.of(Namespace)
    )
