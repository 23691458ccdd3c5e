"""TLS names a Secret that nothing creates, so visitors get the controller's self-signed certificate.

A certificate comes from an issuer annotation (`cert-manager.io/cluster-issuer`, `cert-manager.io/issuer`,
`kubernetes.io/tls-acme`), a Certificate, a Secret or ExternalSecret in the render, or `external-secrets` in
`qt-validate.toml`. cert-manager skips an entry without hosts or without `secretName`, whatever the annotation
says (https://cert-manager.io/docs/usage/ingress/). Without an issuer, an entry without `secretName` means
the certificate that the controller is started with; whether it has one cannot be seen here: a warning.

Fix: annotate the Ingress with the issuer, or add a Certificate with this `secretName`.

Bad:
    kind: Ingress
    metadata:
      annotations: {}
    spec:
      ingressClassName: nginx
      tls:
        - hosts: [api.example.com]
          secretName: trading-tls  # finding
      rules:
        - host: api.example.com
Good:
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
"""

from validator.cluster import Cluster, Ingress
from validator.cluster.secrets import asks_for_certificate, secret_sources
from validator.manifest import sequence, string
from validator.rule import Fault, Findings, Severity, rule


def has_tls(ingress: Ingress) -> bool:
    return any(type(entry) is dict for entry in sequence(ingress.spec.get("tls")))


@rule(Severity.ERROR, item=2, prod=True, neighbours=True, when=has_tls)
def tls_secret_unissued(ingress: Ingress, cluster: Cluster) -> Findings:
    sources = secret_sources(cluster)
    issued = asks_for_certificate(ingress.annotations)
    for index, entry in enumerate(sequence(ingress.spec.get("tls"))):
        if type(entry) is not dict:
            continue
        address = ingress.at("spec", "tls", index, "secretName")
        name = string(entry.get("secretName"))
        if name is None and issued:
            yield address, "no secretName: cert-manager skips the entry and issues nothing"
        elif name is None:
            yield Fault(
                address,
                "no secretName: served with the controller's default certificate, which is self-signed "
                "unless the controller was given another",
                severity=Severity.WARNING,
            )
        elif not sources.of(ingress.namespace, name) and sources.plain(ingress.namespace, name) is None:
            why = "the entry lists no hosts, so cert-manager skips it" if issued else "no issuer annotation"
            yield (
                address,
                f"nothing makes the Secret `{name}`: {why}, and no Certificate, Secret or ExternalSecret "
                f"provides it in namespace {ingress.namespace}",
            )
