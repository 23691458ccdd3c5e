"""Containers (validateContainerCommon, validateProbe, validateHandler in pkg/apis/core/validation)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from validator.cluster.quantity import quantity
from validator.cluster.validity.numbers import amount, at_least, between, port_or_name
from validator.cluster.validity.words import (
    Faults,
    choice,
    config_key,
    dns_label,
    dns_subdomain,
    needed,
    port_name,
    qualified,
    shown,
    variable,
    word,
)
from validator.config import KubeVersions
from validator.finding import Path
from validator.manifest import mapping, sequence

_RELAXED_VARIABLES = 32
_UNMASKED_BY_USERS = 31
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_NEVER_NEGATIVE = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_VALUES = ("configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef")
_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_RESOURCE_FIELDS = tuple(f"{side}.{name}" for side in ("limits", "requests") for name in sorted(_RESOURCES))
_HEADER = re.compile("[-A-Za-z0-9]+")
_MOST_ID = 2**31 - 1
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What a container's validity depends on. `volumes=None`: not known."""

    volumes: Collection[str] | None
    grace: int
    host_network: bool
    own_users: bool
    kube: KubeVersions


def container(at: Path, value: dict[str, Any], pod: PodFacts, *, init: bool) -> Faults:
    yield from word((*at, "name"), value.get("name"), dns_label)
    image = value.get("image")
    if image is None or image == "":
        yield (*at, "image"), "the container has no image"
    elif type(image) is str and image != image.strip():
        yield (*at, "image"), f"the image `{image}` begins or ends with white space"
    for index, entry in enumerate(map(mapping, sequence(value.get("ports")))):
        yield from _port((*at, "ports", index), entry, pod)
    for index, entry in enumerate(map(mapping, sequence(value.get("env")))):
        yield from _variable((*at, "env", index), entry, pod)
    for index, entry in enumerate(map(mapping, sequence(value.get("envFrom")))):
        here = (*at, "envFrom", index)
        if len([f for f in ("configMapRef", "secretRef") if entry.get(f) is not None]) != 1:
            yield here, "needs one of configMapRef and secretRef"
        for field in ("configMapRef", "secretRef"):
            if type(ref := entry.get(field)) is dict:
                yield from needed((*here, field, "name"), ref.get("name"), dns_subdomain)
    yield from _mounts((*at, "volumeMounts"), value, pod)
    yield from resources((*at, "resources"), mapping(value.get("resources")))
    yield from _security((*at, "securityContext"), mapping(value.get("securityContext")), pod)
    sidecar = init and value.get("restartPolicy") == "Always"
    for field in (*_PROBES, "lifecycle"):
        given = value.get(field)
        if type(given) is not dict:
            continue
        if init and not sidecar:
            yield (*at, field), f"an init container takes no {field}, unless its restartPolicy is Always"
        elif field == "lifecycle":
            for hook in ("postStart", "preStop"):
                if type(given.get(hook)) is dict:
                    yield from _handler((*at, field, hook), given[hook], pod.grace)
        else:
            yield from _probe((*at, field), given, field, pod)


def _port(at: Path, value: dict[str, Any], pod: PodFacts) -> Faults:
    number, outside, name = value.get("containerPort"), value.get("hostPort"), value.get("name")
    yield from between((*at, "containerPort"), number, 1, 65535)
    if outside != 0:
        yield from between((*at, "hostPort"), outside, 1, 65535)
    if pod.host_network and outside and outside != number:
        yield (
            (*at, "hostPort"),
            f"hostPort {outside} is not containerPort {number}, as hostNetwork needs",
        )
    if type(name) is str and name and (why := port_name(name)):
        yield (*at, "name"), why


def _variable(at: Path, value: dict[str, Any], pod: PodFacts) -> Faults:
    name, source = value.get("name"), value.get("valueFrom")
    if type(name) is str:
        relaxed = pod.kube.oldest >= _RELAXED_VARIABLES
        why = variable(name, relaxed=relaxed) if name else "the variable's name is empty"
        if why:
            yield (*at, "name"), why
    if type(source) is not dict:
        return
    given = [field for field in _VALUES if source.get(field) is not None]
    if len(given) != 1:
        yield (*at, "valueFrom"), f"needs one source, has {', '.join(given) or 'none'}"
    if value.get("value"):
        yield (*at, "valueFrom"), f"{name} has both `value` and `valueFrom`"
    for field in ("configMapKeyRef", "secretKeyRef"):
        if type(ref := source.get(field)) is dict:
            yield from needed((*at, "valueFrom", field, "name"), ref.get("name"), dns_subdomain)
            yield from word((*at, "valueFrom", field, "key"), ref.get("key"), config_key)
    resource = mapping(source.get("resourceFieldRef"))
    here = (*at, "valueFrom", "resourceFieldRef")
    yield from amount((*here, "divisor"), resource.get("divisor"))
    kind = str(resource.get("resource") or "")
    if not re.search("hugepages-", kind):
        yield from choice((*here, "resource"), kind, *_RESOURCE_FIELDS)
    yield from _field((*at, "valueFrom", "fieldRef", "fieldPath"), mapping(source.get("fieldRef")))


def _field(at: Path, value: dict[str, Any]) -> Faults:
    """A field of the pod that a variable may show."""
    path = value.get("fieldPath")
    if type(path) is not str:
        return
    whole = re.fullmatch(r"metadata\.(?:labels|annotations)\['(.*)'\]", path)
    if whole is None:
        yield from choice(at, path, *_FIELDS)
    elif why := qualified(whole[1].lower()):
        yield at, why


def _mounts(at: Path, value: dict[str, Any], pod: PodFacts) -> Faults:
    seen: set[str] = set()
    for index, mount in enumerate(map(mapping, sequence(value.get("volumeMounts")))):
        here, name, path = (*at, index), mount.get("name"), mount.get("mountPath")
        if type(name) is str and pod.volumes is not None and name not in pod.volumes:
            has = ", ".join(pod.volumes) or "none"
            yield (*here, "name"), f"the pod has no volume {shown(name)}, only {has}"
        if type(path) is str:
            if not path:
                yield (*here, "mountPath"), "mountPath is empty"
            elif path in seen:
                yield (*here, "mountPath"), f"{path} is mounted twice"
            seen.add(path)
        for field in ("subPath", "subPathExpr"):
            if type(below := mount.get(field)) is str and below:
                yield from descending((*here, field), below)
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield (*here, "subPathExpr"), "subPath and subPathExpr exclude each other"


def descending(at: Path, path: str) -> Faults:
    """A path below a folder."""
    if path.startswith("/"):
        yield at, f"{shown(path)} must be relative"
    elif ".." in path.split("/"):
        yield at, f"{shown(path)} must not hold `..`"


def resources(at: Path, value: dict[str, Any]) -> Faults:
    """Requests and limits; that a request stays below its limit is another rule's business."""
    limits, requests = mapping(value.get("limits")), mapping(value.get("requests"))
    for side, given in (("limits", limits), ("requests", requests)):
        for name, each in given.items():
            here = (*at, side, name)
            if "/" not in name and name not in _RESOURCES and not name.startswith("hugepages-"):
                yield here, f"{shown(name)} is no resource of containers: cpu, memory, ephemeral-storage"
                continue
            if "/" in name and (why := qualified(name)):
                yield here, why
            number = None if name in _RESOURCES else quantity(each)
            if number is not None and number.denominator != 1:
                yield here, f"{name} {each} is no whole number"
                continue
            yield from amount(here, each)
    huge = [name for name in (*limits, *requests) if name.startswith("hugepages-")]
    if huge and not any(name in given for given in (limits, requests) for name in ("cpu", "memory")):
        yield at, f"{huge[0]} needs cpu or memory beside it"
    for name, each in requests.items():
        domain, slash, _ = name.rpartition("/")
        if "kubernetes.io" in domain or not (slash or name.startswith("hugepages-")):
            continue
        limit = limits.get(name)
        if limit is None:
            yield (*at, "requests", name), f"{name} needs a limit equal to its request {each}"
        elif quantity(limit) is not None and quantity(limit) != quantity(each):
            yield (*at, "requests", name), f"{name} needs a limit equal to its request {each}, has {limit}"


def _probe(at: Path, value: dict[str, Any], kind: str, pod: PodFacts) -> Faults:
    yield from _handler(at, value, pod.grace)
    yield from at_least(at, value, 0, *_NEVER_NEGATIVE)
    successes = value.get("successThreshold")
    if kind != "readinessProbe" and type(successes) is int and successes > 1:
        yield (*at, "successThreshold"), f"successThreshold is {successes}; a {kind} has 1"
    if (grace := value.get("terminationGracePeriodSeconds")) is not None:
        where = (*at, "terminationGracePeriodSeconds")
        if kind == "readinessProbe":
            yield where, "a readinessProbe ends nothing, so it takes no terminationGracePeriodSeconds"
        elif type(grace) is int and grace <= 0:
            yield where, f"{grace} is not more than 0"


def _handler(at: Path, value: dict[str, Any], grace: int) -> Faults:
    given = [field for field in _HANDLERS if value.get(field) is not None]
    if len(given) != 1:
        yield at, f"needs one of {', '.join(_HANDLERS[:4])}, has {', '.join(given) or 'none'}"
    for field in given:
        here, action = (*at, field), mapping(value.get(field))
        if field == "exec":
            if not sequence(action.get("command")):
                yield here, "exec has no command"
        elif field == "sleep":
            seconds = action.get("seconds")
            if type(seconds) is int and not 0 <= seconds <= grace:
                yield (*here, "seconds"), f"{seconds} is not from 0 to the grace period, {grace} s"
        elif field == "grpc":
            yield from between((*here, "port"), action.get("port"), 1, 65535)
        else:
            yield from port_or_name((*here, "port"), action.get("port"))
            for index, header in enumerate(map(mapping, sequence(action.get("httpHeaders")))):
                if type(name := header.get("name")) is str and not _HEADER.fullmatch(name):
                    yield (*here, "httpHeaders", index, "name"), f"{shown(name)} is no header's name"


def _security(at: Path, value: dict[str, Any], pod: PodFacts) -> Faults:
    if value:
        yield from identities(at, value)
        unmasked = value.get("procMount") == "Unmasked"
        if unmasked and not pod.own_users and pod.kube.newest >= _UNMASKED_BY_USERS:
            yield (*at, "procMount"), "procMount Unmasked needs hostUsers: false"
        if value.get("allowPrivilegeEscalation") is False:
            added = sequence(mapping(value.get("capabilities")).get("add"))
            if value.get("privileged") is True:
                message = "allowPrivilegeEscalation cannot be false where privileged is true"
                yield (*at, "allowPrivilegeEscalation"), message
            elif "CAP_SYS_ADMIN" in added:
                message = "allowPrivilegeEscalation cannot be false where CAP_SYS_ADMIN is added"
                yield (*at, "allowPrivilegeEscalation"), message


def identities(at: Path, value: dict[str, Any]) -> Faults:
    """Users, groups and profiles, alike in pods and containers."""
    for field in ("runAsUser", "runAsGroup", "fsGroup"):
        yield from between((*at, field), value.get(field), 0, _MOST_ID)
    for field in ("seccompProfile", "appArmorProfile"):
        profile = mapping(value.get(field))
        local, named = profile.get("type") == "Localhost", profile.get("localhostProfile")
        if local and not named:
            yield (*at, field), "a profile of type Localhost needs localhostProfile"
        elif named is not None and not local:
            yield (*at, field, "localhostProfile"), f"belongs to type Localhost, not {profile.get('type')}"
