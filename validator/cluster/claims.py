"""Which PersistentVolumeClaims there will be."""

from collections import defaultdict
from functools import lru_cache

from validator.cluster.index import Cluster
from validator.cluster.operated import maker_of
from validator.manifest import dig, sequence, string


@lru_cache(maxsize=1)
def _claims(cluster: Cluster) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for claim in cluster.resources_of("", "PersistentVolumeClaim"):
        found[claim.namespace][claim.name] = None
    return found


@lru_cache(maxsize=1)
def _templates(cluster: Cluster) -> frozenset[tuple[str, str]]:
    """`<template>-<StatefulSet>`, which a pod's number follows in the claim's name."""
    return frozenset(
        (workload.namespace, f"{name}-{workload.name}")
        for workload in cluster.workloads
        if workload.kind == "StatefulSet"
        for template in sequence(workload.spec.get("volumeClaimTemplates"))
        if (name := string(dig(template, "metadata", "name")))
    )


def claims_of(cluster: Cluster, namespace: str) -> list[str]:
    """The names of the claims that the render holds."""
    return list(_claims(cluster).get(namespace, ()))


def is_claimed(cluster: Cluster, namespace: str, name: str) -> bool:
    """Whether a claim is there, or a StatefulSet or an operator makes it."""
    if name in _claims(cluster).get(namespace, ()):
        return True
    stem, _, number = name.rpartition("-")
    if number.isdecimal() and (namespace, stem) in _templates(cluster):
        return True
    return maker_of(cluster, namespace, name) is not None
