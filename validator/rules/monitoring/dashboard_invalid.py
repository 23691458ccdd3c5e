"""Grafana cannot load this dashboard, or loads it with panels that find no data source.

Broken JSON is skipped with a line in Grafana's log; without a `uid` each new database gives the dashboard
another address; while two have one uid, Grafana saves no new dashboard of that provider
(https://github.com/grafana/grafana/issues/39467); a panel with an unknown data source shows an error instead
of data. `${DS_PROMETHEUS}` of a dashboard exported "for sharing" is filled in by the import
dialogue only, not by provisioning (https://github.com/grafana/grafana/issues/10786). Names and uids of data
sources are compared where the render provisions some. A dashboard is a `.json` key with panels, or any
`.json` key of a ConfigMap labelled `grafana_dashboard`.

Fix: Export the dashboard without "for sharing externally", keep its uid, and name data sources by a
provisioned uid or a variable.

Bad:
    kind: ConfigMap
    metadata: {labels: {grafana_dashboard: "1"}}
    data:
      api.json: |  # finding
        {"title": "API", "panels": []}
Good:
    kind: ConfigMap
    metadata: {labels: {grafana_dashboard: "1"}}
    data:
      api.json: |
        {"title": "API", "uid": "qt-api", "panels": []}
"""

from validator.cluster.dashboards import (
    Dashboard,
    DashboardSource,
    dashboards_by_uid,
    referenced,
    source_kinds,
)
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR, item=6, when=DashboardSource.has_dashboards)
def dashboard_invalid(source: DashboardSource) -> Findings:
    for board in source.dashboards:
        if broken := board.broken:
            yield (
                source.at_key(board.key, broken.offset),
                f"{board.key} is not JSON: {broken.message}, line {broken.line}, column {broken.column}",
            )
        elif not board.is_mapping:
            yield board.at(), f"{board.key} is JSON, but no dashboard: its top is not an object"
        else:
            yield from _uid(board)
            yield from _sources(board)


def _uid(board: Dashboard) -> Findings:
    if board.uid is None:
        yield (
            board.at(),
            f"{board.key} has no uid, so links to it break whenever Grafana starts on an empty database",
        )
        return
    others = [d for d in dashboards_by_uid(board.source.cluster)[board.uid] if d is not board]
    if others:
        yield Fault(
            board.at(board.uid),
            f"{board.key} has the uid {board.uid} of {others[0].key} in {others[0].source}: "
            "Grafana then saves no new dashboard beside them",
            tuple(Related("the same uid", other.at(board.uid)) for other in others),
        )


def _sources(board: Dashboard) -> Findings:
    known = source_kinds(board.source.cluster)
    variables = board.variables
    seen: set[str] = set()
    for use in board.uses():
        if use.uid in seen:
            continue
        seen.add(use.uid)
        name = referenced(use.uid)
        if name is not None:
            if name not in variables and not name.startswith("__"):
                why = (
                    "only the import dialogue fills it in"
                    if name in board.inputs
                    else "no variable has that name"
                )
                yield use.at, f"{board.key}, {use.user}: data source `{use.uid}`, and {why}"
        elif "$" not in use.uid and known and use.uid not in known:
            given = ", ".join(f"`{each}`" for each in sorted(known))
            yield (
                use.at,
                f"{board.key}, {use.user}: no data source `{use.uid}` is provisioned; there are {given}",
            )
