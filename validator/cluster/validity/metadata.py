"""Names, labels and annotations of objects.

The names that each kind takes are those of its `Validate…Name` function in pkg/apis/*/validation.
"""

import re
from collections.abc import Callable
from typing import Any

from validator.cluster.validity.words import (
    Check,
    Faults,
    choice,
    dns_label,
    dns_label_1035,
    dns_subdomain,
    labels,
    path_segment,
    qualified,
    shown,
)
from validator.config import KubeVersions
from validator.finding import Path
from validator.manifest import Resource, mapping

_RELAXED_SERVICES = 36
"""Since Kubernetes 1.36 a Service's name may start with a digit (RelaxedServiceNameValidation)."""
_MINOR = re.compile(r"v1\.(0|[1-9][0-9]*)")
_ANNOTATIONS = 256 * 1024
_BY_SEGMENT = frozenset(
    {
        ("policy", "PodDisruptionBudget"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    }
)
_OWN_RULES = ("openshift.io", "projectcalico.org", "certificates.k8s.io", "apiregistration.k8s.io")
"""Groups that an API server of their own serves, or whose names are of another kind."""
_BY_LABEL = frozenset({("", "Namespace"), ("apps", "StatefulSet")})
_LENGTHS = {
    ("batch", "CronJob"): (52, "a Job's name is that and 11 characters"),
    ("batch", "Job"): (63, "pods carry it as a label"),
}


def check_of(group: str, kind: str, kube: KubeVersions) -> Check:
    """What a kind's names must be."""
    if (group, kind) in _BY_SEGMENT or group.endswith(_OWN_RULES):
        return path_segment
    if (group, kind) in _BY_LABEL:
        return dns_label
    if (group, kind) == ("", "Service"):
        return dns_label if kube.oldest >= _RELAXED_SERVICES else dns_label_1035
    return dns_subdomain


def metadata(resource: Resource, kube: KubeVersions) -> Faults:
    written = mapping(resource.value.get("metadata"))
    at: Path = ("metadata",)
    name, stem = written.get("name"), written.get("generateName")
    check: Callable[[str], str | None] = check_of(resource.group, resource.kind, kube)
    if name is None and not stem:
        yield at, "the object has no name"
    elif type(name) is str:
        yield from _name(name, check, resource)
    elif type(stem) is str and stem and (why := check(stem.rstrip("-.") or stem)):
        yield (*at, "generateName"), why
    if type(namespace := written.get("namespace")) is str and namespace and (why := dns_label(namespace)):
        yield (*at, "namespace"), why
    if given := written.get("labels"):
        yield from labels((*at, "labels"), given)
        if (resource.group, resource.kind) == ("", "Namespace"):
            yield from _pod_security((*at, "labels"), mapping(given))
    if given := written.get("annotations"):
        yield from annotations((*at, "annotations"), given)


def _name(name: str, check: Check, resource: Resource) -> Faults:
    at: Path = ("metadata", "name")
    if not name:
        yield at, "the name is empty"
    elif why := check(name):
        yield at, f"the name {why}"
    elif limit := _LENGTHS.get((resource.group, resource.kind)):
        most, reason = limit
        if len(name) > most:
            yield at, f"the name has {len(name)} characters, more than {most}: {reason}"


def _pod_security(at: Path, given: dict[str, Any]) -> Faults:
    """https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces"""
    for mode in ("enforce", "audit", "warn"):
        level, version = (f"pod-security.kubernetes.io/{mode}{ending}" for ending in ("", "-version"))
        for label in (level, version):
            if label in given and not given[label]:
                yield (*at, label), "the label is empty"
        yield from choice((*at, level), given.get(level), "privileged", "baseline", "restricted")
        written = given.get(version)
        if type(written) is str and written not in ("", "latest") and not _MINOR.fullmatch(written):
            yield (*at, version), f"{shown(written)} is neither `latest` nor a version such as `v1.31`"


def annotations(at: Path, value: object) -> Faults:
    size = 0
    for key, text in mapping(value).items():
        size += len(key) + (len(text.encode()) if type(text) is str else 0)
        if why := qualified(key.lower()):
            yield (*at, key), why
    if size > _ANNOTATIONS:
        yield at, f"annotations of {size:,} bytes together, more than {_ANNOTATIONS:,}"
