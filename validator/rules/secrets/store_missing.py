"""ExternalSecret reads from a store that does not exist, so its Secret is never written.

A SecretStore must be in the same namespace. A ClusterSecretStore belongs to the cluster's operators and is
taken for granted. Entries with a store or generator of their own (`sourceRef`) are judged by that one.

Fix: add the SecretStore to the overlay, or correct `secretStoreRef` (a missing `kind` means SecretStore).

Bad:
    kind: ExternalSecret
    spec:
      secretStoreRef: {name: vault-backend}  # finding
      data:
        - secretKey: password
          remoteRef: {key: trading/database, property: password}
Good:
    kind: ExternalSecret
    spec:
      secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
      data:
        - secretKey: password
          remoteRef: {key: trading/database, property: password}
"""

from collections.abc import Iterator
from typing import Any

from validator.cluster import Cluster
from validator.cluster.secrets import ExternalSecret, SecretStore
from validator.config import nearest
from validator.finding import Path
from validator.manifest import dig, mapping, sequence, string
from validator.rule import Findings, Severity, rule


def has_namespace(secret: ExternalSecret) -> bool:
    """A ClusterExternalSecret's stores stand in namespaces that labels choose."""
    return secret.kind == "ExternalSecret"


@rule(Severity.ERROR, item=1, neighbours=True, when=has_namespace)
def store_missing(secret: ExternalSecret, cluster: Cluster) -> Findings:
    for path, ref in _references(secret):
        name = string(ref.get("name"))
        if name is None:
            if path == ("spec", "secretStoreRef"):
                yield secret.at(*path), "`secretStoreRef` names no store: nothing is read"
        elif (ref.get("kind") or "SecretStore") == "SecretStore" and not cluster.find(
            SecretStore, secret.namespace, name
        ):
            known = [s.name for s in cluster.of(SecretStore)[:200] if s.namespace == secret.namespace]
            yield (
                secret.at(*path, "name"),
                f"no SecretStore `{name}` in namespace {secret.namespace}: Secret `{secret.target}` is never "
                f"written{nearest(name, known)}",
            )


def _references(secret: ExternalSecret) -> Iterator[tuple[Path, dict[str, Any]]]:
    inherits = False
    for field in ("data", "dataFrom"):
        for index, entry in enumerate(sequence(secret.spec.get(field))):
            source = mapping(dig(entry, "sourceRef"))
            if not source:
                inherits = True
            elif type(source.get("storeRef")) is dict:
                yield ("spec", field, index, "sourceRef", "storeRef"), source["storeRef"]
    given = secret.spec.get("secretStoreRef")
    if inherits or given is not None:
        yield ("spec", "secretStoreRef"), mapping(given)
