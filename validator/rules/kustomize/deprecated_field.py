"""Kustomization uses a field that Kustomize has replaced.

It warns at every build, in the midst of a deploy's output, and the next version of the file's format (v1)
will not have the field. The message names a replacement that renders the same.
https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/kustomization.go

Fix: Replace the field as the message says, and compare the two renders.

Bad:
    # file: kustomization.yaml
    resources: [service.yaml]
    bases: [base]  # finding
    commonLabels: {app.kubernetes.io/part-of: trading}  # finding
    patchesStrategicMerge: [ports.yaml]  # finding
    # file: base/kustomization.yaml
    resources: [account.yaml]
    # file: base/account.yaml
    kind: ServiceAccount
    # file: service.yaml
    kind: Service
    spec: {ports: [{port: 80}], selector: {app.kubernetes.io/name: api}}
    # file: ports.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: example}
    spec: {ports: [{port: 80, name: http}]}
Good:
    # file: kustomization.yaml
    resources: [service.yaml, base]
    labels: [{pairs: {app.kubernetes.io/part-of: trading}, includeSelectors: true}]
    patches: [path: ports.yaml]
    # file: base/kustomization.yaml
    resources: [account.yaml]
    # file: base/account.yaml
    kind: ServiceAccount
    # file: service.yaml
    kind: Service
    spec: {ports: [{port: 80}], selector: {app.kubernetes.io/name: api}}
    # file: ports.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: example}
    spec: {ports: [{port: 80, name: http}]}
"""

from validator.kustomization import Kustomization
from validator.rule import Findings, Severity, rule

_REPLACEMENTS = {
    "bases": "put its entries at the end of `resources`",
    "commonLabels": "move its pairs to an entry of `labels` with `includeSelectors: true`",
    "imageTags": "put its entries at the end of `images`",
    "patchesJson6902": "put its entries at the end of `patches`",
    "patchesStrategicMerge": "put its entries at the head of `patches`, as `path: FILE` or `patch: TEXT`",
    "vars": "write a `replacements` entry for each var, which sets the fields that hold $(NAME)",
}
_LATER = ("namespace", "namePrefix", "nameSuffix", "labels", "commonLabels", "commonAnnotations")


@rule(Severity.WARNING)
def deprecated_field(kustomization: Kustomization) -> Findings:
    for field, replacement in _REPLACEMENTS.items():
        if kustomization.value.get(field):
            more = _caution(kustomization) if field == "patchesJson6902" else ""
            yield kustomization.at(field), f"`{field}` is deprecated: {replacement}{more}"


def _caution(kustomization: Kustomization) -> str:
    """JSON patches used to run late; as `patches` they run first."""
    later = [field for field in _LATER if kustomization.value.get(field)]
    return f"; they are then applied before {', '.join(f'`{field}`' for field in later)}" if later else ""
