"""Service sends to a port that its pods do not have, so connections are refused though all pods are ready.

A `targetPort` in words is the name of a container's port with the same protocol; a pod without one gets no
address under it. A quoted number is a name, too. A number need not be declared, so a difference to the
declared ones is only a warning.
https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports

Fix: Give `targetPort` the name, or the number, of a container's port.

Bad:
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {containers: [{name: api, ports: [{name: http, containerPort: 8000}]}]}}}
    ---
    kind: Service
    spec:
      selector: {app.kubernetes.io/name: api}
      ports: [{port: 80, targetPort: web}]  # finding
Good:
    kind: Deployment
    metadata: {name: api}
    spec: {template: {spec: {containers: [{name: api, ports: [{name: http, containerPort: 8000}]}]}}}
    ---
    kind: Service
    spec:
      selector: {app.kubernetes.io/name: api}
      ports: [{port: 80, targetPort: http}]
"""

from typing import Any

from validator.cluster import Port, Service, Workload
from validator.cluster.services import serving
from validator.config import nearest
from validator.manifest import string
from validator.rule import Fault, Findings, Severity, rule


def _selects_pods(service: Service) -> bool:
    return bool(service.workloads) and service.type != "ExternalName"


@rule(Severity.ERROR, when=_selects_pods)
def service_port_unknown(service: Service) -> Findings:
    declared = [(w, [port for c in serving(w) for port in c.ports]) for w in service.workloads]
    for index, port in service.ports:
        target = port.get("targetPort", port.get("port"))
        protocol = string(port.get("protocol")) or "TCP"
        lacking = [(w, ports) for w, ports in declared if _lacks(ports, target, protocol)]
        if not lacking:
            continue
        workload, ports = lacking[0]
        at = service.at("spec", "ports", index, "targetPort")
        if type(target) is str and len(lacking) == len(declared):
            yield at, f"{_said(workload, ports)}, not `{target}` ({protocol}){_hint(target, ports)}"
        else:
            spoken = f"`{target}`" if type(target) is str else f"{target}"
            yield Fault(at, f"{_said(workload, ports)}, not {spoken} ({protocol})", (), Severity.WARNING)


def _lacks(ports: list[Port], target: Any, protocol: str) -> bool:
    if type(target) is str:
        return not any(port.name == target and port.protocol == protocol for port in ports)
    return bool(ports) and not any(port.number == target and port.protocol == protocol for port in ports)


def _said(workload: Workload, ports: list[Port]) -> str:
    if not ports:
        return f"{workload} declares no port"
    shown = ", ".join(f"{p.number} ({p.name})" if p.name else str(p.number) for p in ports[:8])
    return f"{workload} declares {shown}"


def _hint(target: str, ports: list[Port]) -> str:
    if target.isdecimal():
        return ": a quoted number is a name"
    if any(port.name == target for port in ports):
        return ": the protocol differs"
    return nearest(target, [port.name for port in ports if port.name])
