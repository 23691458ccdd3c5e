"""Alert and recording rules wherever they stand, Alertmanager's routes, and what alerts watch over."""

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.monitoring import (
    GROUP,
    Labels,
    Scrape,
    full_match,
    pod_names,
    scrape_configurations,
    scrapes,
    texts,
    yaml_of,
)
from validator.cluster.outside import Alertmanager
from validator.cluster.promql import Matcher, Watched, is_logql, narrowed, watched
from validator.cluster.selector import Selector
from validator.cluster.view import View, strings
from validator.cluster.workload import Workload
from validator.finding import Address, Path, TargetError
from validator.manifest import Document, dig, mapping, parse, sequence, string

# --- rules


@dataclass(frozen=True, eq=False)
class PromRule:
    """One rule of a PrometheusRule or of a rule file in a ConfigMap.

    `path` leads to it inside the object, or inside the text that `key` of a ConfigMap holds.
    """

    source: "RuleSource"
    path: Path
    value: Mapping[str, Any]
    group_labels: Mapping[str, str]
    key: str | None = None
    text: str = ""
    document: Document | None = None
    logql: bool = False

    @property
    def alert(self) -> str | None:
        """The alert's name; None for a recording rule."""
        return _word(self.value.get("alert"))

    @property
    def record(self) -> str | None:
        return _word(self.value.get("record"))

    @property
    def title(self) -> str:
        return self.alert or self.record or "a rule without a name"

    @property
    def expr(self) -> str | None:
        """The expression; the CRD takes a number too."""
        value = self.value.get("expr")
        return str(value) if type(value) in (int, float) else string(value)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Its own labels over those of its group."""
        return {**self.group_labels, **strings(self.value.get("labels"))}

    @property
    def annotations(self) -> dict[str, str]:
        return strings(self.value.get("annotations"))

    def at(self, *path: str | int, within: int = 0) -> Address:
        """The address of a field of this rule, `within` characters inside its text."""
        if self.document is None:
            offset = within or None
            return Address(self.source.resource.ref, (*self.path, *path), offset=offset)
        place = self.document.locate((*self.path, *path))
        before = self.text.split("\n")[: (place.line or 1) - 1]
        offset = sum(len(line) + 1 for line in before) + (place.column or 1) - 1
        return Address(self.source.resource.ref, ("data", self.key or ""), offset=offset + within)


def _word(value: Any) -> str | None:
    return str(value) if type(value) in (str, int) and value != "" else None


class RuleSource(View):
    """An object that may hold Prometheus' rules: a PrometheusRule, or a ConfigMap with rule files."""

    kinds = ((GROUP, "PrometheusRule"), ("", "ConfigMap"))

    @cached_property
    def rules(self) -> tuple[PromRule, ...]:
        if self.kind == "PrometheusRule":
            return tuple(self._of(self.spec.get("groups"), ("spec",)))
        found: list[PromRule] = []
        for key, text in texts(self):
            if "groups:" in text and "rules:" in text and key.endswith((".yaml", ".yml", ".rules")):
                found += self._file(key, text)
        return tuple(found)

    @cached_property
    def alerts(self) -> tuple[PromRule, ...]:
        return tuple(r for r in self.rules if r.alert)

    def has_rules(self) -> bool:
        return bool(self.rules)

    def has_alerts(self) -> bool:
        return bool(self.alerts)

    def _of(self, groups: Any, base: Path, **more: Any) -> Iterator[PromRule]:
        for i, group in enumerate(sequence(groups)):
            group = mapping(group)
            labels = strings(group.get("labels"))
            for j, value in enumerate(sequence(group.get("rules"))):
                if type(value) is dict:
                    yield PromRule(self, (*base, "groups", i, "rules", j), value, labels, **more)

    def _file(self, key: str, text: str) -> list[PromRule]:
        try:
            documents = parse(text, key)
        except TargetError:
            return []
        found: list[PromRule] = []
        for value, document in documents:
            groups = mapping(value).get("groups")
            rules = [r for group in sequence(groups) for r in sequence(mapping(group).get("rules"))]
            # Grafana's alert provisioning has groups and rules too, but neither alert nor record.
            if not any("alert" in mapping(r) or "record" in mapping(r) for r in rules):
                continue
            logql = any(is_logql(mapping(r)["expr"]) for r in rules if string(mapping(r).get("expr")))
            found += self._of(groups, (), key=key, text=text, document=document, logql=logql)
        return found


# --- routes


@dataclass(frozen=True, slots=True)
class RouteMatcher:
    """A matcher of a route; `matches` is None when only the running alert can tell."""

    label: str
    operator: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool | None:
        if self.label not in labels or "{{" in labels[self.label]:
            return None
        given = labels[self.label]
        equal = given == self.value if self.operator in ("=", "!=") else full_match(self.value, given)
        return equal if equal is None or self.operator in ("=", "=~") else not equal


@dataclass(frozen=True, slots=True)
class Route:
    matchers: tuple[RouteMatcher | None, ...]
    receiver: str
    goes_on: bool
    routes: "tuple[Route, ...]"

    def matches(self, labels: Mapping[str, str]) -> bool | None:
        verdicts = [m.matches(labels) if m else None for m in self.matchers]
        return False if False in verdicts else None if None in verdicts else True

    def names_alert(self) -> bool:
        return any(m and m.label == "alertname" and m.operator in ("=", "=~") for m in self.matchers)


@dataclass(frozen=True, slots=True)
class Routing:
    """One Alertmanager's tree of routes, and which receivers tell anybody."""

    at: Address
    name: str
    root: Route
    receivers: Mapping[str, bool]

    def ends(self, labels: Mapping[str, str]) -> dict[str, bool]:
        """The receivers that an alert may reach, and whether one that names the alert leads there.

        Labels that only the running alert has can match or not, so both ways are followed.
        """
        found: dict[str, bool] = {}
        self._follow(self.root, labels, False, found)
        return found

    def _follow(self, route: Route, labels: Mapping[str, str], named: bool, found: dict[str, bool]) -> None:
        named = named or route.names_alert()
        stays = True
        for child in route.routes:
            verdict = child.matches(labels)
            if verdict is False:
                continue
            self._follow(child, labels, named, found)
            stays = stays and verdict is None
            if verdict is True and not child.goes_on:
                break
        if stays:
            found[route.receiver] = found.get(route.receiver, False) or named


_MATCHER = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|[^\s=!~"]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^",]*?)\s*(?:,|$)'
)


def read_matchers(value: Any) -> Iterator[RouteMatcher | None]:
    """The `matchers` list of Alertmanager's own file; None for one that cannot be read."""
    for item in sequence(value):
        text = str(item).strip()
        if text.startswith("{") and text.endswith("}"):
            text = text[1:-1].strip()
        position = 0
        while position < len(text):
            match = _MATCHER.match(text, position)
            if match is None or match.end() == position:
                yield None
                break
            yield RouteMatcher(_unquoted(match[1]), match[2], _unquoted(match[3]))
            position = match.end()


def _unquoted(text: str) -> str:
    if len(text) < 2 or not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text[1:-1])


def _route(value: Any, receiver: str) -> Route:
    value = mapping(value)
    receiver = string(value.get("receiver")) or receiver
    matchers: list[RouteMatcher | None] = [
        RouteMatcher(label, operator, text)
        for key, operator in (("match", "="), ("match_re", "=~"))
        for label, text in strings(value.get(key)).items()
    ]
    matchers += read_matchers(value.get("matchers"))
    children = tuple(_route(child, receiver) for child in sequence(value.get("routes")))
    return Route(tuple(matchers), receiver, value.get("continue") is True, children)


def _receivers(value: Any, ending: str, prefix: str = "") -> dict[str, bool]:
    """Receiver names, and whether any list of integrations (`*_configs`) of each holds something."""
    return {
        prefix + str(receiver.get("name")): any(
            k.endswith(ending) and sequence(v) for k, v in receiver.items()
        )
        for receiver in sequence(value)
        if type(receiver) is dict
    }


class ExternalSecret(View):
    kinds = (("external-secrets.io", "ExternalSecret"),)


class AlertmanagerConfig(View):
    kinds = ((GROUP, "AlertmanagerConfig"),)

    def route(self, strategy: str) -> Route:
        """Its route as the operator hangs it under the root: for its own namespace, and going on.

        pkg/alertmanager/amcfg.go; `alertmanagerConfigMatcherStrategy: None` adds no namespace.
        """
        found = self._route(self.spec.get("route"), "")
        added = () if strategy == "None" else (RouteMatcher("namespace", "=", self.namespace),)
        return Route(added + found.matchers, found.receiver, True, found.routes)

    @property
    def prefix(self) -> str:
        return f"{self.namespace}/{self.name}/"

    def _route(self, value: Any, receiver: str) -> Route:
        value = mapping(value)
        receiver = self.prefix + str(value["receiver"]) if value.get("receiver") else receiver
        matchers: list[RouteMatcher | None] = []
        for item in sequence(value.get("matchers")):
            item = mapping(item)
            operator = string(item.get("matchType")) or ("=~" if item.get("regex") is True else "=")
            matchers.append(RouteMatcher(str(item.get("name")), operator, str(item.get("value") or "")))
        children = tuple(self._route(child, receiver) for child in sequence(value.get("routes")))
        return Route(tuple(matchers), receiver, value.get("continue") is True, children)

    @property
    def receivers(self) -> dict[str, bool]:
        return _receivers(self.spec.get("receivers"), "Configs", self.prefix)


_KEYS = ("alertmanager.yaml", "alertmanager.yml")


class RoutingSource(View):
    """An object that may hold Alertmanager's file."""

    kinds = (("", "Secret"), ("", "ConfigMap"), ("external-secrets.io", "ExternalSecret"))

    @property
    def provides(self) -> str:
        """The name of the Secret or ConfigMap that comes of it."""
        if self.kind != "ExternalSecret":
            return self.name
        return string(self.get("spec", "target", "name")) or self.name

    @cached_property
    def routing(self) -> Routing | None:
        for key in _KEYS:
            for path, text in self._held(key):
                for document in yaml_of(text, key):
                    if type(dig(document, "route")) is dict:
                        root = _route(document["route"], "")
                        known = _receivers(document.get("receivers"), "_configs")
                        return Routing(self.at(*path), str(self), root, known)
        return None

    def _held(self, key: str) -> Iterator[tuple[Path, str]]:
        base: Path = ("spec", "target", "template", "data") if self.kind == "ExternalSecret" else ("data",)
        for path in ((*base, key), ("stringData", key)):
            text = self.get(*path)
            if type(text) is not str:
                continue
            if self.kind == "Secret" and path[0] == "data":
                try:
                    text = base64.b64decode(text).decode()
                except (binascii.Error, ValueError):
                    continue
            yield path, text


@lru_cache(maxsize=1)
def routings(cluster: Cluster) -> tuple[Routing, ...]:
    """Every Alertmanager's routes, or none when one of them is not in the render.

    An Alertmanager that cannot be read could deliver anything, so nothing is said about alerts then.
    """
    sources = cluster.of(RoutingSource)
    claimed: set[tuple[str, str]] = set()
    found: list[Routing] = []
    for manager in cluster.of(Alertmanager):
        name = string(manager.spec.get("configSecret")) or f"alertmanager-{manager.name}"
        claimed.add((manager.namespace, name))
        base = _base(manager, name, sources)
        if base is None:
            return ()
        found.append(_with_configs(manager, base))
    for source in sources:
        if source.routing and (
            source.kind == "ConfigMap" or (source.namespace, source.provides) not in claimed
        ):
            found.append(source.routing)
    return tuple(found)


def _base(manager: Alertmanager, secret: str, sources: Iterable[RoutingSource]) -> Routing | None:
    """The file that an Alertmanager object starts from; without any, the operator's own.

    That one sends everything to a receiver `null` (pkg/alertmanager/operator.go).
    """
    cluster = manager.cluster
    if manager.get("spec", "alertmanagerConfiguration") is not None:
        return None
    for source in sources:
        if source.kind != "ConfigMap" and (source.namespace, source.provides) == (manager.namespace, secret):
            return source.routing
    outside = any(s.name == secret for s in cluster.settings.external_secrets)
    if outside or "configSecret" in manager.spec or not cluster.complete:
        return None
    return Routing(manager.at("spec"), str(manager), Route((), "null", False, ()), {"null": False})


def _with_configs(manager: Alertmanager, base: Routing) -> Routing:
    cluster = manager.cluster
    selector = Selector.parse(manager.spec.get("alertmanagerConfigSelector"))
    spaces = manager.spec.get("alertmanagerConfigNamespaceSelector")
    strategy = str(manager.get("spec", "alertmanagerConfigMatcherStrategy", "type") or "OnNamespace")
    routes: list[Route] = []
    receivers = dict(base.receivers)
    for config in cluster.of(AlertmanagerConfig):
        labels = cluster.namespace_labels.get(config.namespace, {})
        here = (
            config.namespace == manager.namespace
            if spaces is None
            else Selector.parse(spaces).matches(labels)
        )
        if here and selector.matches(config.labels):
            own = (
                strategy == "OnNamespaceExceptForAlertmanagerNamespace"
                and config.namespace == manager.namespace
            )
            routes.append(config.route("None" if own else strategy))
            receivers |= config.receivers
    root = base.root
    joined = Route(root.matchers, root.receiver, root.goes_on, (*routes, *root.routes))
    return Routing(base.at, base.name, joined, receivers)


# --- what alerts watch over

_EXPORTERS: dict[str, tuple[str, ...]] = {
    "pg_up": ("postgres", "timescale", "postgis"),
    "redis_up": ("redis", "valkey", "dragonfly", "keydb"),
    "mysql_up": ("mysql", "mariadb", "percona"),
    "mongodb_up": ("mongo",),
    "memcached_up": ("memcached",),
    "rabbitmq_up": ("rabbitmq",),
}
"""What each exporter's own `*_up` says about: parts of the names of the images."""

_STATUS: dict[str, str] = {
    "kube_deployment_status_": "Deployment",
    "kube_deployment_spec_replicas": "Deployment",
    "kube_statefulset_status_": "StatefulSet",
    "kube_statefulset_replicas": "StatefulSet",
    "kube_daemonset_status_": "DaemonSet",
    "kube_replicaset_status_": "ReplicaSet",
    "kube_pod_status_": "",
    "kube_pod_container_status_": "",
}
"""kube-state-metrics' series that show a workload down, and the kind they are about (any for pods)."""

_IDENTITY = frozenset(
    [
        "job",
        "service",
        "deployment",
        "statefulset",
        "daemonset",
        "replicaset",
        "pod",
        "container",
        "instance",
        "app",
    ]
)
"""Labels that tell one workload from the next; a namespace does not."""
_SCRAPE_FILED = ("job", "service")
_STATUS_FILED = ("deployment", "statefulset", "daemonset", "replicaset")
_LITERALS = re.compile(r"[\w.:/-]+(?:\|[\w.:/-]+)*")


class Coverage:
    """Which workloads some alert watches, by the labels that their series would have."""

    def __init__(self, cluster: Cluster) -> None:
        sources = cluster.of(RuleSource)
        records: dict[str, list[Watched]] = defaultdict(list)
        expressions: set[str] = set()
        for source in sources:
            for rule in source.rules:
                if rule.expr is None or rule.logql:
                    continue
                if rule.alert:
                    expressions.add(rule.expr)
                elif rule.record:
                    records[rule.record] += watched(rule.expr)
        self.alerts = len(expressions)
        all_watched: dict[Watched, None] = {}
        for expression in sorted(expressions):
            for each in watched(expression):
                for seen in _unfolded(each, records, 5):
                    all_watched[seen] = None
        self._anywhere: list[Watched] = []
        self._by_value: dict[tuple[str, str], list[Watched]] = defaultdict(list)
        for seen in all_watched:
            self._file(seen)

    def _file(self, seen: Watched) -> None:
        """By a label's values where a matcher lists them, so that a workload meets few matchers."""
        filed = _STATUS_FILED if _is_status(seen.metric) else _SCRAPE_FILED
        for matcher in seen.matchers:
            if matcher.label not in filed:
                continue
            if matcher.operator == "=" or (matcher.operator == "=~" and _LITERALS.fullmatch(matcher.value)):
                # A point also matches any other character, which names of objects seldom need.
                for value in matcher.value.split("|") if matcher.operator == "=~" else (matcher.value,):
                    self._by_value[matcher.label, value].append(seen)
                self._by_value[matcher.label, ""].append(seen)
                return
        self._anywhere.append(seen)

    def covers(self, workload: Workload) -> bool:
        own = scrapes(workload)
        targets: list[Labels] = [scrape.labels for scrape in own]
        status = _status_labels(workload)
        for seen in self._candidates(targets, status):
            if _is_status(seen.metric):
                kind = _status_kind(seen.metric)
                if kind in ("", workload.kind) and _fits(seen, status):
                    return True
            elif seen.metric == "probe_success":
                if any(_fits(seen, labels) for labels in _probes(workload)):
                    return True
            elif seen.metric in _EXPORTERS and not seen.absent:
                if self._exported(seen, workload, own):
                    return True
            elif (seen.absent or seen.metric == "up") and any(_fits(seen, labels) for labels in targets):
                return True
        return False

    def _candidates(self, targets: list[Labels], status: Labels) -> Iterator[Watched]:
        yield from self._anywhere
        # A label of unknown value may have any: then every matcher on it is tried.
        wanted = {(f, value) for labels in targets for f in _SCRAPE_FILED for value in labels.get(f, ("",))}
        wanted |= {(f, value) for f in _STATUS_FILED for value in status[f]}
        for key in wanted:
            yield from self._by_value.get(key, ())

    def _exported(self, seen: Watched, workload: Workload, own: list[Scrape]) -> bool:
        """An exporter's verdict covers the databases of its kind beside it, in its pod or namespace."""
        words = _EXPORTERS[seen.metric]
        names = [c.image.name for c in workload.containers if c.image]
        if not any(word in name for name in names for word in words):
            return False
        if any(_fits(seen, scrape.labels) for scrape in own):
            return True
        exporters = _exporters(workload.cluster).get((workload.namespace, seen.metric), ())
        return any(_fits(seen, labels) for labels in exporters)


@lru_cache(maxsize=1)
def coverage(cluster: Cluster) -> Coverage:
    """That of a target, kept while that target is judged."""
    return Coverage(cluster)


@lru_cache(maxsize=1)
def _exporters(cluster: Cluster) -> dict[tuple[str, str], list[Labels]]:
    found: dict[tuple[str, str], list[Labels]] = defaultdict(list)
    for workload in cluster.workloads:
        names = [c.image.name for c in workload.containers if c.image and "exporter" in c.image.name]
        for metric, words in _EXPORTERS.items():
            if any(word in name for name in names for word in words):
                found[workload.namespace, metric] += [scrape.labels for scrape in scrapes(workload)]
    return found


def _unfolded(seen: Watched, records: Mapping[str, list[Watched]], depth: int) -> Iterator[Watched]:
    """A recorded series stands for what its rule looks at; recordings of recordings, a few deep."""
    if seen.metric not in records or depth == 0:
        yield seen
        return
    for inner in records[seen.metric]:
        yield from _unfolded(narrowed(inner, seen), records, depth - 1)


def _is_status(metric: str) -> bool:
    return metric.startswith("kube_")


def _status_kind(metric: str) -> str | None:
    return next((kind for prefix, kind in _STATUS.items() if metric.startswith(prefix)), None)


def _status_labels(workload: Workload) -> dict[str, tuple[str, ...]]:
    """kube-state-metrics' labels; its `job`, `instance` and `service` are its own and say nothing."""
    namespace = (workload.namespace,)
    return {
        "namespace": namespace,
        "exported_namespace": namespace,
        "pod": pod_names(workload),
        "exported_pod": pod_names(workload),
        "container": tuple(c.name for c in workload.containers if c.role != "init"),
        "deployment": (workload.name,) if workload.kind == "Deployment" else (),
        "statefulset": (workload.name,) if workload.kind == "StatefulSet" else (),
        "daemonset": (workload.name,) if workload.kind == "DaemonSet" else (),
        "replicaset": (workload.name,) if workload.kind == "ReplicaSet" else (),
    }


def _probes(workload: Workload) -> Iterator[Labels]:
    configurations = scrape_configurations(workload.cluster)
    for service in workload.cluster.services_of(workload):
        jobs = configurations.jobs(configurations.probed, service)
        if jobs:
            yield {"job": tuple(jobs)}


def _fits(seen: Watched, labels: Labels) -> bool:
    """Whether a series with these labels satisfies the matchers.

    `absent` fires only when every series is gone, so it must name the workload by an equality.
    """
    if seen.absent and not any(m.operator in ("=", "=~") and _names_one(m) for m in seen.matchers):
        return False
    return all(_satisfies(matcher, labels) for matcher in seen.matchers)


def _names_one(matcher: Matcher) -> bool:
    if matcher.label not in _IDENTITY or not matcher.value:
        return False
    return matcher.operator == "=" or ("|" not in matcher.value and bool(_LITERALS.fullmatch(matcher.value)))


def _satisfies(matcher: Matcher, labels: Labels) -> bool:
    values = labels.get(matcher.label)
    if values is None:
        return True
    match matcher.operator:
        case "=":
            return matcher.value in values
        case "!=":
            return any(value != matcher.value for value in values)
        case "=~":
            return any(full_match(matcher.value, value) is not False for value in values)
    return any(full_match(matcher.value, value) is not True for value in values)
