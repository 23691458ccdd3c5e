"""Container behind a Service ends at once when told to, while requests still come in, and these are cut.

A pod is taken out of its Services at the same moment as it gets SIGTERM, and it takes seconds until every
node and proxy knows. Asked are the containers whose port a Service leads to. Not asked are native sidecars,
which outlive the containers, and StatefulSets of one and declared singletons, which no other pod stands in
for.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow

Fix: Add a `preStop` hook that sleeps some seconds (`sleep: {seconds: 10}`), or make an exception when the
process itself goes on serving after SIGTERM.

Bad:
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{port: 80, targetPort: http}]}
    ---
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api,  # finding
       ports: [{name: http, containerPort: 8000}]},
    ]}}}
Good:
    kind: Service
    spec: {selector: {app.kubernetes.io/name: example}, ports: [{port: 80, targetPort: http}]}
    ---
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, lifecycle: {preStop: {sleep: {seconds: 10}}},
       ports: [{name: http, containerPort: 8000}]},
    ]}}}
"""

from collections.abc import Iterator

from validator.cluster import Container, Service
from validator.cluster.shutdown import pre_stop
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_served(container: Container) -> bool:
    workload = container.workload
    if container.role != "container" or not workload.is_replicated() or workload.is_singleton():
        return False
    if workload.kind == "StatefulSet" and workload.replicas < 2:
        return False
    return next(_services(container), None) is not None


def _services(container: Container) -> Iterator[tuple[Service, int]]:
    """The Services, with the port's position, that lead to a port of this container."""
    alone = len(container.workload.containers) == 1
    for service in container.cluster.services_of(container.workload):
        for index, port in service.ports:
            target = port.get("targetPort") or port.get("port")
            if container.port(target) or (alone and type(target) is int):
                yield service, index


@rule(Severity.INFO, prod=True, when=_is_served)
def prestop_missing(container: Container) -> Findings:
    if not pre_stop(container):
        service, index = next(_services(container))
        yield Fault(
            container.at("lifecycle", "preStop"),
            f"no preStop hook: a rollout cuts requests that {service} still sends",
            related=(Related("leads here", service.at("spec", "ports", index)),),
        )
