"""Ingress serves a host without TLS, so credentials and orders cross the network readable.

A host is covered when an entry of `spec.tls` lists it, lists a wildcard that stands for its first label
(`*.example.com` covers `api.example.com`, not `a.b.example.com`), or lists no hosts at all, which means any.
Not asked of a minion of F5's mergeable Ingresses, whose master holds the certificate, nor where an
annotation of the load balancer names one (https://kubernetes.io/docs/concepts/services-networking/ingress/#tls).

Fix: add the host to `spec.tls` with a `secretName`, and let cert-manager fill that Secret.

Bad:
    kind: Ingress
    metadata:
      annotations: {cert-manager.io/cluster-issuer: letsencrypt-prod}
    spec:
      ingressClassName: nginx
      tls:
        - hosts: [api.example.com]
          secretName: trading-tls
      rules:
        - host: api.example.com
        - host: admin.example.com  # finding
Good:
    kind: Ingress
    metadata:
      annotations: {cert-manager.io/cluster-issuer: letsencrypt-prod}
    spec:
      ingressClassName: nginx
      tls:
        - hosts: [api.example.com, admin.example.com]
          secretName: trading-tls
      rules:
        - host: api.example.com
        - host: admin.example.com
"""

from validator.cluster import Ingress
from validator.manifest import dig, sequence, string
from validator.rule import Findings, Severity, rule

_ELSEWHERE = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
    "traefik.ingress.kubernetes.io/router.tls",
)
"""Annotations by which a controller terminates TLS without `spec.tls`."""


def terminates_itself(ingress: Ingress) -> bool:
    annotations = ingress.annotations
    if annotations.get("nginx.org/mergeable-ingress-type") == "minion":
        return False
    return not any(annotations.get(key) not in (None, "", "false") for key in _ELSEWHERE)


@rule(Severity.ERROR, item=2, prod=True, when=terminates_itself)
def tls_missing(ingress: Ingress) -> Findings:
    entries = [entry for entry in sequence(ingress.spec.get("tls")) if type(entry) is dict]
    rules = sequence(ingress.spec.get("rules"))
    if not entries:
        hosts = [host for each in rules if (host := string(dig(each, "host")))]
        shown = ", ".join(hosts[:4]) + (f" and {len(hosts) - 4} more" if len(hosts) > 4 else "") or "any host"
        field = "`tls: []`" if ingress.spec.get("tls") == [] else "no `tls`"
        yield ingress.at("spec", "tls"), f"{field}: {shown} answers in plain HTTP"
        return
    listed = [sequence(entry.get("hosts")) for entry in entries]
    if not all(listed):
        return
    covered = {str(host) for hosts in listed for host in hosts}
    for index, each in enumerate(rules):
        host = string(dig(each, "host"))
        if host is None or host in covered or f"*.{host.partition('.')[2]}" in covered:
            continue
        yield (
            ingress.at("spec", "rules", index, "host"),
            f"no `tls` entry covers {host}, only {', '.join(sorted(covered)[:4])}",
        )
