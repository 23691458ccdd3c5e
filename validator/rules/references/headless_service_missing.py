"""StatefulSet names a Service that does not exist, so its pods have no names of their own in DNS.

`redis-0.redis` resolves by the headless Service (`clusterIP: None`) that `serviceName` names and that selects
the pods; replicas and clients that address one pod find nobody. A Service that exists but is not headless, or
selects other pods, gives no such names either; as not everyone needs them, that is a warning.
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id

Fix: Add the headless Service, or correct `serviceName` (it cannot be changed once deployed).

Bad:
    kind: StatefulSet
    metadata: {name: redis}
    spec:
      serviceName: redis-headless  # finding
    ---
    kind: Service
    metadata: {name: redis}
    spec: {clusterIP: None, selector: {app.kubernetes.io/name: redis}}
Good:
    kind: StatefulSet
    metadata: {name: redis}
    spec:
      serviceName: redis
    ---
    kind: Service
    metadata: {name: redis}
    spec: {clusterIP: None, selector: {app.kubernetes.io/name: redis}}
"""

from validator.cluster import Cluster, Service, Workload
from validator.cluster.services import absence
from validator.manifest import string
from validator.rule import Fault, Findings, Related, Severity, rule


def _names_service(workload: Workload) -> bool:
    return workload.kind == "StatefulSet" and string(workload.spec.get("serviceName")) is not None


@rule(Severity.ERROR, neighbours=True, when=_names_service)
def headless_service_missing(workload: Workload, cluster: Cluster) -> Findings:
    name, at = workload.spec["serviceName"], workload.at("spec", "serviceName")
    service = cluster.find(Service, workload.namespace, name)
    if service is None:
        if why := absence(cluster, workload.namespace, name):
            yield at, f"{why}: `{workload.name}-0.{name}` does not resolve"
        return
    if service.spec.get("clusterIP") != "None":
        why = f"{service} is not headless"
    elif workload not in service.workloads and not service.selector.null:
        why = f"{service} does not select its pods"
    else:
        return
    related = (Related("the Service", service.at("spec")),)
    yield Fault(at, f"{why}: `{workload.name}-0.{name}` does not resolve", related, Severity.WARNING)
