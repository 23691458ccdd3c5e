"""Two Ingress rules claim one path of a host, and which of them wins is up to the controller.

Counted for one class and the same `pathType`, across all namespaces, as a controller sees them. A canary
of ingress-nginx repeats its partner's paths on purpose.
https://kubernetes.io/docs/concepts/services-networking/ingress/#multiple-matches

Fix: Remove one of the rules, or give it its own host or path.

Bad:
    kind: Ingress
    metadata: {name: api}
    spec: {rules: [{host: qt.example.com, http: {paths: [
      {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}},
    ]}}]}
    ---
    kind: Ingress
    metadata: {name: api-old}
    spec: {rules: [{host: qt.example.com, http: {paths: [
      {path: /api/, pathType: Prefix, backend: {service: {name: api-v1, port: {number: 80}}}},  # finding
    ]}}]}
Good:
    kind: Ingress
    metadata: {name: api}
    spec: {rules: [{host: qt.example.com, http: {paths: [
      {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}},
    ]}}]}
    ---
    kind: Ingress
    metadata: {name: api-old}
    spec: {rules: [{host: qt.example.com, http: {paths: [
      {path: /api/v1, pathType: Prefix, backend: {service: {name: api-v1, port: {number: 80}}}},
    ]}}]}
"""

from validator.cluster import Cluster, Ingress
from validator.cluster.routes import ingress_paths
from validator.finding import Address
from validator.manifest import string
from validator.rule import Fault, Findings, Related, Severity, rule

_CANARY = "nginx.ingress.kubernetes.io/canary"
_CLASS = "kubernetes.io/ingress.class"


@rule(Severity.ERROR)
def duplicate_ingress_path(cluster: Cluster) -> Findings:
    seen: dict[tuple[str, str, str, str], tuple[Ingress, Address]] = {}
    for ingress in cluster.of(Ingress):
        if ingress.annotations.get(_CANARY) == "true":
            continue
        group = string(ingress.spec.get("ingressClassName")) or ingress.annotations.get(_CLASS, "")
        for host, where, entry in ingress_paths(ingress):
            kind = str(entry.get("pathType") or "ImplementationSpecific")
            path = string(entry.get("path")) or "/"
            # By path elements, so that a last slash makes no difference.
            compared = path.rstrip("/") or "/" if kind == "Prefix" else path
            at = ingress.at(*where, "path")
            first, first_at = seen.setdefault((group, host.lower(), compared, kind), (ingress, at))
            if first_at is not at:
                by = "this Ingress" if first is ingress else str(first)
                yield Fault(
                    at,
                    f"{host or 'every host'} {path} ({kind}) is claimed by {by} already",
                    (Related("claimed first", first_at),),
                )
