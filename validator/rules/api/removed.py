"""API version is no longer served by a version of Kubernetes that the objects are meant for.

The server answers "no matches for kind", and an upgrade strands what was applied before. Judged for the
whole range of `kube-version` in qt-validate.toml, or `--kube-version`; else for the newest known version.
https://kubernetes.io/docs/reference/using-api/deprecation-guide/

Fix: Use the API version that the message names; mind that fields may have moved.

Bad:
    apiVersion: policy/v1beta1  # finding
    kind: PodDisruptionBudget
    metadata: {name: api}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: api}}}
Good:
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: api}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: api}}}
"""

from validator.config import Settings
from validator.finding import Address
from validator.lifecycle import lifecycle, replacement
from validator.manifest import Resource
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR)
def removed(resource: Resource, settings: Settings) -> Findings:
    ref, kube = resource.ref, settings.kube_version
    life = lifecycle(ref.api_version, ref.kind)
    if life is None or not 0 < life.removed <= kube.newest:
        return
    other = replacement(ref.api_version, ref.kind, kube.newest)
    use = f"; use {other[0]}" if other else "; nothing replaces it"
    if other and other[1] > kube.oldest:
        use += f", which is there since 1.{other[1]}: no API serves all of {kube}"
    yield (
        Address(ref, ("apiVersion",)),
        f"{ref.api_version} {ref.kind} is not served since Kubernetes 1.{life.removed}{use}",
    )
