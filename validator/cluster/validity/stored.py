"""ConfigMaps, Secrets, claims, budgets, autoscalers, quotas and roles."""

import base64
import binascii
import json
from typing import Any

from validator.cluster.quantity import quantity
from validator.cluster.secrets import is_placeholder
from validator.cluster.validity.numbers import amount, amounts, at_least, between, share
from validator.cluster.validity.words import (
    Faults,
    choice,
    config_key,
    dns_label_1035,
    dns_subdomain,
    path_segment,
    qualified,
    selector,
    word,
)
from validator.cluster.validity.workloads import claim_spec
from validator.config import KubeVersions
from validator.finding import Path
from validator.manifest import Resource, dig, mapping, sequence

_MOST = 1024 * 1024
_TYPES: dict[str, tuple[tuple[str, ...], ...]] = {
    "kubernetes.io/dockercfg": ((".dockercfg",),),
    "kubernetes.io/dockerconfigjson": ((".dockerconfigjson",),),
    "kubernetes.io/basic-auth": (("username", "password"),),
    "kubernetes.io/ssh-auth": (("ssh-privatekey",),),
    "kubernetes.io/tls": (("tls.crt",), ("tls.key",)),
}
"""The keys that a type of Secret needs: of each tuple, one at least."""
_QUOTAS = frozenset(
    "cpu memory storage ephemeral-storage pods services replicationcontrollers resourcequotas secrets "
    "configmaps persistentvolumeclaims services.nodeports services.loadbalancers".split()
)
_ORDERED = (
    ("min", "max"),
    ("min", "default"),
    ("min", "defaultRequest"),
    ("default", "max"),
    ("defaultRequest", "max"),
    ("defaultRequest", "default"),
)
_COUNTED = _QUOTAS - {"cpu", "memory", "storage", "ephemeral-storage"}
_LIMITED = ("Container", "Pod", "PersistentVolumeClaim")
_RBAC = "rbac.authorization.k8s.io"
_ACCOUNT = "kubernetes.io/service-account.name"


def config_map(resource: Resource, kube: KubeVersions) -> Faults:
    data, binary = mapping(resource.get("data")), mapping(resource.get("binaryData"))
    size = 0
    for field, given in (("data", data), ("binaryData", binary)):
        for key, value in given.items():
            if why := config_key(key):
                yield (field, key), why
            size += len(value.encode()) if type(value) is str else 0
            if field == "binaryData" and type(value) is str and not _is_base64(value):
                yield (field, key), "is not base64"
    for key in data.keys() & binary.keys():
        yield ("data", key), f"the key `{key}` stands in binaryData, too"
    if size > _MOST:
        yield ("data",), f"{size:,} bytes, more than {_MOST:,}"


def secret(resource: Resource, kube: KubeVersions) -> Faults:
    """Values are never shown."""
    data, plain = mapping(resource.get("data")), mapping(resource.get("stringData"))
    size = 0
    for field, given in (("data", data), ("stringData", plain)):
        for key, value in given.items():
            if why := config_key(key):
                yield (field, key), why
            if type(value) is not str:
                continue
            size += len(value) * 3 // 4 if field == "data" else len(value.encode())
            if field == "data" and not _is_base64(value) and not is_placeholder(value):
                yield (field, key), f"the value of `{key}` is not base64; write plain text into stringData"
    if size > _MOST:
        yield ("data",), f"{size:,} bytes, more than {_MOST:,}"
    kind = resource.get("type")
    for needed in _TYPES.get(kind, ()) if type(kind) is str else ():
        if not any(key in data or key in plain for key in needed):
            yield ("type",), f"type {kind} needs the key {' or '.join(needed)}"
    if kind == "kubernetes.io/dockerconfigjson" and _is_broken_json(data, plain, ".dockerconfigjson"):
        yield ("data", ".dockerconfigjson"), "the value of `.dockerconfigjson` is no JSON object"
    named = resource.get("metadata", "annotations", _ACCOUNT)
    if kind == "kubernetes.io/service-account-token" and not named:
        yield ("metadata", "annotations"), f"type {kind} needs the annotation {_ACCOUNT}"


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_broken_json(data: dict[str, Any], plain: dict[str, Any], key: str) -> bool:
    text = plain.get(key)
    if text is None and type(encoded := data.get(key)) is str and _is_base64(encoded):
        text = base64.b64decode(encoded)
    if not isinstance(text, str | bytes) or (isinstance(text, str) and is_placeholder(text)):
        return False
    try:
        return type(json.loads(text)) is not dict
    except ValueError:
        return True


def claim(resource: Resource, kube: KubeVersions) -> Faults:
    yield from claim_spec(("spec",), mapping(resource.get("spec")))


def budget(resource: Resource, kube: KubeVersions) -> Faults:
    spec = mapping(resource.get("spec"))
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        yield ("spec",), f"minAvailable {least} and maxUnavailable {most} exclude each other"
    yield from share(("spec", "minAvailable"), least)
    yield from share(("spec", "maxUnavailable"), most)
    yield from selector(("spec", "selector"), spec.get("selector"))


_METRICS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_STRICT_TARGETS = 34
"""Since this Kubernetes version a target's apiVersion must name a group."""
_TARGETS = ("averageUtilization", "value", "averageValue")


def autoscaler(resource: Resource, kube: KubeVersions) -> Faults:
    """That its bounds contradict each other is another rule's business."""
    spec = mapping(resource.get("spec"))
    metrics = [mapping(metric) for metric in sequence(spec.get("metrics"))]
    sleeps = any(metric.get("type") in ("Object", "External") for metric in metrics)
    yield from at_least(("spec",), spec, 0 if sleeps else 1, "minReplicas")
    yield from at_least(("spec",), spec, 1, "maxReplicas")
    yield from _scaled(("spec", "scaleTargetRef"), mapping(spec.get("scaleTargetRef")), kube)
    for index, metric in enumerate(metrics):
        at: Path = ("spec", "metrics", index)
        yield from choice((*at, "type"), metric.get("type"), *_METRICS)
        field = _METRICS.get(str(metric.get("type")))
        given = [name for name in _METRICS.values() if metric.get(name) is not None]
        if field is not None and given != [field]:
            yield at, f"type {metric['type']} needs `{field}`, has {', '.join(given) or 'nothing'}"
        for name in given:
            target = mapping(mapping(metric[name]).get("target"))
            here = (*at, name, "target")
            yield from choice((*here, "type"), target.get("type"), "Utilization", "Value", "AverageValue")
            yield from at_least(here, target, 1, "averageUtilization")
            written = [each for each in _TARGETS if target.get(each)]
            if len(written) != 1 and field == name and "target" in mapping(metric[name]):
                yield here, f"needs one of {', '.join(_TARGETS)}; has {', '.join(written) or 'none'}"
            for each in ("value", "averageValue"):
                yield from amount((*here, each), target.get(each))
                if quantity(target.get(each)) == 0:
                    yield (*here, each), "0 is not more than 0"
    for direction in ("scaleUp", "scaleDown"):
        here = ("spec", "behavior", direction)
        rules = mapping(mapping(spec.get("behavior")).get(direction))
        window = rules.get("stabilizationWindowSeconds")
        yield from between((*here, "stabilizationWindowSeconds"), window, 0, 3600)
        if rules.get("policies") == []:
            yield (*here, "policies"), "needs a policy"
        yield from choice((*here, "selectPolicy"), rules.get("selectPolicy"), "Max", "Min", "Disabled")
        for index, policy in enumerate(map(mapping, sequence(rules.get("policies")))):
            yield from choice((*here, "policies", index, "type"), policy.get("type"), "Pods", "Percent")
            yield from at_least((*here, "policies", index), policy, 1, "value")
            period = policy.get("periodSeconds")
            yield from between((*here, "policies", index, "periodSeconds"), period, 1, 1800)


def _scaled(at: Path, value: dict[str, Any], kube: KubeVersions) -> Faults:
    for field in ("kind", "name"):
        yield from word((*at, field), value.get(field), path_segment)
    api, kind = value.get("apiVersion"), value.get("kind")
    if kube.newest >= _STRICT_TARGETS and kind != "ReplicationController" and type(api or "") is str:
        group, slash, version = str(api or "").partition("/")
        if not (slash and group) or "/" in version:
            yield at if api is None else (*at, "apiVersion"), f"apiVersion {api or ''} names no API group"


def quota(resource: Resource, kube: KubeVersions) -> Faults:
    hard = resource.get("spec", "hard")
    yield from amounts(("spec", "hard"), hard)
    for name in mapping(hard):
        base = name.removeprefix("requests.").removeprefix("limits.")
        if why := qualified(name):
            yield ("spec", "hard", name), why
        elif "/" not in name and base not in _QUOTAS and not base.startswith("hugepages-"):
            yield ("spec", "hard", name), f"`{name}` is no resource of quotas"
        elif name in _COUNTED and (number := quantity(hard[name])) is not None and number.denominator != 1:
            yield ("spec", "hard", name), f"{name} {hard[name]} is no whole number"
    terms = sequence(resource.get("spec", "scopeSelector", "matchExpressions"))
    for index, term in enumerate(map(mapping, terms)):
        if term.get("operator") in ("In", "NotIn") and not term.get("values"):
            yield ("spec", "scopeSelector", "matchExpressions", index), f"{term['operator']} needs values"


def limit_range(resource: Resource, kube: KubeVersions) -> Faults:
    seen: set[str] = set()
    for index, entry in enumerate(map(mapping, sequence(resource.get("spec", "limits")))):
        kind = entry.get("type")
        at: Path = ("spec", "limits", index)
        if type(kind) is str:
            if kind not in _LIMITED and ("/" not in kind or qualified(kind)):
                yield (*at, "type"), f"`{kind}` is none of {', '.join(_LIMITED)}"
            if kind in seen:
                yield (*at, "type"), f"a second entry of type {kind}"
            seen.add(kind)
        for field in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio"):
            yield from amounts((*at, field), entry.get(field), negative=True)
            for name in mapping(entry.get(field)):
                if qualified(name) or ("/" not in name and not _is_limited(name, kind)):
                    yield (*at, field, name), f"`{name}` is no resource of a {kind}"
        for low, high in _ORDERED:
            for name, value in mapping(entry.get(low)).items():
                other = mapping(entry.get(high)).get(name)
                first, second = quantity(value), quantity(other)
                if first is not None and second is not None and first > second:
                    yield (*at, low, name), f"{low} {value} is above {high} {other}"
        if kind == "Pod":
            for field in ("default", "defaultRequest"):
                if entry.get(field):
                    yield (*at, field), f"type Pod takes no {field}"


def _is_limited(name: str, kind: Any) -> bool:
    if kind == "PersistentVolumeClaim":
        return name == "storage"
    own = kind in ("Container", "Pod")
    return name in ("cpu", "memory", "ephemeral-storage", *(() if own else ("storage",))) or name.startswith(
        "hugepages-"
    )


def role(resource: Resource, kube: KubeVersions) -> Faults:
    for index, rule in enumerate(map(mapping, sequence(resource.get("rules")))):
        at: Path = ("rules", index)
        urls, groups = sequence(rule.get("nonResourceURLs")), sequence(rule.get("apiGroups"))
        resources = sequence(rule.get("resources"))
        if not rule.get("verbs"):
            yield (*at, "verbs"), "a rule needs verbs"
        if urls and resource.kind == "Role":
            yield (*at, "nonResourceURLs"), "a Role knows no nonResourceURLs, only a ClusterRole"
        elif urls and (groups or resources):
            yield at, "nonResourceURLs do not go with resources"
        elif not urls and not groups:
            yield at, 'a rule on resources needs apiGroups; the core API is ""'
        elif not urls and not resources:
            yield at, "a rule needs resources"
    aggregation = resource.get("aggregationRule")
    if type(aggregation) is dict and not aggregation.get("clusterRoleSelectors"):
        yield ("aggregationRule",), "aggregationRule needs clusterRoleSelectors"


def binding(resource: Resource, kube: KubeVersions) -> Faults:
    """That the role or the subjects are absent is another rule's business."""
    ref, everywhere = mapping(resource.get("roleRef")), resource.kind == "ClusterRoleBinding"
    yield from choice(("roleRef", "kind"), ref.get("kind"), *(() if everywhere else ("Role",)), "ClusterRole")
    yield from choice(("roleRef", "apiGroup"), ref.get("apiGroup"), _RBAC)
    if ref and not ref.get("name"):
        yield ("roleRef", "name"), "roleRef names no role"
    else:
        yield from word(("roleRef", "name"), ref.get("name"), path_segment)
    for index, subject in enumerate(map(mapping, sequence(resource.get("subjects")))):
        yield from _subject(("subjects", index), subject, everywhere)


def _subject(at: Path, value: dict[str, Any], everywhere: bool) -> Faults:
    kind = value.get("kind")
    yield from choice((*at, "kind"), kind, "ServiceAccount", "User", "Group")
    if value.get("name") == "":
        yield (*at, "name"), "the subject has no name"
    if kind != "ServiceAccount":
        yield from choice((*at, "apiGroup"), value.get("apiGroup"), _RBAC)
        return
    yield from word((*at, "name"), value.get("name") or None, dns_subdomain)
    if value.get("apiGroup"):
        yield (*at, "apiGroup"), "a ServiceAccount's apiGroup is empty"
    if everywhere and not value.get("namespace"):
        yield at, "a ServiceAccount needs its namespace here"


def priority_class(resource: Resource, kube: KubeVersions) -> Faults:
    value = resource.get("value")
    if resource.name.startswith("system-"):
        if resource.name not in ("system-cluster-critical", "system-node-critical"):
            yield ("metadata", "name"), "names with `system-` are reserved"
    elif type(value) is int and value > 1_000_000_000:
        yield ("value",), f"{value:,} is more than 1,000,000,000, the most of an own class"


def admission_policy(resource: Resource, kube: KubeVersions) -> Faults:
    spec = mapping(resource.get("spec"))
    if not spec.get("matchConstraints"):
        yield ("spec",), "a policy needs matchConstraints"
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        yield ("spec",), "a policy needs validations or auditAnnotations"


def definition(resource: Resource, kube: KubeVersions) -> Faults:
    plural, group = resource.get("spec", "names", "plural"), resource.get("spec", "group")
    if plural and group and resource.name != f"{plural}.{group}":
        yield ("metadata", "name"), f"`{resource.name}` is not plural and group, {plural}.{group}"
    yield from choice(("spec", "scope"), resource.get("spec", "scope"), "Namespaced", "Cluster")
    for field in ("kind", "listKind", "singular", "plural"):
        name = resource.get("spec", "names", field)
        yield from word(("spec", "names", field), name.lower() if type(name) is str else None, dns_label_1035)
    versions = [mapping(version) for version in sequence(resource.get("spec", "versions"))]
    stored = sum(version.get("storage") is True for version in versions)
    if stored != 1:
        yield ("spec", "versions"), f"{stored} versions are the storage version, where one must be"
    for index, version in enumerate(versions):
        at: Path = ("spec", "versions", index)
        yield from word((*at, "name"), version.get("name"), dns_label_1035)
        schema = dig(version, "schema", "openAPIV3Schema")
        if type(schema) is not dict:
            yield at, "a version needs schema.openAPIV3Schema"
        else:
            yield from _structural((*at, "schema", "openAPIV3Schema"), schema)


_TYPES_OF_SCHEMAS = ("array", "boolean", "integer", "number", "object", "string")


def _structural(at: Path, schema: dict[str, Any]) -> Faults:
    """https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema"""
    kind = schema.get("type")
    yield from choice((*at, "type"), kind, *_TYPES_OF_SCHEMAS)
    free = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    if not kind and not any(schema.get(field) is True for field in free):
        yield at, "a structural schema needs a type"
    for name, child in mapping(schema.get("properties")).items():
        yield from _structural((*at, "properties", name), mapping(child))
    for field in ("items", "additionalProperties"):
        if type(child := schema.get(field)) is dict:
            yield from _structural((*at, field), child)
