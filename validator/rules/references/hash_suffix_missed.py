"""Object names a generated ConfigMap or Secret without its hash, in a field that Kustomize does not rename.

Kustomize adds a hash to the name of what it generates and corrects the references that it knows: those of
the built-in kinds, inside one namespace. A field of a custom resource keeps the old name, which no object
has. The message holds the entry that teaches Kustomize the field; an object of another namespace cannot be
taught.
https://github.com/kubernetes-sigs/kustomize/tree/master/examples/transformerconfigs

Fix: Put the `nameReference` of the message into a file that `configurations` of the kustomization lists, or
set `disableNameSuffixHash: true` on this one generator.

Bad:
    # file: kustomization.yaml
    resources: [rollout.yaml]
    configMapGenerator:
      - name: api-config
        literals: [LOG_LEVEL=info]
    # file: rollout.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    spec: {template: {spec: {containers: [
      {name: api, envFrom: [{configMapRef: {name: api-config}}]}  # finding
    ]}}}
    # also: references.config-missing
Good:
    # file: kustomization.yaml
    resources: [rollout.yaml]
    configurations: [names.yaml]
    configMapGenerator:
      - name: api-config
        literals: [LOG_LEVEL=info]
    # file: names.yaml
    nameReference:
      - kind: ConfigMap
        fieldSpecs:
          - kind: Rollout
            group: argoproj.io
            path: spec/template/spec/containers/envFrom/configMapRef/name
    # file: rollout.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    spec: {template: {spec: {containers: [
      {name: api, envFrom: [{configMapRef: {name: api-config}}]}
    ]}}}
"""

import re
from collections.abc import Iterator
from typing import Any

from validator.cluster import Cluster, ConfigMap, Secret
from validator.cluster.config_maps import is_brought, keys_of
from validator.cluster.secrets import secret_sources
from validator.finding import Address, Path
from validator.manifest import Resource
from validator.rule import Fault, Findings, Related, Severity, rule

_HASH = re.compile(r"-[2456789bcdfghkmt]{10}$")
"""Kustomize's hash: hexadecimal, with letters in place of what would spell words."""
_SUFFIX = r"(?:names?|refs?|keyrefs?|references?|selectors?|s)?$"
_FIELDS = {
    "ConfigMap": re.compile(rf"configmap{_SUFFIX}", re.IGNORECASE),
    "Secret": re.compile(rf"(?<!external)secret{_SUFFIX}", re.IGNORECASE),
}
_Generated = ConfigMap | Secret


@rule(Severity.ERROR)
def hash_suffix_missed(cluster: Cluster) -> Findings:
    hashed = _hashed(cluster)
    for resource in cluster.resources if hashed else ():
        if (resource.group, resource.kind) not in (("", "ConfigMap"), ("", "Secret")):
            for path, holder, name in _strings(resource.value, (), None):
                for made in hashed.get(name, ()):
                    if _means(made, resource, path, holder):
                        message = f"{made.kind} {name} is called {made.name} in the render"
                        yield Fault(
                            Address(resource.ref, path),
                            f"{message}; {_remedy(made, resource, path)}",
                            (Related("the generated object", made.at()),),
                        )


def _hashed(cluster: Cluster) -> dict[str, list[_Generated]]:
    """What was generated, by the name without its hash, unless another object has that name."""
    found: dict[str, list[_Generated]] = {}
    generated: tuple[_Generated, ...] = (*cluster.of(ConfigMap), *cluster.of(Secret))
    for made in generated:
        name = _HASH.sub("", made.name)
        if name != made.name and not _exists(cluster, made, name):
            found.setdefault(name, []).append(made)
    return found


def _exists(cluster: Cluster, made: _Generated, name: str) -> bool:
    if cluster.find(type(made), made.namespace, name) or is_brought(
        cluster, type(made), made.namespace, name
    ):
        return True
    return made.kind == "Secret" and bool(secret_sources(cluster).of(made.namespace, name))


def _strings(value: Any, at: Path, holder: Any) -> Iterator[tuple[Path, Any, str]]:
    """Every text of an object outside metadata, its path, and the mapping or list that holds it."""
    if type(value) is str:
        yield at, holder, value
    elif type(value) is dict:
        for key, child in value.items():
            if key != "metadata":
                yield from _strings(child, (*at, key), value)
    elif type(value) is list:
        for index, child in enumerate(value):
            yield from _strings(child, (*at, index), value)


def _means(made: _Generated, resource: Resource, path: Path, holder: Any) -> bool:
    """Whether a text that equals the name is a reference: by the field's name, or what stands beside it."""
    given = holder.get("namespace") if type(holder) is dict else None
    if (given or (resource.ref.namespace and resource.namespace) or made.namespace) != made.namespace:
        return False
    names = [key for key in path if type(key) is str]
    pattern = _FIELDS[made.kind]
    if any(pattern.search(key) for key in names[-1:]):
        return True
    if names[-1] != "name" or type(holder) is not dict:
        return False
    if "kind" in holder:
        return bool(holder["kind"] == made.kind)
    return any(pattern.search(key) for key in names[-2:-1]) or holder.get("key") in (keys_of(made) or ())


def _remedy(made: _Generated, resource: Resource, path: Path) -> str:
    if resource.ref.namespace and resource.namespace != made.namespace:
        return (
            "no configuration reaches another namespace: set `disableNameSuffixHash: true` on its generator"
        )
    group = f"group: {resource.group}, " if resource.group else ""
    words = "/".join(key.replace("/", "\\/") for key in path if type(key) is str)
    return (
        f"add to a file of `configurations`: nameReference: [{{kind: {made.kind}, fieldSpecs: "
        f"[{{kind: {resource.kind}, {group}path: {words}}}]}}]"
    )
