"""Pod mounts the container runtime's socket, so it can start any container and is root of the node.

A directory that holds the socket counts too, and mounting it read-only does not help, since connecting
writes nothing. Known are the sockets of containerd (k3s, k0s and MicroK8s too), CRI-O, Docker, cri-dockerd
and Podman.
https://kubernetes.io/docs/concepts/storage/volumes/#hostpath

Fix: Build images without the node's runtime (BuildKit or Buildah in a container), and read metrics from the
kubelet.

Bad:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: docker, hostPath: {path: /var/run/docker.sock}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: docker, emptyDir: {sizeLimit: 64Mi}},
    ]}}}
"""

from validator.cluster import Workload
from validator.cluster.host_paths import has_volumes, host_paths
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=has_volumes)
def runtime_socket(workload: Workload) -> Findings:
    for found in host_paths(workload):
        if found.socket is not None:
            where = (
                found.path
                if found.path.endswith(found.socket)
                else f"{found.path}, which may hold {found.socket}"
            )
            yield (
                found.at,
                f"volume `{found.volume}` is {where}: whoever reaches it can start any container on the node",
            )
