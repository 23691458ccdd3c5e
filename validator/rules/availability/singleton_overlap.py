"""Declared singleton can run twice, so two order executors may place every order twice.

Only a StatefulSet with one pod never starts the next before the last is known to be gone. A Deployment does,
even with `Recreate`: that strategy orders updates alone, while after an eviction or a deletion the ReplicaSet
starts a new pod at once, beside the one that is still ending.
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees

Fix: Make it a StatefulSet with `replicas: 1` and no HPA. If it may run twice, take it out of `singletons` in
`qt-validate.toml`.

Bad:
    # setting: singletons = ["execution"]
    kind: Deployment  # finding
    metadata: {name: execution}
    spec: {replicas: 1}
Good:
    # setting: singletons = ["execution"]
    kind: StatefulSet
    metadata: {name: execution}
    spec: {replicas: 1}
"""

from validator.cluster import Workload
from validator.manifest import dig
from validator.rule import Fault, Findings, Related, Severity, rule

_OVERLAPPING = frozenset({"Deployment", "ReplicaSet", "ReplicationController", "Rollout", "DaemonSet"})


def _is_singleton(workload: Workload) -> bool:
    kinds = workload.kind in _OVERLAPPING or workload.kind == "StatefulSet"
    return kinds and workload.is_singleton() and workload.max_replicas > 0


@rule(Severity.ERROR, when=_is_singleton)
def singleton_overlap(workload: Workload) -> Findings:
    if workload.kind in _OVERLAPPING:
        yield workload.at("kind"), f"a declared singleton is a {workload.kind}: {_overlap(workload)}"
    elif workload.hpas and workload.max_replicas > 1:
        hpa = max(workload.hpas, key=lambda hpa: hpa.maximum)
        yield Fault(
            workload.at("spec", "replicas"),
            f"{hpa} scales a declared singleton up to {workload.max_replicas} pods",
            related=(Related("scales it", hpa.at("spec", "maxReplicas")),),
        )
    elif workload.max_replicas > 1:
        yield workload.at("spec", "replicas"), f"a declared singleton with {workload.max_replicas} pods"


def _overlap(workload: Workload) -> str:
    if workload.kind == "DaemonSet":
        return "one pod runs on every node"
    after = "an eviction or deletion starts the next pod while the last is still ending"
    if workload.kind == "Deployment" and dig(workload.spec, "strategy", "type") != "Recreate":
        return f"an update starts the next pod before the last has ended, and {after}"
    return after
