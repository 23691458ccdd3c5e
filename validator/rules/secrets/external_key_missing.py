"""Pod reads a key that the Secret's external source does not write, so its container never starts.

The Secret will exist, and the pod stays in CreateContainerConfigError (a variable) or ContainerCreating
(a mounted item). The keys of an ExternalSecret are its `data[].secretKey`, or those of
`target.template.data` where a template replaces them; with `dataFrom` or `templateFrom` the store decides,
and nothing is judged. Keys of a plain Secret are `references.secret-missing`.

Fix: map the key in the ExternalSecret, or read one that it writes.

Bad:
    kind: Deployment
    spec:
      template:
        spec:
          containers:
            - name: risk
              env:
                - name: DATABASE_PASSWORD
                  valueFrom:
                    secretKeyRef: {name: db-credentials, key: password}  # finding
    ---
    kind: ExternalSecret
    metadata: {name: db-credentials}
    spec:
      secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
      data:
        - secretKey: url
          remoteRef: {key: trading/database, property: url}
Good:
    kind: Deployment
    spec:
      template:
        spec:
          containers:
            - name: risk
              env:
                - name: DATABASE_PASSWORD
                  valueFrom:
                    secretKeyRef: {name: db-credentials, key: password}
    ---
    kind: ExternalSecret
    metadata: {name: db-credentials}
    spec:
      secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
      data:
        - secretKey: password
          remoteRef: {key: trading/database, property: password}
"""

from validator.cluster import Cluster
from validator.cluster.secrets import Consumer, secret_sources
from validator.config import nearest
from validator.rule import Fault, Findings, Related, Severity, rule


def reads_keys(consumer: Consumer) -> bool:
    return any(use.key is not None for use in consumer.secrets())


@rule(Severity.ERROR, item=1, when=reads_keys)
def external_key_missing(consumer: Consumer, cluster: Cluster) -> Findings:
    sources = secret_sources(cluster)
    for use in consumer.secrets():
        if use.key is None or use.optional or sources.plain(consumer.namespace, use.name) is not None:
            continue
        origins = sources.of(consumer.namespace, use.name)
        if not origins or any(origin.keys is None or use.key in origin.keys for origin in origins):
            continue
        keys = sorted({key for origin in origins for key in origin.keys or ()})
        yield Fault(
            use.at,
            f"{' and '.join(map(str, origins))} does not write the key `{use.key}` of Secret `{use.name}`, "
            f"only {', '.join(keys) or 'none'}{nearest(use.key, keys)}",
            tuple(
                Related("writes the Secret", origin.view.at("spec"))
                for origin in origins
                if origin.view is not None
            ),
        )
