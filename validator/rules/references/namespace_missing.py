"""Object stands in a namespace that the render does not create, so applying it fails.

Judged only where the render creates a namespace at all; with none, others create them. Namespaces that
Kubernetes itself creates are there, and those that `external-pods` or `external-secrets` name.
https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/

Fix: Add the Namespace to the render, or correct `namespace`.

Bad:
    kind: Namespace
    metadata: {name: trading}
    ---
    kind: ConfigMap
    metadata: {name: risk, namespace: tradng}  # finding
Good:
    kind: Namespace
    metadata: {name: trading}
    ---
    kind: ConfigMap
    metadata: {name: risk, namespace: trading}
"""

from validator.cluster import Cluster, Namespace
from validator.cluster.services import ALWAYS_THERE
from validator.config import nearest
from validator.finding import Address
from validator.manifest import Resource
from validator.rule import Findings, Severity, rule

_MAKERS = (("hnc.x-k8s.io", "SubnamespaceAnchor"), ("project.openshift.io", "ProjectRequest"))


@rule(Severity.ERROR, neighbours=True)
def namespace_missing(cluster: Cluster) -> Findings:
    rendered = {namespace.name for namespace in cluster.of(Namespace)}
    if not rendered:
        return
    settings = cluster.settings
    known = rendered | ALWAYS_THERE
    known |= {pods.namespace for pods in settings.external_pods}
    known |= {secret.namespace for secret in settings.external_secrets if secret.namespace}
    known |= {made.name for maker in _MAKERS for made in cluster.resources_of(*maker)}
    missing: dict[str, list[Resource]] = {}
    for resource in cluster.resources:
        namespace = resource.ref.namespace
        if namespace is not None and namespace not in known:
            missing.setdefault(namespace, []).append(resource)
    for namespace, resources in missing.items():
        more = f", for {len(resources)} objects" if len(resources) > 1 else ""
        yield (
            Address(resources[0].ref, ("metadata", "namespace")),
            f"the render has no Namespace `{namespace}`{more}{nearest(namespace, rendered)}",
        )
