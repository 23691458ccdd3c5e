"""Container is to listen below 1024 without the right to, so whether it starts depends on the runtime.

Docker since 20.10 and containerd since 2.0 open these ports to every user of a pod; CRI-O and older
containerd do not (https://github.com/kubernetes/kubernetes/issues/102612). There it takes root with
NET_BIND_SERVICE, or a program whose file has that capability, which counts only while
`allowPrivilegeEscalation` is not false.

Fix: Listen on 1024 or above, as in 8080, with the Service's `port` unchanged; or set the safe sysctl
`net.ipv4.ip_unprivileged_port_start` to "0" in the pod's securityContext.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [
        {containerPort: 80}]},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, ports: [
        {containerPort: 8080}]},
    ]}}}
"""

from validator.cluster import Container, Workload
from validator.cluster.security_context import NET_BIND_SERVICE
from validator.manifest import mapping, sequence
from validator.rule import Findings, Severity, rule

_SYSCTL = "net.ipv4.ip_unprivileged_port_start"
_USUAL_START = 1024


def _has_ports(container: Container) -> bool:
    return container.is_linux() and any(port.number is not None for port in container.ports)


def _first_open(workload: Workload) -> int:
    for sysctl in sequence(workload.security.get("sysctls")):
        value = str(mapping(sysctl).get("value"))
        if mapping(sysctl).get("name") == _SYSCTL and value.isdecimal():
            return int(value)
    return _USUAL_START


def _missing(container: Container) -> str | None:
    """Why it may not listen there, or None if it may."""
    security = container.security
    added, dropped = security.own.capabilities("add"), security.own.capabilities("drop")
    granted = not {"ALL", NET_BIND_SERVICE}.isdisjoint(added)
    user = security.get("runAsUser")
    if user != 0 and (user is not None or security.get("runAsNonRoot") is True):
        who = "a user other than root" if user is None else f"user {user}"
        if not granted:
            return f"runs as {who} without {NET_BIND_SERVICE}"
        if security.own.get("allowPrivilegeEscalation") is False:
            useless = f"{NET_BIND_SERVICE} is of no use beside `allowPrivilegeEscalation: false`"
            return f"runs as {who}, to whom {useless}"
        return None
    if not granted and not {"ALL", NET_BIND_SERVICE}.isdisjoint(dropped):
        return f"drops {NET_BIND_SERVICE}"
    return None


@rule(Severity.WARNING, when=_has_ports)
def privileged_port(container: Container) -> Findings:
    low = [port for port in container.ports if port.number is not None and 0 < port.number < _USUAL_START]
    missing = _missing(container) if low else None
    if missing is None:
        return
    first = _first_open(container.workload)
    for port in low:
        if port.number is not None and port.number < first:
            yield (
                container.at("ports", port.position, "containerPort"),
                f"port {port.number} is below {first}, and it {missing}: "
                "CRI-O and containerd before 2.0 forbid it",
            )
