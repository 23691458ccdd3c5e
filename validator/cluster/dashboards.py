"""Grafana's dashboards and data sources in ConfigMaps and Secrets."""

import base64
import binascii
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.monitoring import texts, yaml_of
from validator.cluster.promql import is_logql
from validator.cluster.view import View
from validator.finding import Address
from validator.manifest import dig, mapping, sequence, string

LABEL = "grafana_dashboard"
_OWN = frozenset(
    {"grafana", "-- Grafana --", "-- Mixed --", "-- Dashboard --", "__expr__", "default", "datasource"}
)
"""What Grafana itself answers to, provisioned or not (public/app/features/plugins/datasource_srv.ts)."""
_REFERENCE = re.compile(r"\$\{(\w+)(?::[^}]*)?\}|\$(\w+)|\[\[(\w+)(?::\w+)?\]\]")


@dataclass(frozen=True, slots=True)
class Query:
    """A panel's PromQL, the panel's title, and where the text stands."""

    expr: str
    panel: str
    at: Address


@dataclass(frozen=True, slots=True)
class SourceUse:
    """A reference to a data source: what is written, the panel or variable, and where."""

    uid: str
    by_name: bool
    user: str
    at: Address


@dataclass(frozen=True, slots=True)
class BrokenJson:
    message: str
    line: int
    column: int
    offset: int


class Dashboard:
    """One dashboard: a key of a ConfigMap and its text."""

    def __init__(self, source: "DashboardSource", key: str, text: str, value: Any) -> None:
        self.source, self.key, self.text = source, key, text
        self.value: dict[str, Any] = mapping(value)
        self.is_mapping = type(value) is dict
        self.broken = value if isinstance(value, BrokenJson) else None
        # Grafana 12's resource format wraps the same model: apiVersion, metadata.name, spec.
        self.wrapped = "apiVersion" in self.value and type(self.value.get("spec")) is dict
        self.model: dict[str, Any] = mapping(self.value["spec"]) if self.wrapped else self.value

    @property
    def uid(self) -> str | None:
        value = dig(self.value, "metadata", "name") if self.wrapped else self.value.get("uid")
        return string(value)

    def at(self, part: str | None = None) -> Address:
        """The address of the dashboard's text, or of a JSON string inside it."""
        offset = self.text.find(json.dumps(part, ensure_ascii=False)) if part is not None else -1
        return self.source.at_key(self.key, offset if offset >= 0 else None)

    @property
    def variables(self) -> frozenset[str]:
        listed = sequence(dig(self.model, "templating", "list"))
        return frozenset(str(mapping(v).get("name")) for v in listed)

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset(str(mapping(v).get("name")) for v in sequence(self.model.get("__inputs")))

    def panels(self) -> Iterator[dict[str, Any]]:
        """Every panel: top ones, those of collapsed rows, and those of the rows of old dashboards."""
        stack = [self.model]
        while stack:
            holder = stack.pop()
            for key in ("panels", "rows"):
                for panel in sequence(holder.get(key)):
                    if type(panel) is dict:
                        if key == "panels":
                            yield panel
                        stack.append(panel)

    def queries(self) -> Iterator[Query]:
        """The PromQL of all panels; queries to other kinds of data source are left out."""
        kinds = source_kinds(self.source.cluster)
        for panel in self.panels():
            for target in sequence(panel.get("targets")):
                target = mapping(target)
                expr = target.get("expr")
                if type(expr) is not str or not expr.strip():
                    continue
                if _asks_prometheus(
                    target.get("datasource") or panel.get("datasource"), kinds
                ) and not is_logql(expr):
                    yield Query(expr, str(panel.get("title") or panel.get("id") or "untitled"), self.at(expr))

    def uses(self) -> Iterator[SourceUse]:
        """Every data source that a panel, a query or a variable names."""
        for panel in self.panels():
            user = f"panel {panel.get('title') or panel.get('id') or 'untitled'!r}"
            yield from self._use(panel.get("datasource"), user)
            for target in sequence(panel.get("targets")):
                yield from self._use(mapping(target).get("datasource"), user)
        for variable in sequence(dig(self.model, "templating", "list")):
            variable = mapping(variable)
            yield from self._use(variable.get("datasource"), f"variable {variable.get('name')}")

    def _use(self, value: Any, user: str) -> Iterator[SourceUse]:
        uid = value.get("uid") if type(value) is dict else value
        if type(uid) is str and uid and uid not in _OWN:
            yield SourceUse(uid, type(value) is str, user, self.at(uid))


def _asks_prometheus(value: Any, kinds: Mapping[str, str]) -> bool:
    if type(value) is dict:
        kind = string(value.get("type"))
        value = value.get("uid")
        if kind is not None:
            return kind == "prometheus" or kind.endswith("-prometheus-datasource")
    if type(value) is str and not value.startswith("$"):
        return kinds.get(value, "prometheus") == "prometheus" and "loki" not in value.lower()
    return not (type(value) is str and "loki" in value.lower())


def referenced(text: str) -> str | None:
    """The variable that a data source reference is, as in `${datasource}`."""
    match = _REFERENCE.fullmatch(text)
    return match and (match[1] or match[2] or match[3])


class DashboardSource(View):
    """A ConfigMap that may hold dashboards: by its label for Grafana's sidecar, or by JSON of that shape."""

    kinds = (("", "ConfigMap"),)

    @cached_property
    def dashboards(self) -> tuple[Dashboard, ...]:
        labelled = LABEL in self.labels
        found = []
        for key, text in texts(self):
            if not key.endswith(".json") or not (labelled or '"panels"' in text or '"rows"' in text):
                continue
            value = _json(text)
            if labelled or _is_dashboard(value) or (isinstance(value, BrokenJson) and '"targets"' in text):
                found.append(Dashboard(self, key, text, value))
        return tuple(found)

    def has_dashboards(self) -> bool:
        return bool(self.dashboards)

    def at_key(self, key: str, offset: int | None) -> Address:
        return Address(self.resource.ref, ("data", key), offset=offset)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return BrokenJson(error.msg, error.lineno, error.colno, error.pos)
    except (RecursionError, ValueError) as error:
        return BrokenJson(str(error), 1, 1, 0)


def _is_dashboard(value: Any) -> bool:
    value = mapping(value)
    model = mapping(value["spec"]) if "apiVersion" in value and "spec" in value else value
    return type(model.get("panels", model.get("rows"))) is list and (
        "title" in model or "schemaVersion" in model
    )


class SourceHolder(View):
    kinds = (("", "ConfigMap"), ("", "Secret"))


@lru_cache(maxsize=1)
def source_kinds(cluster: Cluster) -> dict[str, str]:
    """Types of the provisioned data sources by name and by uid; empty when none is in the render."""
    found: dict[str, str] = {}
    for holder in cluster.of(SourceHolder):
        for text in _held(holder):
            if "datasources:" not in text:
                continue
            for document in yaml_of(text, holder.name):
                for source in sequence(mapping(document).get("datasources")):
                    name = string(mapping(source).get("name"))
                    if name is not None and type(mapping(source).get("type")) is str:
                        kind = str(source["type"])
                        found[name] = kind
                        found[string(source.get("uid")) or generated_uid(name)] = kind
    return found


def generated_uid(name: str) -> str:
    """The uid that Grafana makes of a name when provisioning gives none: `Prometheus` is PBFA97CFB590B2093.

    pkg/services/provisioning/datasources: safeUIDFromName.
    """
    import hashlib

    return f"P{hashlib.sha256(name.encode()).hexdigest()[:16]}".upper()


def _held(holder: View) -> Iterator[str]:
    for field in ("data", "stringData"):
        for text in mapping(holder.get(field)).values():
            if type(text) is not str:
                continue
            if holder.kind == "Secret" and field == "data":
                try:
                    text = base64.b64decode(text).decode()
                except (binascii.Error, ValueError):
                    continue
            yield text


@lru_cache(maxsize=1)
def dashboards_by_uid(cluster: Cluster) -> dict[str, list[Dashboard]]:
    """All dashboards of the render by uid: two with one keep Grafana from saving new ones."""
    found: dict[str, list[Dashboard]] = defaultdict(list)
    for source in cluster.of(DashboardSource):
        for dashboard in source.dashboards:
            if dashboard.uid:
                found[dashboard.uid].append(dashboard)
    return found
