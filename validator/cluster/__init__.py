"""The objects of a target as Kubernetes sees them together: typed views and one index."""

from validator.cluster.image import Image
from validator.cluster.index import Cluster
from validator.cluster.objects import (
    ConfigMap,
    HorizontalPodAutoscaler,
    Ingress,
    LimitRange,
    Namespace,
    NetworkPolicy,
    PodDisruptionBudget,
    ResourceQuota,
    Secret,
    Service,
    ServiceAccount,
    scaled,
)
from validator.cluster.outside import Alertmanager, OutsidePods, Prometheus
from validator.cluster.quantity import quantity, show, show_bytes, show_cpu
from validator.cluster.selector import EVERYTHING, NOTHING, Requirement, Selector
from validator.cluster.view import View, strings
from validator.cluster.workload import POD_TEMPLATES, Container, Port, Workload

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "POD_TEMPLATES",
    "Alertmanager",
    "Cluster",
    "ConfigMap",
    "Container",
    "HorizontalPodAutoscaler",
    "Image",
    "Ingress",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "OutsidePods",
    "PodDisruptionBudget",
    "Port",
    "Prometheus",
    "Requirement",
    "ResourceQuota",
    "Secret",
    "Selector",
    "Service",
    "ServiceAccount",
    "View",
    "Workload",
    "quantity",
    "scaled",
    "show",
    "show_bytes",
    "show_cpu",
    "strings",
]
