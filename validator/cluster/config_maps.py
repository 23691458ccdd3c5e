"""Where the ConfigMaps and Secrets that pods name come from, and the keys they hold."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache

from validator.cluster.index import Cluster
from validator.cluster.objects import ConfigMap, Secret
from validator.cluster.operated import is_copied, maker_of
from validator.cluster.secrets import ExternalSecret, Use
from validator.cluster.view import View
from validator.config import nearest
from validator.manifest import dig, mapping

Names = dict[str, list[str]]
Namespaces = dict[str, str]
_ALWAYS = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})
"""ConfigMaps that a controller puts into every namespace."""
_INJECTED = (
    "config.openshift.io/inject-trusted-cabundle",
    "service.beta.openshift.io/inject-cabundle",
)
_TOKEN = "kubernetes.io/service-account-token"  # the name of a Secret's type, no secret


class Bundle(View):
    """trust-manager's object, which writes a ConfigMap of its name into every selected namespace."""

    kinds = (("trust.cert-manager.io", "Bundle"), ("trust-manager.io", "ClusterBundle"))


@lru_cache(maxsize=1)
def _elsewhere(cluster: Cluster) -> dict[type[View], frozenset[str]]:
    """Names of objects that a copying tool may bring into any namespace."""
    kinds: tuple[type[View], ...] = (ConfigMap, Secret)
    return {kind: frozenset(view.name for view in cluster.of(kind) if is_copied(view)) for kind in kinds}


@lru_cache(maxsize=1)
def _written(cluster: Cluster) -> frozenset[str]:
    """ConfigMaps that bundles and ExternalSecrets write."""
    names = {bundle.name for bundle in cluster.of(Bundle)}
    for secret in cluster.of(ExternalSecret):
        if dig(secret.body, "target", "manifest", "kind") == "ConfigMap":
            names.add(secret.target)
    return frozenset(names)


def is_brought(cluster: Cluster, kind: type[View], namespace: str, name: str) -> bool:
    """Whether somebody else may make a ConfigMap or Secret that the render does not hold."""
    if kind is ConfigMap and (name in _ALWAYS or name in _written(cluster)):
        return True
    return name in _elsewhere(cluster)[kind] or maker_of(cluster, namespace, name) is not None


def keys_of(view: ConfigMap | Secret) -> set[str] | None:
    """The keys of an object of the render; None when others add to them."""
    if is_copied(view) or any(key in view.annotations or key in view.labels for key in _INJECTED):
        return None
    if view.get("type") == _TOKEN:
        return None
    fields = ("data", "binaryData") if isinstance(view, ConfigMap) else ("data", "stringData")
    return {key for field in fields for key in mapping(view.get(field))}


def needed(uses: Iterable[Use]) -> dict[str, list[Use]]:
    """The uses that must find something, by name."""
    found: dict[str, list[Use]] = {}
    for use in uses:
        if not use.optional:
            found.setdefault(use.name, []).append(use)
    return found


def unknown_keys(uses: list[Use], keys: Collection[str] | None) -> list[Use]:
    """The uses of keys that are not there, each key once; none where the keys are not known."""
    if keys is None:
        return []
    unknown = {use.key: use for use in reversed(uses) if use.key is not None and use.key not in keys}
    return list(unknown.values())


@lru_cache(maxsize=2)
def _named(cluster: Cluster, kind: str) -> tuple[Names, Namespaces]:
    names: Names = defaultdict(list)
    found = cluster.resources_of("", kind)
    for resource in found:
        names[resource.namespace].append(resource.name)
    return names, {resource.name: resource.namespace for resource in found}


def missing_name(cluster: Cluster, kind: str, namespace: str, name: str, uses: int) -> str:
    """That no object has this name, and which one was probably meant."""
    names, namespaces = _named(cluster, kind)
    hint = nearest(name, names.get(namespace, [])[:200])
    if not hint and name in namespaces:
        hint = f"; namespace {namespaces[name]} has one"
    times = f", used in {uses} places here" if uses > 1 else ""
    return f"no {kind} `{name}` in namespace {namespace}{times}{hint}"
