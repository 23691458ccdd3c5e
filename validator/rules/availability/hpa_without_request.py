"""Autoscaler's target is a share of a request that a container does not make, so it cannot be worked out.

The controller gives up with "missing request for cpu in container …" as soon as one container, or native
sidecar, of the pod has none: with that metric alone it never scales, beside others it never scales down
(pkg/controller/podautoscaler/replica_calculator.go). A limit implies the request, a LimitRange may fill it
in, and the pod's own `resources` stand for all containers. An HPA without metrics scales on CPU. A container
metric that names a container which is not there is as dead, and reported too.
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details

Fix: Give every container a request of that resource, or use a `ContainerResource` metric for the one that
matters.

Bad:
    # also: resources.cpu-request
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 1Gi}}},
      {name: proxy, resources: {requests: {memory: 1Gi}, limits: {memory: 1Gi}}},
    ]}}}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      metrics:
      - type: Resource
        resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}  # finding
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 1Gi}}},
      {name: proxy, resources: {requests: {cpu: 20m, memory: 1Gi}, limits: {memory: 1Gi}}},
    ]}}}
    ---
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 2
      metrics:
      - type: Resource
        resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
"""

from validator.cluster import Container, HorizontalPodAutoscaler, Workload
from validator.cluster.resources import declares, default_of, pod_declares
from validator.cluster.scaling import Utilization, target_of, utilizations
from validator.config import nearest
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_judged(hpa: HorizontalPodAutoscaler) -> bool:
    return target_of(hpa) is not None and any(utilizations(hpa))


@rule(Severity.ERROR, item=4, when=_is_judged)
def hpa_without_request(hpa: HorizontalPodAutoscaler) -> Findings:
    workload = target_of(hpa)
    if workload is None:
        return
    dead = [found for metric in utilizations(hpa) if (found := _dead(hpa, workload, metric))]
    effect = "it never scales" if len(dead) >= len(hpa.metrics) else "it never scales down"
    for fault, hint in dead:
        yield fault._replace(message=f"{fault.message}: {effect}{hint}")


def _dead(hpa: HorizontalPodAutoscaler, workload: Workload, metric: Utilization) -> tuple[Fault, str] | None:
    """The fault of a metric that gives no number, and the nearest name where one is misspelled."""
    running = [container for container in workload.containers if container.role != "init"]
    names = [container.name for container in running]
    if metric.container is not None and metric.container not in names:
        at = hpa.at(*metric.path, "container")
        fault = Fault(at, f"{workload} has no container `{metric.container}`")
        return fault, nearest(metric.container, names)
    without = [container for container in running if _lacks(workload, container, metric)]
    if not without:
        return None
    shown = ", ".join(container.name for container in without)
    fault = Fault(
        hpa.at(*metric.path),
        f"the target is a share of the {metric.resource} request, and in {workload} {shown} "
        f"{'has' if len(without) == 1 else 'have'} none",
        related=tuple(Related(f"no {metric.resource} request", c.at("resources")) for c in without),
    )
    return fault, ""


def _lacks(workload: Workload, container: Container, metric: Utilization) -> bool:
    if metric.container not in (None, container.name):
        return False
    if declares(container, "requests", metric.resource):
        return False
    if metric.container is None and pod_declares(workload, "requests", metric.resource):
        return False
    return default_of(container, "requests", metric.resource) is None
