"""Two ports share a number or a name, so one of them is refused, or cannot be bound.

Within one container, or one Service, the server refuses a name that stands twice, and of a Service a number,
too. Containers of one pod share its network: only one of them can listen on a port.
https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking

Fix: Give each port its own number and name, or remove the repetition.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}]},
      {name: exporter, ports: [
        {name: metrics, containerPort: 8000},  # finding
      ]},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [{name: http, containerPort: 8000}]},
      {name: exporter, ports: [
        {name: metrics, containerPort: 9100},
      ]},
    ]}}}
"""

from typing import Any

from validator.cluster.ports import PortEntry, PortHolder
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR)
def duplicate_port(holder: PortHolder) -> Findings:
    numbers: dict[tuple[Any, str], PortEntry] = {}
    names: dict[tuple[str, str], PortEntry] = {}
    for port in holder.ports():
        if type(port.number) is int:
            first = numbers.setdefault((port.number, port.protocol), port)
            if first is not port:
                yield _fault(port, first, f"{port.number} ({port.protocol})")
                continue
        if port.name is not None:
            first = names.setdefault((port.scope, port.name), port)
            if first is not port:
                yield _fault(port, first, f"the name `{port.name}`")


def _fault(port: PortEntry, first: PortEntry, what: str) -> Fault:
    where = f" in container {first.scope}" if first.scope != port.scope else ""
    return Fault(port.at, f"{what} is declared already{where}", (Related("declared first", first.at),))
