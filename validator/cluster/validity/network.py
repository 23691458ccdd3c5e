"""Services, Ingresses and NetworkPolicies (pkg/apis/core/validation, pkg/apis/networking/validation)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from validator.cluster.validity.metadata import check_of
from validator.cluster.validity.numbers import between, ip, port_or_name
from validator.cluster.validity.words import (
    Faults,
    dns_label,
    dns_subdomain,
    labels,
    port_name,
    qualified,
    selector,
    shown,
    wildcard,
    word,
)
from validator.config import KubeVersions
from validator.finding import Path
from validator.manifest import Resource, dig, mapping, sequence

_REACHABLE = ("NodePort", "LoadBalancer")
_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_STRICT = 36
"""Since Kubernetes 1.36 a CIDR must be its network's own address (StrictIPCIDRValidation)."""
_ENDINGS = ("/..", "/.")


def service(resource: Resource, kube: KubeVersions) -> Faults:
    spec = mapping(resource.value.get("spec"))
    kind, headless = spec.get("type") or "ClusterIP", spec.get("clusterIP") == "None"
    ports = sequence(spec.get("ports"))
    if not ports and not headless and kind != "ExternalName":
        yield ("spec", "ports"), "a Service needs a port, unless it is headless or an ExternalName"
    if headless and kind in _REACHABLE:
        yield ("spec", "clusterIP"), f"clusterIP None does not go with type {kind}"
    if kind == "ExternalName":
        name = str(spec.get("externalName") or "").rstrip(".")
        if why := dns_subdomain(name) if name else "type ExternalName needs externalName":
            yield ("spec", "externalName"), why
    elif spec.get("externalTrafficPolicy") and kind not in _REACHABLE and not spec.get("externalIPs"):
        yield ("spec", "externalTrafficPolicy"), f"externalTrafficPolicy does not go with type {kind}"
    if spec.get("loadBalancerSourceRanges") and kind != "LoadBalancer":
        yield ("spec", "loadBalancerSourceRanges"), f"source ranges do not go with type {kind}"
    address = spec.get("clusterIP")
    if address not in (None, "", "None"):
        yield from ip(("spec", "clusterIP"), address)
    yield from labels(("spec", "selector"), spec.get("selector"))
    for index, port in enumerate(map(mapping, ports)):
        at: Path = ("spec", "ports", index)
        if not port.get("name"):
            if len(ports) > 1:
                yield at, "of several ports each needs a name"
        else:
            yield from word((*at, "name"), port["name"], dns_label)
        yield from between((*at, "port"), port.get("port"), 1, 65535)
        if port.get("targetPort") not in (None, 0, ""):
            yield from port_or_name((*at, "targetPort"), port["targetPort"])
        if port.get("nodePort") and kind not in _REACHABLE:
            yield (*at, "nodePort"), f"nodePort does not go with type {kind}"
        if type(protocol := port.get("appProtocol")) is str and (why := qualified(protocol)):
            yield (*at, "appProtocol"), why


def ingress(resource: Resource, kube: KubeVersions) -> Faults:
    spec = mapping(resource.value.get("spec"))
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        yield ("spec",), "an Ingress needs rules or a defaultBackend"
    if type(default := spec.get("defaultBackend")) is dict:
        yield from _backend(("spec", "defaultBackend"), default, kube)
    if spec.get("ingressClassName") is not None:
        yield from word(("spec", "ingressClassName"), spec["ingressClassName"], dns_subdomain)
    for index, rule in enumerate(map(mapping, sequence(spec.get("rules")))):
        at: Path = ("spec", "rules", index)
        if host := rule.get("host"):
            yield from _host((*at, "host"), host)
        http = rule.get("http")
        if type(http) is dict and not http.get("paths"):
            yield (*at, "http"), "a rule needs paths"
        for position, path in enumerate(map(mapping, sequence(mapping(http).get("paths")))):
            yield from _path((*at, "http", "paths", position), path, kube)
    for index, entry in enumerate(map(mapping, sequence(spec.get("tls")))):
        for position, host in enumerate(sequence(entry.get("hosts"))):
            yield from word(("spec", "tls", index, "hosts", position), host, wildcard)
        if entry.get("secretName"):
            yield from word(("spec", "tls", index, "secretName"), entry["secretName"], dns_subdomain)


def _host(at: Path, host: Any) -> Faults:
    if type(host) is not str:
        return
    try:
        ip_address(host)
    except ValueError:
        yield from word(at, host, wildcard)
    else:
        yield at, f"{host} is an address, and a host is a name"


def _path(at: Path, value: dict[str, Any], kube: KubeVersions) -> Faults:
    path, kind = value.get("path"), value.get("pathType")
    if kind in ("Exact", "Prefix") or path:
        if not path or (type(path) is str and not path.startswith("/")):
            yield (*at, "path"), f"{shown(str(path or ''))} does not begin with `/`"
        elif type(path) is str and kind in ("Exact", "Prefix"):
            for part in _SEQUENCES:
                if part in path:
                    yield (*at, "path"), f"{shown(path)} holds `{part}`"
            if path.endswith(_ENDINGS):
                yield (*at, "path"), f"{shown(path)} ends in a dot"
    if type(backend := value.get("backend")) is dict:
        yield from _backend((*at, "backend"), backend, kube)


def _backend(at: Path, value: dict[str, Any], kube: KubeVersions) -> Faults:
    target = value.get("service")
    if type(target) is not dict:
        if value.get("resource") is None:
            yield at, "a backend needs a service or a resource"
        return
    if value.get("resource") is not None:
        yield at, "a backend is a service or a resource, not both"
    yield from word((*at, "service", "name"), target.get("name"), check_of("", "Service", kube))
    name, number = dig(target, "port", "name"), dig(target, "port", "number")
    if name and number:
        yield (*at, "service", "port"), f"name {name} and number {number} exclude each other"
    elif type(name) is str and name:
        if why := port_name(name):
            yield (*at, "service", "port", "name"), why
    elif not number:
        yield (*at, "service", "port"), "a backend's port needs a name or a number"
    else:
        yield from between((*at, "service", "port", "number"), number, 1, 65535)


def network_policy(resource: Resource, kube: KubeVersions) -> Faults:
    spec = mapping(resource.value.get("spec"))
    if len(types := sequence(spec.get("policyTypes"))) > 2:
        yield ("spec", "policyTypes"), f"{len(types)} policyTypes, more than 2"
    yield from selector(("spec", "podSelector"), spec.get("podSelector"))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(map(mapping, sequence(spec.get(direction)))):
            at: Path = ("spec", direction, index)
            for position, port in enumerate(map(mapping, sequence(rule.get("ports")))):
                yield from _policy_port((*at, "ports", position), port)
            for position, peer in enumerate(map(mapping, sequence(rule.get(peers)))):
                yield from _peer((*at, peers, position), peer, kube)


def _policy_port(at: Path, value: dict[str, Any]) -> Faults:
    port, end = value.get("port"), value.get("endPort")
    if port is not None:
        yield from port_or_name((*at, "port"), port)
    if end is None:
        return
    yield from between((*at, "endPort"), end, 1, 65535)
    if type(port) is not int:
        yield (*at, "endPort"), "endPort needs a port that is a number"
    elif type(end) is int and end < port:
        yield (*at, "endPort"), f"endPort {end} is less than port {port}"


def _peer(at: Path, value: dict[str, Any], kube: KubeVersions) -> Faults:
    given = [f for f in ("podSelector", "namespaceSelector", "ipBlock") if value.get(f) is not None]
    if not given:
        yield at, "a peer needs podSelector, namespaceSelector or ipBlock"
    elif "ipBlock" in given and len(given) > 1:
        yield at, "ipBlock does not go with a selector"
    for field in ("podSelector", "namespaceSelector"):
        yield from selector((*at, field), value.get(field))
    block = mapping(value.get("ipBlock"))
    whole = _network(block.get("cidr"))
    if type(cidr := block.get("cidr")) is str and whole is None:
        yield (*at, "ipBlock", "cidr"), f"{shown(cidr)} is no CIDR such as 10.0.0.0/8"
    elif whole is not None and kube.newest >= _STRICT and _address(cidr) != whole.network_address:
        yield (*at, "ipBlock", "cidr"), f"{cidr} has bits beyond its prefix; did you mean {whole}?"
    for index, text in enumerate(sequence(block.get("except"))):
        here: Path = (*at, "ipBlock", "except", index)
        part = _network(text)
        if part is None:
            yield here, f"{shown(str(text))} is no CIDR such as 10.0.0.0/8"
        elif whole is not None and not _within(part, whole):
            yield here, f"{text} is no part of {cidr}"


def endpoint_slice(resource: Resource, kube: KubeVersions) -> Faults:
    if resource.get("addressType") in ("IPv4", "IPv6"):
        for index, endpoint in enumerate(map(mapping, sequence(resource.get("endpoints")))):
            for position, address in enumerate(sequence(endpoint.get("addresses"))):
                yield from ip(("endpoints", index, "addresses", position), address)


def endpoints(resource: Resource, kube: KubeVersions) -> Faults:
    for index, subset in enumerate(map(mapping, sequence(resource.get("subsets")))):
        ports = [mapping(port) for port in sequence(subset.get("ports"))]
        for position, port in enumerate(ports):
            if len(ports) > 1 and not port.get("name"):
                yield ("subsets", index, "ports", position), "of several ports each needs a name"
        for position, address in enumerate(map(mapping, sequence(subset.get("addresses")))):
            yield from ip(("subsets", index, "addresses", position, "ip"), address.get("ip"))


def _network(text: Any) -> IPv4Network | IPv6Network | None:
    if type(text) is not str or "/" not in text:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(cidr: Any) -> IPv4Address | IPv6Address:
    return ip_address(str(cidr).partition("/")[0])


def _within(part: IPv4Network | IPv6Network, whole: IPv4Network | IPv6Network) -> bool:
    if isinstance(part, IPv4Network) and isinstance(whole, IPv4Network):
        return part.subnet_of(whole) and part.prefixlen > whole.prefixlen
    if isinstance(part, IPv6Network) and isinstance(whole, IPv6Network):
        return part.subnet_of(whole) and part.prefixlen > whole.prefixlen
    return False
