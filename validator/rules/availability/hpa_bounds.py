"""Autoscaler has bounds that leave it nothing to do, or one pod for all requests from outside.

With `minReplicas` equal to `maxReplicas` it never scales. In production a minimum below 2 (1 when unset) is
reported where an Ingress, a Gateway route or a Service of type LoadBalancer or NodePort brings requests from
outside: at quiet hours a drain or a crash is an outage. Elsewhere, and for declared singletons, scaling down
to one pod is a decision.

Fix: Set `minReplicas` to 2 or more, and `maxReplicas` above it.

Bad:
    kind: Ingress
    spec: {tls: [{secretName: tls}], defaultBackend: {service: {name: example, port: {number: 80}}}}
    ---
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{port: 80, targetPort: 8000}]}
    ---
    kind: Deployment
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 1  # finding
      maxReplicas: 5
Good:
    kind: Ingress
    spec: {tls: [{secretName: tls}], defaultBackend: {service: {name: example, port: {number: 80}}}}
    ---
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{port: 80, targetPort: 8000}]}
    ---
    kind: Deployment
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      maxReplicas: 5
"""

from validator.cluster import Cluster, HorizontalPodAutoscaler
from validator.cluster.routes import entrance_of
from validator.cluster.scaling import target_of
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.WARNING)
def hpa_bounds(hpa: HorizontalPodAutoscaler, cluster: Cluster) -> Findings:
    unset = "" if hpa.spec.get("minReplicas") is not None else " (unset)"
    if hpa.spec.get("maxReplicas") == hpa.minimum:
        yield (
            hpa.at("spec", "maxReplicas"),
            f"minReplicas {hpa.minimum}{unset} = maxReplicas {hpa.maximum}: it never scales",
        )
    workload = target_of(hpa)
    if cluster.profile != "prod" or hpa.minimum > 1 or workload is None or workload.is_singleton():
        return
    if entrance := entrance_of(workload):
        yield Fault(
            hpa.at("spec", "minReplicas"),
            f"minReplicas {hpa.minimum}{unset}: {workload} serves {entrance}, and one pod is no spare",
            related=(Related("brings requests from outside", entrance.at()),),
        )
