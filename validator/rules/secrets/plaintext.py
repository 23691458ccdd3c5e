"""Secret's values stand in the render, so whoever reads the repository or the build log has them.

Base64 is an encoding, not encryption. Keys without a value, and values that are only a placeholder for
another tool (`<path:…>`, `${…}`, `vault:…`), are no secret yet.

Fix: keep the values in the external store and render an ExternalSecret (or SealedSecret) instead; treat
the values that were committed as known, and rotate them.

Bad:
    kind: Secret
    metadata: {name: db-credentials}
    stringData:  # finding
      password: hunter2
Good:
    kind: ExternalSecret
    metadata: {name: db-credentials}
    spec:
      secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
      data:
        - secretKey: password
          remoteRef: {key: trading/database, property: password}
"""

from validator.cluster import Secret
from validator.cluster.secrets import secret_keys
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, item=1, prod=True)
def plaintext(secret: Secret) -> Findings:
    found = secret_keys(secret)
    if not found:
        return
    keys = [key for names in found.values() for key in names]
    shown = ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
    yield (
        secret.at(next(iter(found))),
        f"{len(keys)} {'value stands' if len(keys) == 1 else 'values stand'} in the render: {shown}",
    )
