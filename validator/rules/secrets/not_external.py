"""Secret is used that nothing provides, so pods wait for whoever creates it by hand, unrecorded.

A pod whose Secret is absent stays in CreateContainerConfigError or ContainerCreating. What provides a
Secret: an ExternalSecret, ClusterExternalSecret, SealedSecret, Certificate, another operator's object or an
Ingress with an issuer in the render, or `external-secrets` in `qt-validate.toml`. A plain Secret in the
render is reported by `secrets.plaintext`, and `optional: true` may be absent.

Fix: add an ExternalSecret that writes this Secret, or declare it under `[[external-secrets]]` with what
makes it.

Bad:
    kind: Deployment
    spec:
      template:
        spec:
          containers:
            - name: risk
              envFrom:
                - secretRef: {name: db-credentials}  # finding
    ---
    kind: ExternalSecret
    metadata: {name: api-keys}
    spec:
      secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
      dataFrom:
        - extract: {key: trading/database}
Good:
    kind: Deployment
    spec:
      template:
        spec:
          containers:
            - name: risk
              envFrom:
                - secretRef: {name: db-credentials}
    ---
    kind: ExternalSecret
    metadata: {name: db-credentials}
    spec:
      secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
      dataFrom:
        - extract: {key: trading/database}
"""

from validator.cluster import Cluster
from validator.cluster.secrets import Consumer, Use, secret_sources
from validator.config import nearest
from validator.rule import Findings, Severity, rule


def uses_secrets(consumer: Consumer) -> bool:
    return any(True for _ in consumer.secrets())


@rule(Severity.ERROR, item=1, prod=True, neighbours=True, when=uses_secrets)
def not_external(consumer: Consumer, cluster: Cluster) -> Findings:
    sources = secret_sources(cluster)
    missing: dict[str, list[Use]] = {}
    for use in consumer.secrets():
        if use.optional or sources.of(consumer.namespace, use.name):
            continue
        if sources.plain(consumer.namespace, use.name) is None:
            missing.setdefault(use.name, []).append(use)
    for name, uses in missing.items():
        times = f", used in {len(uses)} places here" if len(uses) > 1 else ""
        yield (
            uses[0].at_name,
            f"nothing provides the Secret `{name}` in namespace {consumer.namespace}{times}"
            f"{nearest(name, sources.names(consumer.namespace))}",
        )
