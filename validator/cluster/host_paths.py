"""Directories and sockets of the node that a pod asks for."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from validator.cluster.workload import Workload
from validator.finding import Address
from validator.manifest import sequence

_SOCKETS = (
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/docker.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/run/podman/podman.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
)
_PIPES = frozenset({r"\\.\pipe\containerd-containerd", r"\\.\pipe\docker_engine"})


class HostPath(NamedTuple):
    """A `hostPath` volume."""

    at: Address
    volume: str
    path: str

    @property
    def socket(self) -> str | None:
        """The container runtime's socket that it is, or that lies below it.

        A read-only mount does not help: connecting to a socket writes nothing to the file system.
        """
        if not self.path or self.path.replace("/", "\\").lower() in _PIPES:
            return self.path or None
        path = posixpath.normpath("/" + self.path).replace("//", "/")
        if path == "/var/run" or path.startswith("/var/run/"):
            path = path.removeprefix("/var")
        below = path.rstrip("/") + "/"
        for socket in _SOCKETS:
            if path == socket or (path != "/var" and socket.startswith(below)):
                return socket
        return None


def host_paths(workload: Workload) -> Iterator[HostPath]:
    for index, volume in enumerate(sequence(workload.pod.get("volumes"))):
        if type(volume) is dict and type(volume.get("hostPath")) is dict:
            path = volume["hostPath"].get("path")
            at = workload.at_pod("volumes", index, "hostPath", "path")
            yield HostPath(at, str(volume.get("name")), str(path or ""))


def has_volumes(workload: Workload) -> bool:
    return bool(sequence(workload.pod.get("volumes")))
