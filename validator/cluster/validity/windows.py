"""Pods that say which system they are for: Windows has none of Linux' ways to confine a container.

validateWindows, validateLinux and validateWindowsHostProcessPod in pkg/apis/core/validation.
"""

from typing import Any

from validator.cluster.validity.words import Faults, choice
from validator.finding import Path
from validator.manifest import dig, mapping, sequence

_OF_LINUX = ("appArmorProfile", "seLinuxOptions", "seccompProfile", "runAsUser", "runAsGroup")
_OF_LINUX_PODS = (
    *_OF_LINUX,
    *("fsGroup", "fsGroupChangePolicy", "sysctls"),
    *("supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"),
)
_OF_LINUX_CONTAINERS = (
    *_OF_LINUX,
    *("capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount"),
)


def operating_system(at: Path, pod: dict[str, Any]) -> Faults:
    """What the system of the pod does not have."""
    contexts = [((*at, "securityContext"), mapping(pod.get("securityContext")))]
    for field in ("containers", "initContainers"):
        for index, container in enumerate(map(mapping, sequence(pod.get(field)))):
            here = (*at, field, index, "securityContext")
            contexts.append((here, mapping(container.get("securityContext"))))
    system = dig(pod, "os", "name")
    yield from choice((*at, "os", "name"), system, "linux", "windows")
    if system == "windows":
        yield from _windows(at, pod, contexts)
    elif system == "linux":
        for here, context in contexts:
            if context.get("windowsOptions") is not None:
                yield (*here, "windowsOptions"), "a Linux pod takes no windowsOptions"
    yield from _host_process(at, pod, contexts)


def _windows(at: Path, pod: dict[str, Any], contexts: list[tuple[Path, dict[str, Any]]]) -> Faults:
    given = [
        *((*at, f) for f in ("hostUsers", "shareProcessNamespace") if pod.get(f) is not None),
        *((*at, f) for f in ("hostPID", "hostIPC") if pod.get(f) is True),
    ]
    for position, (here, context) in enumerate(contexts):
        fields = _OF_LINUX_CONTAINERS if position else _OF_LINUX_PODS
        given += [(*here, field) for field in fields if context.get(field) is not None]
    for path in given:
        yield path, f"a Windows pod takes no {path[-1]}"


def _host_process(at: Path, pod: dict[str, Any], contexts: list[tuple[Path, dict[str, Any]]]) -> Faults:
    whole, *parts = [dig(context, "windowsOptions", "hostProcess") for _, context in contexts]
    effective = [whole if part is None else part for part in parts]
    if True in effective:
        if pod.get("hostNetwork") is not True:
            yield at, "hostProcess needs hostNetwork: true"
        if not all(each is True for each in effective):
            yield at, "where one container is hostProcess, all of the pod must be"
