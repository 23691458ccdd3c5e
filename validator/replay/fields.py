"""The fields that Kustomize's built-in transformers change (api/internal/konfig/builtinpluginconsts)."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from validator.replay.objects import Replayed
from validator.replay.values import Value


class FieldSpec(NamedTuple):
    """A path from an object's root, its kinds, and whether an absent field is made."""

    path: str
    create: bool = False
    kind: str = ""
    group: str | None = None
    version: str = ""

    def applies(self, each: Replayed) -> bool:
        identity = each.current
        return (
            (not self.kind or self.kind == identity.kind)
            and (self.group is None or self.group == identity.group)
            and (not self.version or self.version == identity.version)
        )


def _affinities(group: str, kind: str) -> Iterator[FieldSpec]:
    pod = "spec/template/spec"
    for which in ("podAffinity", "podAntiAffinity"):
        preferred = "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm"
        for when in (preferred, "requiredDuringSchedulingIgnoredDuringExecution"):
            yield FieldSpec(f"{pod}/affinity/{which}/{when}/labelSelector/matchLabels", False, kind, group)
    yield FieldSpec(f"{pod}/topologySpreadConstraints/labelSelector/matchLabels", False, kind, group)


_TEMPLATES = (
    FieldSpec("spec/template/metadata/{}", True, "ReplicationController", version="v1"),
    FieldSpec("spec/template/metadata/{}", True, "Deployment"),
    FieldSpec("spec/template/metadata/{}", True, "ReplicaSet"),
    FieldSpec("spec/template/metadata/{}", True, "DaemonSet"),
    FieldSpec("spec/template/metadata/{}", True, "StatefulSet"),
    FieldSpec("spec/template/metadata/{}", True, "Job", "batch"),
    FieldSpec("spec/jobTemplate/metadata/{}", True, "CronJob", "batch"),
    FieldSpec("spec/jobTemplate/spec/template/metadata/{}", True, "CronJob", "batch"),
)
METADATA = FieldSpec("metadata/labels", True)
TEMPLATE_LABELS = (
    METADATA,
    *(spec._replace(path=spec.path.format("labels")) for spec in _TEMPLATES),
    FieldSpec("spec/volumeClaimTemplates[]/metadata/labels", True, "StatefulSet", "apps"),
)
COMMON_LABELS = (
    FieldSpec("spec/selector", True, "Service", version="v1"),
    FieldSpec("spec/selector", True, "ReplicationController", version="v1"),
    FieldSpec("spec/selector/matchLabels", True, "Deployment"),
    *_affinities("apps", "Deployment"),
    FieldSpec("spec/selector/matchLabels", True, "ReplicaSet"),
    FieldSpec("spec/selector/matchLabels", True, "DaemonSet"),
    FieldSpec("spec/selector/matchLabels", True, "StatefulSet", "apps"),
    *_affinities("apps", "StatefulSet"),
    FieldSpec("spec/selector/matchLabels", False, "Job", "batch"),
    FieldSpec("spec/jobTemplate/spec/selector/matchLabels", False, "CronJob", "batch"),
    FieldSpec("spec/selector/matchLabels", False, "PodDisruptionBudget", "policy"),
    FieldSpec("spec/podSelector/matchLabels", False, "NetworkPolicy", "networking.k8s.io"),
    FieldSpec("spec/ingress/from/podSelector/matchLabels", False, "NetworkPolicy", "networking.k8s.io"),
    FieldSpec("spec/egress/to/podSelector/matchLabels", False, "NetworkPolicy", "networking.k8s.io"),
    *TEMPLATE_LABELS,
)
COMMON_ANNOTATIONS = (
    FieldSpec("metadata/annotations", True),
    *(spec._replace(path=spec.path.format("annotations")) for spec in _TEMPLATES),
)
NAMESPACE = (
    FieldSpec("spec/service/namespace", True, "APIService", "apiregistration.k8s.io"),
    FieldSpec(
        "spec/conversion/webhook/clientConfig/service/namespace",
        False,
        "CustomResourceDefinition",
        "apiextensions.k8s.io",
    ),
)
SCALED = frozenset({"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"})
IMAGES = ("spec/volumes[]/image/reference", "spec/template/spec/volumes[]/image/reference")


def visit(
    each: Replayed, spec: FieldSpec, made: Callable[[], Value], change: Callable[[Value], None]
) -> None:
    """Call `change` with every value at the path; `made` is what an absent last field begins as."""
    if spec.applies(each):
        _visit(each.value, spec.path.split("/"), spec.create, made, change)


def _visit(
    value: Value, path: list[str], create: bool, made: Callable[[], Value], change: Callable[[Value], None]
) -> None:
    if not path:
        change(value)
    elif type(value.content) is list:
        for item in value.content:
            _visit(item, path, create, made, change)
    elif type(value.content) is dict:
        name, is_list = path[0].removesuffix("[]"), path[0].endswith("[]")
        child = value.content.get(name)
        if child is None or child.content is None:
            if not create or is_list:
                return
            child = value.content[name] = made() if len(path) == 1 else Value({}, value.place)
        _visit(child, path[1:], create, made, change)
