"""`emptyDir` has no size limit, so one container can fill the node's disk, or its memory.

A volume with nothing but a name is an `emptyDir` too, and a limit of 0 is none (the kubelet only looks at
positive ones). With `medium: Memory` the content counts as the container's memory and can get it killed.
https://kubernetes.io/docs/concepts/storage/volumes/#emptydir

Fix: Set `sizeLimit` to the most that may ever lie there; a pod that goes over it is evicted, not its
neighbours.

Bad:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: tmp, emptyDir: {}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {volumes: [
      {name: tmp, emptyDir: {sizeLimit: 64Mi}},
    ]}}}
"""

from validator.cluster import Workload, quantity, show_bytes
from validator.cluster.resources import pod_amount
from validator.manifest import mapping, sequence
from validator.rule import Findings, Severity, rule


def _has_volumes(workload: Workload) -> bool:
    return bool(sequence(workload.pod.get("volumes")))


@rule(Severity.WARNING, prod=True, when=_has_volumes)
def unbounded_emptydir(workload: Workload) -> Findings:
    for index, volume in enumerate(sequence(workload.pod.get("volumes"))):
        if type(volume) is not dict:
            continue
        if volume.get("emptyDir") is None and any(v is not None for k, v in volume.items() if k != "name"):
            continue
        value = mapping(volume.get("emptyDir"))
        limit = quantity(value.get("sizeLimit"))
        if value.get("sizeLimit") is not None and (limit is None or limit > 0):
            continue
        resource = "memory" if value.get("medium") == "Memory" else "ephemeral-storage"
        bound = pod_amount(workload, "limits", resource)
        what = "memory" if resource == "memory" else "disk"
        consequence = (
            f"only the pod's {resource} limit of {show_bytes(bound)} bounds it, which it shares with all else"
            if bound
            else f"it may fill the node's {what}"
        )
        said = "a `sizeLimit` of 0 is none" if limit == 0 else "no `sizeLimit`"
        yield (
            workload.at_pod("volumes", index, "emptyDir", "sizeLimit"),
            f"volume `{volume.get('name')}`: {said}, {consequence}",
        )
