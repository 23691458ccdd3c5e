"""Update may take all pods down at once, so every release is an outage.

`Recreate` ends all pods before it starts one. A rolling update keeps `replicas` minus `maxUnavailable`,
whatever the surge; percentages round down (25 % when unset), and where both fields come to 0 one pod may be
unavailable (ResolveFenceposts). A StatefulSet takes one at a time unless `maxUnavailable` says more, from
Kubernetes 1.35 by default. Pods are counted at their fewest (the HPA's minimum, else `replicas`), from two.
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment

Fix: Use a rolling update with `maxUnavailable: 0` and `maxSurge: 1`; if old and new must not run together,
that is a singleton's StatefulSet of one.

Bad:
    kind: Deployment
    spec:
      replicas: 2
      strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 100%}}  # finding
Good:
    kind: Deployment
    spec:
      replicas: 2
      strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 50%}}
"""

from validator.cluster import Workload, scaled
from validator.cluster.resources import fenceposts
from validator.manifest import dig, mapping
from validator.rule import Findings, Severity, rule


def _rolls_several(workload: Workload) -> bool:
    return workload.kind in ("Deployment", "StatefulSet") and workload.replicas > 1


@rule(Severity.ERROR, when=_rolls_several)
def rollout_takes_all_down(workload: Workload) -> Findings:
    pods = workload.replicas
    field = "strategy" if workload.kind == "Deployment" else "updateStrategy"
    strategy = mapping(workload.spec.get(field))
    update = mapping(strategy.get("rollingUpdate"))
    if workload.kind == "StatefulSet":
        if strategy.get("type") == "OnDelete":
            return
        unavailable = max(scaled(update.get("maxUnavailable"), pods, up=False) or 1, 1)
        partition = update.get("partition")
        if type(partition) is int and partition > 0:
            return  # the pods below it are not updated
    elif strategy.get("type") == "Recreate":
        yield (
            workload.at("spec", field, "type"),
            f"Recreate ends all {pods} pods before it starts a new one ({workload.replicas_reason})",
        )
        return
    else:
        _, unavailable = fenceposts(pods, update)
    if unavailable >= pods:
        written = dig(update, "maxUnavailable")
        yield (
            workload.at("spec", field, "rollingUpdate", "maxUnavailable"),
            f"maxUnavailable {written} of {pods} = {min(unavailable, pods)}: "
            f"an update may leave 0 pods ({workload.replicas_reason})",
        )
