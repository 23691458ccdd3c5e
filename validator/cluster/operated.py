"""Objects that others make in the cluster: operators, from custom objects in the render, and copiers."""

from functools import lru_cache

from validator.cluster.index import Cluster
from validator.cluster.view import View
from validator.manifest import Resource

_BUILT_IN = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_MAKE_NOTHING_NAMED_SO = frozenset(
    {
        "acme.cert-manager.io",
        "bitnami.com",
        "cert-manager.io",
        "cilium.io",
        "external-secrets.io",
        "generators.external-secrets.io",
        "gateway.networking.k8s.io",
        "keda.sh",
        "kyverno.io",
        "monitoring.coreos.com",
        "networking.istio.io",
        "projectcalico.org",
        "secrets-store.csi.x-k8s.io",
        "security.istio.io",
        "traefik.io",
    }
)
"""Groups whose objects often have an application's name and make neither Service, ConfigMap nor claim."""
_OPERATED = {
    "Prometheus": "prometheus-operated",
    "PrometheusAgent": "prometheus-operated",
    "Alertmanager": "alertmanager-operated",
    "ThanosRuler": "thanos-ruler-operated",
}
"""Services that prometheus-operator makes, one for all objects of a kind in a namespace."""
_COPIERS = ("reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/")


@lru_cache(maxsize=1)
def _makers(cluster: Cluster) -> dict[tuple[str, str], Resource]:
    """Custom objects whose operator may make objects of its own, by namespace and name."""
    found: dict[tuple[str, str], Resource] = {}
    for group, kind in cluster.kinds():
        if group in _BUILT_IN or group in _MAKE_NOTHING_NAMED_SO or group.endswith(".k8s.io"):
            continue
        for resource in cluster.resources_of(group, kind):
            found[resource.namespace, resource.name] = resource
    return found


def maker_of(cluster: Cluster, namespace: str, name: str) -> Resource | None:
    """The custom object that may make an object of this name: its own name, or that and a suffix."""
    makers = _makers(cluster)
    while makers and name:
        if found := makers.get((namespace, name)):
            return found
        name = name.rpartition("-")[0]
    return None


def operates_service(cluster: Cluster, namespace: str, name: str) -> bool:
    """Whether somebody else makes this Service: an operator, or Kubernetes itself."""
    if (namespace, name) in (("default", "kubernetes"), ("kube-system", "kube-dns")):
        return True
    for kind, made in _OPERATED.items():
        if name == made:
            found = cluster.resources_of("monitoring.coreos.com", kind)
            return any(resource.namespace == namespace for resource in found)
    return maker_of(cluster, namespace, name) is not None


def is_copied(view: View) -> bool:
    """Whether a tool copies this object into other namespaces, or fills it from there."""
    return any(key.startswith(_COPIERS) for key in view.annotations)
