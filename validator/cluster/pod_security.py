"""The Pod Security Standards as the API server's admission enforces them, control by control.

From k8s.io/pod-security-admission (policy/check_*.go, policy/registry.go, api/helpers.go) in v0.37.0. Each
control has the versions in which it changed, since a namespace may pin one (`enforce-version`).
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from validator.cluster.host_paths import host_paths
from validator.cluster.index import Cluster
from validator.cluster.objects import Namespace
from validator.cluster.security_context import (
    APPARMOR_ANNOTATION,
    NET_BIND_SERVICE,
    Condition,
    Violation,
    Violations,
    adds_beyond,
    apparmor,
    apparmor_annotation,
    escalation,
    has_host_user_namespace,
    host_process,
    keeps_capabilities,
    privileged,
    proc_mount,
    root_allowed,
    root_user,
    seccomp,
    selinux,
    selinux_before_1_31,
)
from validator.cluster.view import strings
from validator.cluster.workload import Container, Workload
from validator.manifest import dig, mapping, sequence

Level = Literal["privileged", "baseline", "restricted"]
LEVELS: tuple[Level, ...] = ("privileged", "baseline", "restricted")
NEWEST = 37
"""The newest policy known here; a namespace that asks for a later one, or the latest, gets this."""

ENFORCE = "pod-security.kubernetes.io/enforce"
ENFORCE_VERSION = "pod-security.kubernetes.io/enforce-version"

Check = Callable[[Workload], Violations]


# --- what a namespace asks for


@dataclass(frozen=True, slots=True)
class Policy:
    """The level that a namespace enforces, as its labels come out."""

    namespace: Namespace
    level: Level
    version: int

    def __str__(self) -> str:
        label = self.namespace.labels.get(ENFORCE_VERSION, "latest")
        return f"{self.level} ({label if _VERSION.fullmatch(label) else 'latest'})"


_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")


@lru_cache(maxsize=1)
def _policies(cluster: Cluster) -> dict[str, Policy]:
    return {n.name: policy_from(n) for n in cluster.of(Namespace) if ENFORCE in n.labels}


def policy_of(workload: Workload) -> Policy | None:
    """What its namespace enforces; None when the render does not say."""
    return _policies(workload.cluster).get(workload.namespace)


def policy_from(namespace: Namespace) -> Policy:
    """A level that does not exist counts as restricted, a version that does not as the latest."""
    level = namespace.labels.get(ENFORCE)
    match = _VERSION.fullmatch(namespace.labels.get(ENFORCE_VERSION, "latest"))
    version = min(int(match[1]), NEWEST) if match and len(match[1]) < 9 else NEWEST
    return Policy(namespace, next((known for known in LEVELS if known == level), "restricted"), version)


# --- what a control looks at


def _own(condition: Condition) -> Check:
    """Asked of each container's own securityContext, for fields that a pod's does not have."""
    return lambda workload: (v for c in workload.containers for v in condition(c.security.own))


def _each(condition: Condition) -> Check:
    """Asked of the pod's securityContext and of each container's, effective or not."""

    def check(workload: Workload) -> Violations:
        yield from condition(workload.security)
        yield from _own(condition)(workload)

    return check


def _not_on_windows(check: Check) -> Check:
    return lambda workload: iter(()) if workload.is_windows() else check(workload)


def _not_in_user_namespace(check: Check) -> Check:
    return lambda workload: check(workload) if has_host_user_namespace(workload) else iter(())


def host_namespaces(workload: Workload) -> Violations:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if workload.pod.get(field) is True:
            yield Violation(workload.at_pod(field), f"`{field}` is true")


def host_ports(container: Container) -> Violations:
    for index, port in enumerate(sequence(container.value.get("ports"))):
        number = mapping(port).get("hostPort")
        if type(number) is int and number != 0:
            yield Violation(container.at("ports", index, "hostPort"), f"`hostPort` is {number}")


def _host_ports(workload: Workload) -> Violations:
    for container in workload.containers:
        yield from host_ports(container)


def _host_paths(workload: Workload) -> Violations:
    for found in host_paths(workload):
        yield Violation(found.at, f"volume {found.volume} is `hostPath` {found.path}")


_HANDLERS = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


def _hosts(workload: Workload) -> Violations:
    for container in workload.containers:
        for handler in _HANDLERS:
            for action in ("httpGet", "tcpSocket"):
                if host := dig(container.value, *handler, action, "host"):
                    at = container.at(*handler, action, "host")
                    yield Violation(at, f"`{handler[-1]}` asks host {host}")


def _apparmor(workload: Workload) -> Violations:
    yield from _each(apparmor)(workload)
    annotations = strings(dig(workload.template, "metadata", "annotations"))
    for key, profile in annotations.items():
        if key.startswith(APPARMOR_ANNOTATION) and apparmor_annotation(profile):
            yield Violation(workload.at_template("metadata", "annotations", key), f"`{key}` is {profile}")


_SECCOMP_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_ANNOTATIONS = "container.seccomp.security.alpha.kubernetes.io/"


def _seccomp_annotations(workload: Workload) -> Violations:
    annotations = strings(dig(workload.template, "metadata", "annotations"))
    for key in (_SECCOMP_ANNOTATION, *(_SECCOMP_ANNOTATIONS + c.name for c in workload.containers)):
        value = annotations.get(key)
        if value is None or value in ("runtime/default", "docker/default") or value.startswith("localhost/"):
            continue
        yield Violation(workload.at_template("metadata", "annotations", key), f"`{key}` is {value}")


def _seccomp_required(workload: Workload) -> Violations:
    yield from _each(seccomp)(workload)
    for container in workload.containers:
        if container.security.get("seccompProfile") is None:
            at = container.at("securityContext", "seccompProfile")
            yield Violation(at, "neither it nor the pod sets `seccompProfile`")


def _must_run_as_non_root(workload: Workload) -> Violations:
    yield from _each(root_allowed)(workload)
    for container in workload.containers:
        if container.security.get("runAsNonRoot") is None:
            at = container.at("securityContext", "runAsNonRoot")
            yield Violation(at, "neither it nor the pod sets `runAsNonRoot`")


def unsafe_sysctls(*groups: str) -> Check:
    allowed = frozenset(name for group in groups for name in group.split())

    def check(workload: Workload) -> Violations:
        for index, sysctl in enumerate(sequence(workload.security.get("sysctls"))):
            name = mapping(sysctl).get("name")
            if str(name) not in allowed:
                at = workload.at_pod("securityContext", "sysctls", index, "name")
                yield Violation(at, f"sysctl {name} is set")

    return check


_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret".split()
)


def _volumes(workload: Workload) -> Violations:
    for index, volume in enumerate(sequence(workload.pod.get("volumes"))):
        # The server makes a volume with nothing but a name an emptyDir before it is asked.
        sources = [k for k, v in mapping(volume).items() if k != "name" and v is not None]
        if sources and _VOLUMES.isdisjoint(sources):
            at = workload.at_pod("volumes", index, sources[0])
            yield Violation(at, f"volume {volume.get('name')} is `{sources[0]}`")


_DEFAULT_CAPABILITIES = frozenset(
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP "
    "SETUID SYS_CHROOT".split()
)
adds_unsafe = adds_beyond(frozenset({NET_BIND_SERVICE}))


def _capabilities(workload: Workload) -> Violations:
    yield from _own(keeps_capabilities)(workload)
    yield from _own(adds_unsafe)(workload)


_SYSCTLS = (
    "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range "
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl "
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_notsent_lowat",
)
sysctls = unsafe_sysctls(*_SYSCTLS)


# --- the controls


class Revision(NamedTuple):
    """How a control judges from a minor version on."""

    since: int
    check: Check


@dataclass(frozen=True, slots=True)
class Control:
    """One control by the ID that the server's code gives it; `overrides` a baseline control."""

    id: str
    level: Level
    revisions: tuple[Revision, ...]
    overrides: str | None = None

    def at(self, version: int) -> Check | None:
        return next((r.check for r in reversed(self.revisions) if r.since <= version), None)


def _control(id: str, level: Level, *revisions: tuple[int, Check], overrides: str | None = None) -> Control:
    return Control(id, level, tuple(Revision(*r) for r in revisions), overrides)


CONTROLS = (
    _control("appArmorProfile", "baseline", (0, _apparmor)),
    _control("capabilities_baseline", "baseline", (0, _own(adds_beyond(_DEFAULT_CAPABILITIES)))),
    _control("hostNamespaces", "baseline", (0, host_namespaces)),
    _control("hostPathVolumes", "baseline", (0, _host_paths)),
    _control("hostPorts", "baseline", (0, _host_ports)),
    _control("hostProbesAndHostLifecycle", "baseline", (34, _hosts)),
    _control("privileged", "baseline", (0, _own(privileged))),
    _control("procMount", "baseline", (0, _own(proc_mount)), (35, _not_in_user_namespace(_own(proc_mount)))),
    _control("seLinuxOptions", "baseline", (0, _each(selinux_before_1_31)), (31, _each(selinux))),
    _control("seccompProfile_baseline", "baseline", (0, _seccomp_annotations), (19, _each(seccomp))),
    _control(
        "sysctls",
        "baseline",
        *((since, unsafe_sysctls(*_SYSCTLS[: i + 1])) for i, since in enumerate((0, 27, 29, 32, 37))),
    ),
    _control("windowsHostProcess", "baseline", (0, _each(host_process))),
    _control(
        "allowPrivilegeEscalation",
        "restricted",
        (8, _own(escalation)),
        (25, _not_on_windows(_own(escalation))),
    ),
    _control(
        "capabilities_restricted",
        "restricted",
        (22, _capabilities),
        (25, _not_on_windows(_capabilities)),
        overrides="capabilities_baseline",
    ),
    _control("procMount_restricted", "restricted", (35, _own(proc_mount)), overrides="procMount"),
    _control("restrictedVolumes", "restricted", (0, _volumes), overrides="hostPathVolumes"),
    _control(
        "runAsNonRoot",
        "restricted",
        (0, _must_run_as_non_root),
        (35, _not_in_user_namespace(_must_run_as_non_root)),
    ),
    _control(
        "runAsUser",
        "restricted",
        (23, _each(root_user)),
        (35, _not_in_user_namespace(_each(root_user))),
    ),
    _control(
        "seccompProfile_restricted",
        "restricted",
        (19, _seccomp_required),
        (25, _not_on_windows(_seccomp_required)),
        overrides="seccompProfile_baseline",
    ),
)


class Refusal(NamedTuple):
    """A control that refuses a pod, and everything it objects to."""

    control: str
    violations: tuple[Violation, ...]


def refusals(workload: Workload, level: Level, version: int = NEWEST) -> Iterator[Refusal]:
    """The controls of a level that refuse this pod."""
    for control, check in _checks(level, version):
        found = tuple(check(workload))
        if found:
            yield Refusal(control, found)


@lru_cache(maxsize=16)
def _checks(level: Level, version: int) -> tuple[tuple[str, Check], ...]:
    asked = [c for c in CONTROLS if LEVELS.index(c.level) <= LEVELS.index(level) and c.at(version)]
    overridden = {c.overrides for c in asked}
    return tuple((c.id, check) for c in asked if c.id not in overridden and (check := c.at(version)))
