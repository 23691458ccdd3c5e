"""Who uses which Secret and ConfigMap, and where Secrets come from."""

import base64
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from validator.cluster.objects import Ingress, Secret
from validator.cluster.view import View
from validator.cluster.workload import POD_TEMPLATES
from validator.finding import Address, Path
from validator.manifest import dig, mapping, sequence, string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validator.cluster.index import Cluster
    from validator.config import ExternalSecrets

How = Literal["env", "envFrom", "volume", "projected", "imagePullSecrets"]

_VOLUME_SECRETS: dict[str, Path] = {
    "secret": ("secretName",),
    "azureFile": ("secretName",),
    "cephfs": ("secretRef", "name"),
    "cinder": ("secretRef", "name"),
    "csi": ("nodePublishSecretRef", "name"),
    "flexVolume": ("secretRef", "name"),
    "iscsi": ("secretRef", "name"),
    "rbd": ("secretRef", "name"),
    "scaleIO": ("secretRef", "name"),
    "storageos": ("secretRef", "name"),
}
"""Where each volume type names a Secret (core/v1 VolumeSource)."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a pod names a Secret or a ConfigMap.

    `key=None` means all keys. `at` is the field that holds the key, or else the name; `at_name` the name.
    """

    kind: Literal["Secret", "ConfigMap"]
    name: str
    key: str | None
    optional: bool
    how: How
    at: Address
    at_name: Address
    container: str | None = None


class Consumer(View):
    """An object whose pods use Secrets and ConfigMaps: every workload, and accounts with pull secrets."""

    kinds = (*POD_TEMPLATES, ("", "ServiceAccount"))

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        if self.kind == "ServiceAccount":
            return tuple(self._pull_secrets(mapping(self.resource.value), ()))
        path = (*POD_TEMPLATES[self.resource.group, self.kind], "spec")
        pod = mapping(self.resource.get(*path))
        found: list[Use] = []
        for key in ("initContainers", "containers"):
            for index, container in enumerate(sequence(pod.get(key))):
                if type(container) is dict:
                    found += self._container(container, (*path, key, index))
        for index, volume in enumerate(sequence(pod.get("volumes"))):
            if type(volume) is dict:
                found += self._volume(volume, (*path, "volumes", index))
        found += self._pull_secrets(pod, path)
        return tuple(found)

    def secrets(self) -> "Iterator[Use]":
        return (use for use in self.uses if use.kind == "Secret")

    def config_maps(self) -> "Iterator[Use]":
        return (use for use in self.uses if use.kind == "ConfigMap")

    def _container(self, container: dict[str, Any], path: Path) -> "Iterator[Use]":
        name = string(container.get("name"))
        for index, entry in enumerate(sequence(container.get("env"))):
            for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                ref = dig(entry, "valueFrom", field)
                if type(ref) is dict:
                    at = (*path, "env", index, "valueFrom", field)
                    yield from self._use(kind, ref, "name", ref.get("key"), "env", at, (*at, "key"), name)
        for index, entry in enumerate(sequence(container.get("envFrom"))):
            for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                ref = dig(entry, field)
                if type(ref) is dict:
                    at = (*path, "envFrom", index, field)
                    yield from self._use(kind, ref, "name", None, "envFrom", at, (*at, "name"), name)

    def _volume(self, volume: dict[str, Any], path: Path) -> "Iterator[Use]":
        for field, where in _VOLUME_SECRETS.items():
            source = volume.get(field)
            if type(source) is dict:
                at = (*path, field, *where[:-1])
                holder = mapping(dig(source, *where[:-1]))
                yield from self._items("Secret", holder, str(where[-1]), "volume", at)
        if type(source := volume.get("configMap")) is dict:
            yield from self._items("ConfigMap", source, "name", "volume", (*path, "configMap"))
        for index, entry in enumerate(sequence(dig(volume, "projected", "sources"))):
            for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
                source = dig(entry, field)
                if type(source) is dict:
                    at = (*path, "projected", "sources", index, field)
                    yield from self._items(kind, source, "name", "projected", at)

    def _items(self, kind: Any, source: dict[str, Any], field: str, how: How, at: Path) -> "Iterator[Use]":
        """A volume's use of a whole object, or of the keys that its `items` list."""
        items = sequence(source.get("items"))
        if not items:
            yield from self._use(kind, source, field, None, how, at, (*at, field))
        for index, item in enumerate(items):
            yield from self._use(kind, source, field, dig(item, "key"), how, at, (*at, "items", index, "key"))

    def _pull_secrets(self, holder: dict[str, Any], path: Path) -> "Iterator[Use]":
        for index, entry in enumerate(sequence(holder.get("imagePullSecrets"))):
            if type(entry) is dict:
                at = (*path, "imagePullSecrets", index)
                yield from self._use("Secret", entry, "name", None, "imagePullSecrets", at, (*at, "name"))

    def _use(
        self,
        kind: Any,
        holder: dict[str, Any],
        field: str,
        key: Any,
        how: How,
        at: Path,
        shown: Path,
        container: str | None = None,
    ) -> "Iterator[Use]":
        name = string(holder.get(field))
        if name is None:
            return
        ref = self.resource.ref
        yield Use(
            kind,
            name,
            string(key),
            holder.get("optional") is True,
            how,
            Address(ref, shown, container),
            Address(ref, (*at, field), container),
            container,
        )


ESO = "external-secrets.io"


class ExternalSecret(View):
    """An ExternalSecret, or a ClusterExternalSecret, which stamps one into many namespaces."""

    kinds = ((ESO, "ExternalSecret"), (ESO, "ClusterExternalSecret"))

    @cached_property
    def path(self) -> Path:
        """Where the ExternalSecret's own spec stands."""
        return ("spec",) if self.kind == "ExternalSecret" else ("spec", "externalSecretSpec")

    @cached_property
    def body(self) -> dict[str, Any]:
        return mapping(self.get(*self.path))

    @property
    def target(self) -> str:
        """The name of the Secret it writes: `target.name`, else its own."""
        named = string(dig(self.body, "target", "name"))
        if named or self.kind == "ExternalSecret":
            return named or self.name
        return string(self.spec.get("externalSecretName")) or self.name

    @property
    def policy(self) -> str:
        return string(dig(self.body, "target", "creationPolicy")) or "Owner"

    @cached_property
    def keys(self) -> frozenset[str] | None:
        """The keys of the Secret it writes; None when the store or a template file decides them.

        With a template, its `data` replaces the fetched keys unless `mergePolicy: Merge`
        (external-secrets pkg/controllers/externalsecret/externalsecret_controller_template.go).
        """
        template = mapping(dig(self.body, "target", "template"))
        templated = {str(key) for key in mapping(template.get("data"))}
        replaced = bool(templated) and template.get("mergePolicy") != "Merge"
        if self.policy == "Merge" or sequence(template.get("templateFrom")):
            return None
        if replaced:
            return frozenset(templated)
        if sequence(self.body.get("dataFrom")):
            return None
        fetched = {str(dig(entry, "secretKey")) for entry in sequence(self.body.get("data"))}
        return frozenset(fetched | templated)


class SecretStore(View):
    kinds = ((ESO, "SecretStore"),)


class SealedSecret(View):
    kinds = (("bitnami.com", "SealedSecret"),)


class Certificate(View):
    kinds = (("cert-manager.io", "Certificate"),)


class SecretProviderClass(View):
    """The Secrets Store CSI driver's object; `secretObjects` are synchronised into Secrets."""

    kinds = (("secrets-store.csi.x-k8s.io", "SecretProviderClass"),)


_DESTINATIONS: dict[tuple[str, str], Path] = {
    ("secrets.hashicorp.com", "VaultStaticSecret"): ("spec", "destination", "name"),
    ("secrets.hashicorp.com", "VaultDynamicSecret"): ("spec", "destination", "name"),
    ("secrets.hashicorp.com", "VaultPKISecret"): ("spec", "destination", "name"),
    ("onepassword.com", "OnePasswordItem"): ("metadata", "name"),
    ("secrets.infisical.com", "InfisicalSecret"): ("spec", "managedSecretReference", "secretName"),
}
"""Other operators' objects that make a Secret, and where they name it."""


class OperatorSecret(View):
    kinds = tuple(_DESTINATIONS)


_SUFFIXES: dict[tuple[str, str], tuple[str, ...]] = {
    ("postgresql.cnpg.io", "Cluster"): ("-app", "-superuser", "-ca", "-server", "-replication"),
    ("kafka.strimzi.io", "Kafka"): ("-cluster-ca-cert", "-clients-ca-cert"),
    ("kafka.strimzi.io", "KafkaUser"): ("",),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): ("-es-elastic-user", "-es-http-certs-public"),
}
"""Operators' objects whose name, with these suffixes, names the Secrets with the credentials for their
clients."""


class Credentials(View):
    kinds = tuple(_SUFFIXES)


ISSUER_ANNOTATIONS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
TLS_ACME = "kubernetes.io/tls-acme"


def asks_for_certificate(annotations: dict[str, str]) -> bool:
    """Whether cert-manager acts on an Ingress (https://cert-manager.io/docs/usage/ingress/#supported-annotations)."""
    if any(annotations.get(key) for key in ISSUER_ANNOTATIONS):
        return True
    return annotations.get(TLS_ACME) == "true"


@dataclass(frozen=True, slots=True)
class Origin:
    """Something that makes a Secret. `keys=None`: unknown. `view=None`: the configuration says so."""

    view: View | None
    keys: frozenset[str] | None

    def __str__(self) -> str:
        return str(self.view) if self.view is not None else "`external-secrets` of qt-validate.toml"


class SecretSources:
    """Where each Secret of a target comes from."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._found: dict[tuple[str | None, str], list[Origin]] = {}
        for view in cluster.of(ExternalSecret):
            if view.policy != "None":
                # A ClusterExternalSecret chooses namespaces by labels that may not be in the render.
                namespace = view.namespace if view.kind == "ExternalSecret" else None
                self._add(namespace, view.target, view, view.keys)
        for sealed in cluster.of(SealedSecret):
            templated = mapping(sealed.get("spec", "template", "data"))
            keys = {*mapping(sealed.spec.get("encryptedData")), *templated}
            self._add(sealed.namespace, sealed.name, sealed, frozenset(keys))
        for certificate in cluster.of(Certificate):
            self._add(certificate.namespace, certificate.spec.get("secretName"), certificate, None)
        for provider in cluster.of(SecretProviderClass):
            for entry in sequence(provider.spec.get("secretObjects")):
                keys = {str(dig(item, "key")) for item in sequence(dig(entry, "data"))}
                self._add(provider.namespace, dig(entry, "secretName"), provider, frozenset(keys))
        for other in cluster.of(OperatorSecret):
            where = _DESTINATIONS[other.resource.group, other.kind]
            self._add(other.namespace, other.get(*where), other, None)
        for issuer in cluster.of(Credentials):
            for suffix in _SUFFIXES[issuer.resource.group, issuer.kind]:
                self._add(issuer.namespace, issuer.name + suffix, issuer, None)
        for ingress in cluster.of(Ingress):
            if asks_for_certificate(ingress.annotations):
                for entry in sequence(ingress.spec.get("tls")):
                    if sequence(dig(entry, "hosts")):
                        self._add(ingress.namespace, dig(entry, "secretName"), ingress, None)
        for given in cluster.settings.external_secrets:
            self._given(given)

    def _given(self, given: "ExternalSecrets") -> None:
        keys = None if given.keys is None else frozenset(given.keys)
        self._found.setdefault((given.namespace, given.name), []).append(Origin(None, keys))

    def _add(self, namespace: str | None, name: Any, view: View, keys: frozenset[str] | None) -> None:
        if named := string(name):
            self._found.setdefault((namespace, named), []).append(Origin(view, keys))

    def of(self, namespace: str, name: str) -> list[Origin]:
        """What makes a Secret, plain Secrets of the render left out."""
        return self._found.get((namespace, name), []) + self._found.get((None, name), [])

    def plain(self, namespace: str, name: str) -> Secret | None:
        """The Secret itself, when the render holds it."""
        return self._cluster.secret(namespace, name)

    def names(self, namespace: str) -> list[str]:
        """The names that sources give in a namespace, at most 200: enough for a hint."""
        found = [name for place, name in self._found if place in (None, namespace)]
        return found[:200]


@lru_cache(maxsize=1)
def secret_sources(cluster: "Cluster") -> SecretSources:
    return SecretSources(cluster)


_PLACEHOLDER = re.compile(r"<path:[^<>]+>|\$\{[^}]+\}|\{\{.*\}\}|vault:\S+|ref\+[a-z]+://\S+", re.DOTALL)
"""Values that another tool replaces before they reach the cluster: argocd-vault-plugin, envsubst,
Helm, bank-vaults, vals."""


def secret_keys(secret: Secret) -> dict[str, list[str]]:
    """The keys of a Secret that hold a value, by field; empty values and placeholders left out."""
    found: dict[str, list[str]] = {}
    for field in ("data", "stringData"):
        keys = [
            key for key, value in mapping(secret.get(field)).items() if _is_secret(value, field == "data")
        ]
        if keys:
            found[field] = keys
    return found


def _is_secret(value: Any, encoded: bool) -> bool:
    if value is None or value == "":
        return False
    text = str(value)
    if encoded:
        with suppress(ValueError):
            text = base64.b64decode(text, validate=True).decode()
    return not is_placeholder(text)


def is_placeholder(text: str) -> bool:
    """Whether another tool replaces the whole value before it reaches the cluster."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None
