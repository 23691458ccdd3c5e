"""Pod mounts a PersistentVolumeClaim that does not exist, so it stays Pending.

The claim must be in the pod's own namespace. Claims that a StatefulSet's templates or an operator make are
known, and ephemeral volumes make their own.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes

Fix: Add the PersistentVolumeClaim, or correct `claimName`.

Bad:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: data, persistentVolumeClaim: {claimName: models}},  # finding
    ]}}}
    ---
    kind: PersistentVolumeClaim
    metadata: {name: model-data}
Good:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: data, persistentVolumeClaim: {claimName: model-data}},
    ]}}}
    ---
    kind: PersistentVolumeClaim
    metadata: {name: model-data}
"""

from validator.cluster import Cluster, Workload
from validator.cluster.claims import claims_of, is_claimed
from validator.config import nearest
from validator.manifest import dig, sequence, string
from validator.rule import Findings, Severity, rule


def _claims(workload: Workload) -> bool:
    return any(dig(v, "persistentVolumeClaim") is not None for v in sequence(workload.pod.get("volumes")))


@rule(Severity.ERROR, neighbours=True, when=_claims)
def claim_missing(workload: Workload, cluster: Cluster) -> Findings:
    for index, volume in enumerate(sequence(workload.pod.get("volumes"))):
        name = string(dig(volume, "persistentVolumeClaim", "claimName"))
        if name is None or is_claimed(cluster, workload.namespace, name):
            continue
        yield (
            workload.at_pod("volumes", index, "persistentVolumeClaim", "claimName"),
            f"no PersistentVolumeClaim `{name}` in namespace {workload.namespace}"
            f"{nearest(name, claims_of(cluster, workload.namespace)[:200])}",
        )
