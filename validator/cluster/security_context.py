"""What a pod's and its containers' securityContext say, and what in one of them is unsafe.

Each condition here looks at one securityContext. Rules ask it of the one that counts for a container;
the Pod Security Standards (pod_security.py) ask it of every one, as the server does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from validator.finding import Address
from validator.manifest import dig, mapping, sequence

if TYPE_CHECKING:
    from validator.cluster.workload import Container, Workload

NET_BIND_SERVICE = "NET_BIND_SERVICE"
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"

_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_SELINUX_ENGINE = _SELINUX_TYPES | {"container_engine_t"}
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})


class Violation(NamedTuple):
    """Something unsafe: the field, and what it is, without saying whose."""

    at: Address
    said: str


Violations = Iterator[Violation]


@dataclass(frozen=True, slots=True)
class SecurityContext:
    """One securityContext: a container's, or the pod's when `container` is None."""

    workload: "Workload"
    container: "Container | None"
    value: dict[str, Any]

    def at(self, *path: str | int) -> Address:
        if self.container is not None:
            return self.container.at("securityContext", *path)
        return self.workload.at_pod("securityContext", *path)

    def get(self, *path: str | int) -> Any:
        return dig(self.value, *path)

    def capabilities(self, change: str) -> list[str]:
        """The capabilities of `add` or `drop`."""
        return [c for c in sequence(self.get("capabilities", change)) if type(c) is str]


Condition = Callable[[SecurityContext], Violations]


class Security:
    """A container's securityContext with its pod's behind it, merged as the kubelet does it.

    pkg/securitycontext/util.go: each field of the container's replaces the pod's as a whole, except
    `windowsOptions`, whose fields are merged one by one.
    """

    __slots__ = ("own", "pod")

    def __init__(self, container: "Container") -> None:
        self.own = SecurityContext(
            container.workload, container, mapping(container.value.get("securityContext"))
        )
        self.pod = container.workload.security

    def by(self, *path: str) -> SecurityContext:
        """The securityContext that decides a field; the container's when neither sets it."""
        if self.own.get(*path) is None and self.pod.get(*path) is not None:
            return self.pod
        return self.own

    def get(self, *path: str) -> Any:
        """The effective value of a field."""
        return self.by(*path).get(*path)

    def address(self, *path: str) -> Address:
        """The field that decides, said of this container."""
        return replace(self.by(*path).at(*path), container=self.own.at().container)

    def violations(self, condition: Condition, *path: str) -> Violations:
        """What a condition finds in the securityContext that decides a field."""
        for found in condition(self.by(*path)):
            yield Violation(replace(found.at, container=self.own.at().container), found.said)


def has_host_user_namespace(workload: "Workload") -> bool:
    """Whether user 0 inside is user 0 of the node; `hostUsers: false` makes it an unprivileged one."""
    return workload.pod.get("hostUsers") is not False


# --- conditions


def privileged(context: SecurityContext) -> Violations:
    if context.get("privileged") is True:
        yield Violation(context.at("privileged"), "`privileged` is true")


def escalation(context: SecurityContext) -> Violations:
    value = context.get("allowPrivilegeEscalation")
    if value is not False:
        said = "true" if value else "unset, which means true"
        yield Violation(context.at("allowPrivilegeEscalation"), f"`allowPrivilegeEscalation` is {said}")


def adds_beyond(allowed: frozenset[str]) -> Condition:
    """Capabilities added that are not among these."""

    def condition(context: SecurityContext) -> Violations:
        for index, name in enumerate(sequence(context.get("capabilities", "add"))):
            if type(name) is str and name not in allowed:
                yield Violation(context.at("capabilities", "add", index), f"adds capability {name}")

    return condition


def keeps_capabilities(context: SecurityContext) -> Violations:
    dropped = context.capabilities("drop")
    if "ALL" not in dropped:
        said = f"drops only {', '.join(dropped)}" if dropped else "drops no capability"
        yield Violation(context.at("capabilities", "drop"), f"{said}, not ALL")


def seccomp(context: SecurityContext) -> Violations:
    yield from _profile(context, "seccompProfile")


def apparmor(context: SecurityContext) -> Violations:
    yield from _profile(context, "appArmorProfile")


def _profile(context: SecurityContext, field: str) -> Violations:
    profile = context.get(field)
    if type(profile) is dict and str(profile.get("type")) not in _PROFILES:
        yield Violation(context.at(field, "type"), f"`{field}.type` is {_shown(profile.get('type'))}")


def apparmor_annotation(profile: str) -> bool:
    """Whether the value of the annotation that was there before the field takes the profile away."""
    return bool(profile) and profile != "runtime/default" and not profile.startswith("localhost/")


def selinux(context: SecurityContext) -> Violations:
    yield from _selinux(context, _SELINUX_ENGINE)


def selinux_before_1_31(context: SecurityContext) -> Violations:
    yield from _selinux(context, _SELINUX_TYPES)


def _selinux(context: SecurityContext, types: frozenset[str]) -> Violations:
    options = context.get("seLinuxOptions")
    if type(options) is not dict:
        return
    if str(options.get("type") or "") not in types:
        yield Violation(context.at("seLinuxOptions", "type"), f"SELinux type is {options['type']}")
    for field in ("user", "role"):
        if options.get(field):
            yield Violation(context.at("seLinuxOptions", field), f"SELinux {field} is {options[field]}")


def host_process(context: SecurityContext) -> Violations:
    if context.get("windowsOptions", "hostProcess") is True:
        yield Violation(context.at("windowsOptions", "hostProcess"), "`windowsOptions.hostProcess` is true")


def proc_mount(context: SecurityContext) -> Violations:
    value = context.get("procMount")
    if value is not None and value != "Default":
        yield Violation(context.at("procMount"), f"`procMount` is {_shown(value)}")


def root_user(context: SecurityContext) -> Violations:
    if _is_zero(context.get("runAsUser")):
        yield Violation(context.at("runAsUser"), "`runAsUser` is 0")


def root_allowed(context: SecurityContext) -> Violations:
    if context.get("runAsNonRoot") is False:
        yield Violation(context.at("runAsNonRoot"), "`runAsNonRoot` is false")


def _is_zero(value: Any) -> bool:
    return type(value) is int and value == 0


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value) or "empty"
