"""ConfigMaps and Secrets that nothing in the render names."""

import re
from collections.abc import Iterator
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.objects import ConfigMap, Secret
from validator.cluster.operated import is_copied
from validator.cluster.secrets import Consumer

_WORD = re.compile(r"[a-z0-9][a-z0-9.-]*")


def unused(cluster: Cluster) -> list[ConfigMap | Secret]:
    """The objects, in the order of the render."""
    used = {(c.namespace, use.kind, use.name) for c in cluster.of(Consumer) for use in c.uses}
    lived_in = {workload.namespace for workload in cluster.workloads}
    labels: set[str] = set()
    for workload in cluster.workloads:
        labels.update(workload.labels, workload.pod_labels)
    held: list[ConfigMap | Secret] = [*cluster.of(ConfigMap), *cluster.of(Secret)]
    found = [
        view
        for view in held
        if (view.namespace, view.kind, view.name) not in used
        and view.namespace in lived_in
        and labels.issuperset(view.labels)
        and not is_copied(view)
        and view.get("type") in (None, "Opaque")
    ]
    if not found:
        return []
    words = _words(cluster)
    return sorted((v for v in found if v.name not in words), key=lambda view: view.resource.ref.index)


def _words(cluster: Cluster) -> set[str]:
    """Every word that may be a name, anywhere but in an object's own metadata and in ConfigMaps."""
    found: set[str] = set()
    for resource in cluster.resources:
        if (resource.group, resource.kind) in (("", "ConfigMap"), ("", "Secret")):
            continue
        for key, value in resource.value.items():
            if key == "metadata":
                value = resource.get("metadata", "annotations")
            for text in _texts(value):
                found.update(_WORD.findall(text))
    return found


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is str:
            yield value
        elif type(value) is dict:
            waiting.extend(value.values())
        elif type(value) is list:
            waiting.extend(value)
