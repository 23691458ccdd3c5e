"""When Kubernetes serves which API, and since when it has which field.

The versions from 1.25 on are those of the packed schemas. What was removed before, and what is deprecated, is
told by the lifecycle functions of k8s.io/api (zz_generated.prerelease-lifecycle.go) and by
https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from validator.finding import Path

_SERVED = FilePath(__file__).with_name("schemas") / "packed" / "SERVED"
_PASSING = """
admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy,MutatingAdmissionPolicyBinding 35 38
admissionregistration.k8s.io/v1alpha1 ValidatingAdmissionPolicy,ValidatingAdmissionPolicyBinding 29 32
admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy,MutatingAdmissionPolicyBinding 37 40
admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration,ValidatingWebhookConfiguration 16 22
admissionregistration.k8s.io/v1beta1 ValidatingAdmissionPolicy,ValidatingAdmissionPolicyBinding 31 34
apiextensions.k8s.io/v1beta1 CustomResourceDefinition 16 22
apiregistration.k8s.io/v1beta1 APIService 19 22
apps/v1beta1 ControllerRevision,Deployment,StatefulSet 8 16
apps/v1beta2 ControllerRevision,DaemonSet,Deployment,ReplicaSet,StatefulSet 9 16
autoscaling/v2beta1 HorizontalPodAutoscaler 22 25
autoscaling/v2beta2 HorizontalPodAutoscaler 23 26
batch/v1beta1 CronJob 21 25
batch/v2alpha1 CronJob 8 21
certificates.k8s.io/v1alpha1 ClusterTrustBundle 34 37
certificates.k8s.io/v1beta1 CertificateSigningRequest 19 22
certificates.k8s.io/v1beta1 ClusterTrustBundle,PodCertificateRequest 37 40
coordination.k8s.io/v1alpha2 LeaseCandidate 35 38
coordination.k8s.io/v1beta1 Lease 19 22
coordination.k8s.io/v1beta1 LeaseCandidate 36 39
discovery.k8s.io/v1beta1 EndpointSlice 21 25
events.k8s.io/v1beta1 Event 22 25
extensions/v1beta1 DaemonSet,Deployment,ReplicaSet 8 16
extensions/v1beta1 Ingress 14 22
extensions/v1beta1 NetworkPolicy 9 16
extensions/v1beta1 PodSecurityPolicy 11 16
flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema,PriorityLevelConfiguration 23 26
flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema,PriorityLevelConfiguration 26 29
flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema,PriorityLevelConfiguration 29 32
networking.k8s.io/v1beta1 IPAddress,ServiceCIDR 34 37
networking.k8s.io/v1beta1 Ingress,IngressClass 19 22
node.k8s.io/v1beta1 RuntimeClass 22 25
policy/v1beta1 PodDisruptionBudget,PodSecurityPolicy 21 25
rbac.authorization.k8s.io/v1beta1 ClusterRole,ClusterRoleBinding,Role,RoleBinding 17 22
resource.k8s.io/v1alpha3 DeviceTaintRule 36 39
resource.k8s.io/v1beta1 DeviceClass,ResourceClaim,ResourceClaimTemplate,ResourceSlice 35 38
resource.k8s.io/v1beta2 DeviceClass,ResourceClaim,ResourceClaimTemplate,ResourceSlice 36 39
scheduling.k8s.io/v1beta1 PriorityClass 14 22
storage.k8s.io/v1alpha1 CSIStorageCapacity 21 24
storage.k8s.io/v1alpha1 VolumeAttributesClass 32 35
storage.k8s.io/v1beta1 CSIDriver,CSINode,StorageClass,VolumeAttachment 19 22
storage.k8s.io/v1beta1 CSIStorageCapacity 24 27
storage.k8s.io/v1beta1 VolumeAttributesClass 34 37
storagemigration.k8s.io/v1beta1 StorageVersionMigration 37 40
v1 ComponentStatus 19 0
v1 Endpoints 33 0
"""
"""API, kinds, and the minor versions that deprecate and remove it; 0: never."""
_REPLACED = {
    "v1 Endpoints": "EndpointSlice of discovery.k8s.io/v1",
    "v1 ComponentStatus": "nothing",
    "policy/v1beta1 PodSecurityPolicy": "the label pod-security.kubernetes.io/enforce of namespaces",
    "extensions/v1beta1 PodSecurityPolicy": "the label pod-security.kubernetes.io/enforce of namespaces",
}


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The minor versions in which an API begins, is deprecated and ends; 0: before all known, or never."""

    introduced: int = 0
    deprecated: int = 0
    removed: int = 0


@cache
def _lifecycles() -> dict[str, Lifecycle]:
    found: dict[str, Lifecycle] = {}
    for key, (first, removed) in json.loads(_SERVED.read_bytes()).items():
        found[key.removeprefix("/")] = Lifecycle(0 if first == 25 else first, 0, removed)
    for line in _PASSING.strip().splitlines():
        api, kinds, deprecated, planned = line.split()
        for kind in kinds.split(","):
            known = found.get(f"{api} {kind}")
            introduced, ended = (known.introduced, known.removed) if known else (0, int(planned))
            found[f"{api} {kind}"] = Lifecycle(introduced, int(deprecated), ended)
    return found


def lifecycle(api_version: str, kind: str) -> Lifecycle | None:
    """What is known of a kind of Kubernetes itself."""
    return _lifecycles().get(f"{api_version} {kind}")


def replacement(api_version: str, kind: str, newest: int) -> tuple[str, int] | None:
    """The most stable API with this kind that the newest version serves, and since when it is there."""
    if said := _REPLACED.get(f"{api_version} {kind}"):
        return said, 0
    best: tuple[tuple[int, int, int], str, int] | None = None
    for key, life in _lifecycles().items():
        other, _, name = key.partition(" ")
        if name != kind or other == api_version or 0 < life.removed <= newest or life.introduced > newest:
            continue
        rank = _stability(other)
        if rank > _stability(api_version) and (best is None or rank > best[0]):
            best = rank, other, life.introduced
    return best and (best[1], best[2])


def _stability(api_version: str) -> tuple[int, int, int]:
    """`v1` above `v1beta1` above `v1alpha1`; the group `extensions` below all."""
    group, _, version = api_version.rpartition("/")
    number, stage, step = version.removeprefix("v"), 3, "0"
    for name, rank in (("alpha", 1), ("beta", 2)):
        if name in number:
            number, _, step = number.partition(name)
            stage = rank
    return (0 if group == "extensions" else stage), int(number or 0), int(step or 0)


def newer(value: Any, since: dict[str, Any], oldest: int, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """(path, first version) of each field that a version does not have; `since` is a schema's own table."""
    if type(value) is list:
        for index, item in enumerate(value):
            yield from newer(item, since, oldest, (*path, index))
    elif type(value) is dict:
        if "*" in since:
            for key, item in value.items():
                yield from newer(item, since["*"], oldest, (*path, key))
            return
        for field in since.keys() & value.keys():
            known, given = since[field], value[field]
            if type(known) is dict:
                yield from newer(given, known, oldest, (*path, field))
            elif known > oldest and given is not None:
                yield (*path, field), known
