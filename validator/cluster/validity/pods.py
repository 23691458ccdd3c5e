"""Pod specs (ValidatePodSpec and ValidateVolumes in pkg/apis/core/validation)."""

import re
from collections.abc import Iterator
from typing import Any

from validator.cluster.validity.containers import PodFacts, container, descending, identities, resources
from validator.cluster.validity.numbers import amount, at_least, between, ip
from validator.cluster.validity.windows import operating_system
from validator.cluster.validity.words import (
    Faults,
    dns_label,
    dns_subdomain,
    label_value,
    labels,
    qualified,
    selector,
    word,
)
from validator.config import KubeVersions
from validator.finding import Path
from validator.manifest import mapping, sequence, string

_LONG_RUNNING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})


def pod_spec(
    at: Path, pod: dict[str, Any], kind: str, kube: KubeVersions, claims: tuple[str, ...] = ()
) -> Faults:
    """`claims` are the volumes that a StatefulSet's templates add."""
    volumes = [mapping(volume) for volume in sequence(pod.get("volumes"))]
    grace = pod.get("terminationGracePeriodSeconds")
    facts = PodFacts(
        {**{str(v.get("name")): None for v in volumes}, **dict.fromkeys(claims)},
        grace if type(grace) is int else 30,
        pod.get("hostNetwork") is True,
        pod.get("hostUsers") is False,
        kube,
    )
    if "containers" in pod and not pod["containers"]:
        yield (*at, "containers"), "the pod has no containers"
    names: set[str] = set()
    for field in ("containers", "initContainers"):
        for index, each in enumerate(sequence(pod.get(field))):
            if type(each) is dict:
                here: Path = (*at, field, index)
                if name := string(each.get("name")):
                    if name in names:
                        yield (*here, "name"), f"a second container has the name `{name}`"
                    names.add(name)
                yield from container(here, each, facts, init=field == "initContainers")
    yield from _volumes((*at, "volumes"), volumes)
    yield from _restarts(at, pod, kind)
    yield from labels((*at, "nodeSelector"), pod.get("nodeSelector"))
    for field in ("serviceAccountName", "priorityClassName", "runtimeClassName", "nodeName"):
        if pod.get(field):
            yield from word((*at, field), pod[field], dns_subdomain)
    if kind != "StatefulSet":
        for field in ("hostname", "subdomain"):
            if pod.get(field):
                yield from word((*at, field), pod[field], dns_label)
    for index, each in enumerate(map(mapping, sequence(pod.get("tolerations")))):
        yield from _toleration((*at, "tolerations", index), each)
    yield from _spread((*at, "topologySpreadConstraints"), pod.get("topologySpreadConstraints"))
    if affinity := mapping(pod.get("affinity")):
        yield from _affinity((*at, "affinity"), affinity)
    yield from identities((*at, "securityContext"), mapping(pod.get("securityContext")))
    yield from resources((*at, "resources"), mapping(pod.get("resources")))
    yield from _network(at, pod)
    security: Path = (*at, "securityContext")
    context = mapping(pod.get("securityContext"))
    for index, group in enumerate(sequence(context.get("supplementalGroups"))):
        yield from between((*security, "supplementalGroups", index), group, 0, 2**31 - 1)
    for index, sysctl in enumerate(map(mapping, sequence(context.get("sysctls")))):
        if type(name := sysctl.get("name")) is str and not _SYSCTL.fullmatch(name):
            yield (*security, "sysctls", index, "name"), f"`{name}` is no sysctl's name"
    yield from operating_system(at, pod)
    if pod.get("hostPID") is True and pod.get("shareProcessNamespace") is True:
        yield (*at, "shareProcessNamespace"), "hostPID and shareProcessNamespace exclude each other"


def _restarts(at: Path, pod: dict[str, Any], kind: str) -> Faults:
    policy = pod.get("restartPolicy")
    if kind in ("Job", "CronJob"):
        yield from at_least(at, pod, 1, "activeDeadlineSeconds")
        if policy in (None, "", "Always"):
            said = "without restartPolicy it is Always" if not policy else "restartPolicy is Always"
            yield (*at, "restartPolicy"), f"{said}; a {kind}'s pods take OnFailure or Never"
        return
    if kind not in _LONG_RUNNING:
        yield from at_least(at, pod, 1, "activeDeadlineSeconds")
        return
    if policy in ("OnFailure", "Never"):
        yield (*at, "restartPolicy"), f"restartPolicy is {policy}; a {kind}'s pods take Always only"
    if pod.get("activeDeadlineSeconds") is not None:
        yield (*at, "activeDeadlineSeconds"), f"a {kind}'s pods take no activeDeadlineSeconds"


def _volumes(at: Path, volumes: list[dict[str, Any]]) -> Faults:
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        here, name = (*at, index), string(volume.get("name"))
        yield from word((*here, "name"), volume.get("name"), dns_label)
        if name:
            if name in seen:
                yield (*here, "name"), f"a second volume has the name `{name}`"
            seen.add(name)
        sources = [field for field, value in volume.items() if field != "name" and value is not None]
        if len(sources) > 1:
            yield here, f"a volume has one type, `{name}` has {', '.join(sources)}"
        for field in sources:
            yield from _source((*here, field), field, mapping(volume[field]))


def _source(at: Path, field: str, value: dict[str, Any]) -> Faults:
    if field == "emptyDir":
        yield from amount((*at, "sizeLimit"), value.get("sizeLimit"))
    elif field == "hostPath":
        path = value.get("path")
        if type(path) is str and (not path or ".." in path.split("/")):
            yield (*at, "path"), f"`{path}` is empty or holds `..`"
    elif field in ("configMap", "secret"):
        yield from _items(at, value, "name" if field == "configMap" else "secretName")
    elif field == "projected":
        written: set[str] = set()
        for index, source in enumerate(map(mapping, sequence(value.get("sources")))):
            here: Path = (*at, "sources", index)
            for path, file in _files(here, source):
                if file in written:
                    yield path, f"{file} is written twice"
                written.add(file)
            given = [each for each, content in source.items() if content is not None]
            if len(given) > 1:
                yield here, f"a source has one type, this has {', '.join(given)}"
            for each in ("configMap", "secret"):
                if type(source.get(each)) is dict:
                    yield from _items((*here, each), source[each], "name")


def _files(at: Path, source: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The files of a projected volume's source, as far as they are named."""
    for kind, content in source.items():
        if file := string(mapping(content).get("path")):
            yield (*at, kind, "path"), file
        for index, item in enumerate(map(mapping, sequence(mapping(content).get("items")))):
            if file := string(item.get("path")):
                yield (*at, kind, "items", index, "path"), file


def _items(at: Path, value: dict[str, Any], name: str) -> Faults:
    if not value.get(name):
        yield at, f"`{name}` is missing"
    yield from between((*at, "defaultMode"), value.get("defaultMode"), 0, 0o777)
    for index, item in enumerate(map(mapping, sequence(value.get("items")))):
        here = (*at, "items", index)
        if item.get("key") == "":
            yield (*here, "key"), "the key is empty"
        yield from between((*here, "mode"), item.get("mode"), 0, 0o777)
        if type(path := item.get("path")) is str:
            if not path or (path.startswith("..") and path[2:3] not in ("", "/")):
                yield (*here, "path"), f"`{path}` is empty or begins with `..`"
            yield from descending((*here, "path"), path)


def _toleration(at: Path, value: dict[str, Any]) -> Faults:
    key, operator = value.get("key"), value.get("operator") or "Equal"
    if type(key) is str and key and (why := qualified(key)):
        yield (*at, "key"), why
    if not key and operator != "Exists":
        yield at, "without a key, the operator must be Exists"
    if operator == "Exists" and value.get("value"):
        yield (*at, "value"), f"Exists takes no value, here {value['value']}"
    elif type(text := value.get("value")) is str and (why := label_value(text)):
        yield (*at, "value"), why
    if value.get("tolerationSeconds") is not None and value.get("effect") != "NoExecute":
        yield (*at, "tolerationSeconds"), "tolerationSeconds needs the effect NoExecute"


def _spread(at: Path, value: Any) -> Faults:
    seen: set[tuple[str | None, str | None]] = set()
    for index, each in enumerate(map(mapping, sequence(value))):
        here, key, action = (
            (*at, index),
            string(each.get("topologyKey")),
            string(each.get("whenUnsatisfiable")),
        )
        yield from at_least(here, each, 1, "maxSkew", "minDomains")
        if each.get("topologyKey") == "":
            yield (*here, "topologyKey"), "topologyKey is empty"
        if key and (key, action) in seen:
            yield here, f"a second constraint of {key} with {action}"
        seen.add((key, action))
        if each.get("minDomains") is not None and action == "ScheduleAnyway":
            yield (*here, "minDomains"), "minDomains needs whenUnsatisfiable: DoNotSchedule"
        yield from selector((*here, "labelSelector"), each.get("labelSelector"))
        keys = sequence(each.get("matchLabelKeys"))
        if keys and each.get("labelSelector") is None:
            yield (*here, "matchLabelKeys"), "matchLabelKeys needs a labelSelector"
        for position, label in enumerate(keys):
            yield from word((*here, "matchLabelKeys", position), label, qualified)


_SYSCTL = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def _affinity(at: Path, value: dict[str, Any]) -> Faults:
    nodes = mapping(value.get("nodeAffinity"))
    required = nodes.get(_REQUIRED)
    if type(required) is dict and not required.get("nodeSelectorTerms"):
        yield (*at, "nodeAffinity", _REQUIRED), "needs nodeSelectorTerms"
    for index, each in enumerate(map(mapping, sequence(mapping(required).get("nodeSelectorTerms")))):
        yield from _node_term((*at, "nodeAffinity", _REQUIRED, "nodeSelectorTerms", index), each)
    for index, each in enumerate(map(mapping, sequence(nodes.get(_PREFERRED)))):
        yield from between((*at, "nodeAffinity", _PREFERRED, index, "weight"), each.get("weight"), 1, 100)
    for field in ("podAffinity", "podAntiAffinity"):
        pods = mapping(value.get(field))
        for index, each in enumerate(map(mapping, sequence(pods.get(_REQUIRED)))):
            yield from _term((*at, field, _REQUIRED, index), each)
        for index, each in enumerate(map(mapping, sequence(pods.get(_PREFERRED)))):
            here: Path = (*at, field, _PREFERRED, index)
            yield from between((*here, "weight"), each.get("weight"), 1, 100)
            yield from _term((*here, "podAffinityTerm"), mapping(each.get("podAffinityTerm")))


def _node_term(at: Path, value: dict[str, Any]) -> Faults:
    for index, each in enumerate(map(mapping, sequence(value.get("matchExpressions")))):
        here, operator = (*at, "matchExpressions", index), each.get("operator")
        values = sequence(each.get("values"))
        yield from word((*here, "key"), each.get("key"), qualified)
        if operator in ("In", "NotIn") and not values:
            yield here, f"`{operator}` needs values"
        elif operator in ("Exists", "DoesNotExist") and values:
            yield (*here, "values"), f"`{operator}` takes no values"
        elif operator in ("Gt", "Lt") and len(values) != 1:
            yield here, f"`{operator}` needs one value"
        elif operator in ("In", "NotIn"):
            for position, text in enumerate(values):
                if type(text) is str and (why := label_value(text)):
                    yield (*here, "values", position), why


def _network(at: Path, pod: dict[str, Any]) -> Faults:
    """Names and addresses, and ports of the host, which two containers cannot share."""
    config = mapping(pod.get("dnsConfig"))
    servers = sequence(config.get("nameservers"))
    if pod.get("dnsPolicy") == "None" and not servers:
        yield (*at, "dnsConfig"), "dnsPolicy None needs nameservers"
    if len(servers) > 3:
        yield (*at, "dnsConfig", "nameservers"), f"{len(servers)} nameservers, more than 3"
    for index, server in enumerate(servers):
        yield from ip((*at, "dnsConfig", "nameservers", index), server)
    for index, alias in enumerate(map(mapping, sequence(pod.get("hostAliases")))):
        yield from ip((*at, "hostAliases", index, "ip"), alias.get("ip"))
    seen: set[tuple[str, str | None, int]] = set()
    for index, each in enumerate(sequence(pod.get("containers"))):
        for position, port in enumerate(map(mapping, sequence(mapping(each).get("ports")))):
            if type(number := port.get("hostPort")) is int and number:
                key = (string(port.get("protocol")) or "TCP", string(port.get("hostIP")), number)
                if key in seen:
                    here: Path = (*at, "containers", index, "ports", position, "hostPort")
                    yield here, f"hostPort {number} is taken already"
                seen.add(key)


def _term(at: Path, value: dict[str, Any]) -> Faults:
    yield from word((*at, "topologyKey"), value.get("topologyKey"), qualified)
    for field in ("labelSelector", "namespaceSelector"):
        yield from selector((*at, field), value.get(field))
