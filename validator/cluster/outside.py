"""Pods that are not in the render but will run beside it.

Operators turn objects into pods (Prometheus, Alertmanager), cert-manager starts solver pods, and
other teams' pods (ingress controller, DNS) live in other namespaces. Rules about selectors that
match nothing ask here before they complain.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from validator.cluster.selector import Selector
from validator.cluster.view import View

if TYPE_CHECKING:
    from validator.cluster.index import Cluster


@dataclass(frozen=True, slots=True)
class OutsidePods:
    """Pods by namespace and labels. `labels=None`: any label may be there, nothing is known.

    `ports` are the container ports by name, as far as known.
    """

    namespace: str
    labels: dict[str, str] | None
    why: str

    def may_match(self, selector: Selector) -> bool:
        if self.labels is None:
            return not selector.null
        return selector.matches(self.labels)


class Prometheus(View):
    kinds = (("monitoring.coreos.com", "Prometheus"),)


class Alertmanager(View):
    kinds = (("monitoring.coreos.com", "Alertmanager"),)


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
        labels.update({k: str(v) for k, v in extra.items()})
    return OutsidePods(view.namespace, labels, str(view))
