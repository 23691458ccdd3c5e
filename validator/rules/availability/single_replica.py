"""Workload behind a Service has one pod, so every drain, crash and node failure is an outage.

A workload that must not run twice is declared in `singletons` of `qt-validate.toml`; it is not asked, and
neither is one that an HPA or KEDA scales, whose lower bound is a decision, or that is listed in `autoscaled`
(see `hpa-missing`).

Fix: Set `replicas` to 2 or more, or list the workload under `singletons` if two of it would do harm.

Bad:
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{port: 80, targetPort: 8000}]}
    ---
    kind: Deployment
    spec:
      replicas: 1  # finding
Good:
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{port: 80, targetPort: 8000}]}
    ---
    kind: Deployment
    spec:
      replicas: 2
"""

from validator.cluster import Workload
from validator.cluster.scaling import has_known_replicas
from validator.rule import Fault, Findings, Related, Severity, rule


def _asked(workload: Workload) -> bool:
    return (
        workload.is_replicated()
        and not workload.is_singleton()
        and bool(workload.cluster.services_of(workload))
        and has_known_replicas(workload)
        and not (workload.hpas or workload.name in workload.cluster.settings.autoscaled)
    )


@rule(Severity.WARNING, prod=True, when=_asked)
def single_replica(workload: Workload) -> Findings:
    if workload.replicas == 1:
        service = workload.cluster.services_of(workload)[0]
        yield Fault(
            workload.at("spec", "replicas"),
            f"{workload.replicas_reason}: when its one pod moves, {service} has nobody to send to",
            related=(Related("leads to it", service.at("spec", "selector")),),
        )
