"""Pods that are not in the render but will run beside it.

Operators turn objects into pods (Prometheus, databases), cert-manager starts solver pods, and
other teams' pods (ingress controller, DNS) live in other namespaces. Rules about selectors that
match nothing ask here before they complain.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from validator.cluster.selector import Selector
from validator.cluster.view import View, strings

if TYPE_CHECKING:
    from validator.cluster.index import Cluster


@dataclass(frozen=True, slots=True)
class OutsidePods:
    """Pods by namespace and labels. `labels=None`: any label may be there, nothing is known.

    Further labels that start with `prefix` are there too, with values that differ from pod to pod.
    """

    namespace: str
    labels: dict[str, str] | None
    why: str
    prefix: str = ""

    def may_match(self, selector: Selector) -> bool:
        if self.labels is None or selector.null:
            return not selector.null
        known = selector.without(self._differs) if self.prefix else selector
        return known.matches(self.labels)

    def _differs(self, key: str) -> bool:
        return key.startswith(self.prefix) and key not in (self.labels or {})


class Prometheus(View):
    kinds = (("monitoring.coreos.com", "Prometheus"),)


class Alertmanager(View):
    kinds = (("monitoring.coreos.com", "Alertmanager"),)


class PrometheusAgent(View):
    kinds = (("monitoring.coreos.com", "PrometheusAgent"),)


class ThanosRuler(View):
    kinds = (("monitoring.coreos.com", "ThanosRuler"),)


class _Marks(NamedTuple):
    """What an operator writes on its objects' pods: labels (`{}` is the object's name), and a prefix."""

    labels: dict[str, str]
    prefix: str


_STRIMZI = _Marks({"strimzi.io/cluster": "{}", "app.kubernetes.io/instance": "{}"}, "strimzi.io/")
_MARKS: dict[tuple[str, str], _Marks] = {
    ("postgresql.cnpg.io", "Cluster"): _Marks({"cnpg.io/cluster": "{}"}, "cnpg.io/"),
    ("postgresql.cnpg.io", "Pooler"): _Marks({"cnpg.io/poolerName": "{}"}, "cnpg.io/"),
    ("acid.zalan.do", "postgresql"): _Marks({"application": "spilo", "cluster-name": "{}"}, "spilo-role"),
    ("kafka.strimzi.io", "Kafka"): _STRIMZI,
    ("kafka.strimzi.io", "KafkaConnect"): _STRIMZI,
    ("kafka.strimzi.io", "KafkaMirrorMaker2"): _STRIMZI,
    ("kafka.strimzi.io", "KafkaBridge"): _STRIMZI,
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): _Marks(
        {"elasticsearch.k8s.elastic.co/cluster-name": "{}"}, "elasticsearch.k8s.elastic.co/"
    ),
}
"""Constants of the operators: pkg/utils/labels_and_annotations.go of cloudnative-pg, pkg/cluster/k8sres.go
of postgres-operator, ResourceLabels.java of strimzi-kafka-operator, .../elasticsearch/label/label.go of
cloud-on-k8s."""


class Operated(View):
    """An object from which an operator makes pods that bear its name in a label."""

    kinds = tuple(_MARKS)


class Certificates(View):
    """Objects that make cert-manager start HTTP-01 solver pods in their namespace."""

    kinds = (
        ("cert-manager.io", "Certificate"),
        ("cert-manager.io", "Issuer"),
        ("networking.k8s.io", "Ingress"),
    )


SOLVER = {"acme.cert-manager.io/http01-solver": "true"}
"""Label of every HTTP-01 solver pod (cert-manager pkg/apis/acme/v1: SolverIdentificationLabelKey)."""


def outside_pods(cluster: "Cluster") -> tuple[OutsidePods, ...]:
    found = [
        OutsidePods(pods.namespace, dict(pods.labels) if pods.labels is not None else None, "external-pods")
        for pods in cluster.settings.external_pods
    ]
    # Labels that the operator sets: prometheus-operator pkg/prometheus/server/statefulset.go,
    # pkg/alertmanager/statefulset.go.
    for prometheus in cluster.of(Prometheus):
        found.append(_operated(prometheus, "prometheus"))
    for alertmanager in cluster.of(Alertmanager):
        found.append(_operated(alertmanager, "alertmanager"))
    for agent in cluster.of(PrometheusAgent):
        found.append(_operated(agent, "prometheus-agent"))
    for ruler in cluster.of(ThanosRuler):
        found.append(_operated(ruler, "thanos-ruler"))
    for operated in cluster.of(Operated):
        marks = _MARKS[operated.resource.group, operated.kind]
        labels = {key: value.format(operated.name) for key, value in marks.labels.items()}
        found.append(OutsidePods(operated.namespace, labels, str(operated), marks.prefix))
    for certificate in cluster.of(Certificates):
        annotated = any(key.startswith("cert-manager.io/") for key in certificate.annotations)
        if certificate.kind != "Ingress" or annotated:
            found.append(OutsidePods(certificate.namespace, SOLVER, str(certificate)))
    return tuple(found)


def _operated(view: View, name: str) -> OutsidePods:
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "app.kubernetes.io/instance": view.name,
        name: view.name,
    }
    extra = view.get("spec", "podMetadata", "labels")
    if type(extra) is dict:
        labels.update(strings(extra))
    return OutsidePods(view.namespace, labels, str(view), "operator.prometheus.io/")
