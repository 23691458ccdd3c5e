"""Pod mounts a directory of the node, so its data stays on one node, and a writer there may take it over.

What a container writes under /etc or /var/lib/kubelet runs as root of the node. The sockets of container
runtimes are `security.runtime-socket`'s matter and not reported here.
https://kubernetes.io/docs/concepts/storage/volumes/#hostpath

Fix: Use a PersistentVolumeClaim for data, an `emptyDir` for scratch, a ConfigMap for settings.

Bad:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: data, hostPath: {path: /var/lib/data}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: data, emptyDir: {sizeLimit: 1Gi}},
    ]}}}
"""

from validator.cluster import Workload
from validator.cluster.host_paths import has_volumes, host_paths
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=has_volumes)
def host_path(workload: Workload) -> Findings:
    for found in host_paths(workload):
        if found.socket is None:
            yield found.at, f"volume `{found.volume}` is {found.path} of whichever node the pod runs on"
