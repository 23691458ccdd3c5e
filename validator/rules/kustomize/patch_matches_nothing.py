"""Patch has a `target:` that selects no object of its kustomization, so Kustomize drops it without a word.

The build succeeds and the change is missing: a limit, a replica count, a security setting. Words of a target
are patterns for the whole name, and an object counts by its first name and by the one that it has at this
layer. In a component it is a warning: there a target is also the way to patch what only some overlays hold.
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/

Fix: Correct the target; the message names the nearest object.

Bad:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    patches:
      - target:
          kind: Deployment
          name: api-servce  # finding
        patch: |
          - {op: replace, path: /spec/replicas, value: 3}
    # file: deployment.yaml
    kind: Deployment
    metadata: {name: api-service}
    spec: {replicas: 2}
Good:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    patches:
      - target:
          kind: Deployment
          name: api-.*
        patch: |
          - {op: replace, path: /spec/replicas, value: 3}
    # file: deployment.yaml
    kind: Deployment
    metadata: {name: api-service}
    spec: {replicas: 2}
"""

from validator.config import nearest
from validator.kustomization import Kustomization
from validator.replay.effects import Miss
from validator.rule import Fault, Findings, Severity, rule

_SHOWN = 3


def _has_targets(kustomization: Kustomization) -> bool:
    patches = kustomization.entries("patches", "patchesJson6902")
    return any(type(entry) is dict and "target" in entry for _, entry in patches)


@rule(Severity.ERROR, when=_has_targets)
def patch_matches_nothing(kustomization: Kustomization) -> Findings:
    layer = kustomization.layer
    for entry, miss in () if layer.partial else layer.missed.items():
        if not layer.chosen[entry]:
            at = kustomization.at(*entry, "target", *([miss.field] if miss.field else []))
            severity = Severity.WARNING if kustomization.component else None
            yield Fault(at, f"the patch changes nothing: {_reason(miss)}", severity=severity)


def _reason(miss: Miss) -> str:
    if not miss.field:
        return "there is no object at this layer"
    what = miss.kinds[0] if len(miss.kinds) == 1 and miss.field != "kind" else "object"
    return f"no {what} here has `{miss.field}: {miss.wanted}`{nearest(miss.wanted, miss.seen) or _seen(miss)}"


def _seen(miss: Miss) -> str:
    shown = ", ".join(miss.seen[:_SHOWN])
    return f"; there is {shown}" if shown and len(miss.seen) <= _SHOWN else ""
