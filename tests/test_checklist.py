"""What the items of the checklist say for themselves."""

from pathlib import Path

from validator.checklist import judge_items
from validator.cluster import Cluster
from validator.config import from_table
from validator.finding import ItemStatus
from validator.manifest import parse, resources
from validator.rule import discover
from validator.source import Sources

SCALED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec: {template: {metadata: {labels: {app: api}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api}
spec: {minAvailable: 1, selector: {matchLabels: {app: api}}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: api}
spec: {scaleTargetRef: {name: api}}
"""
OPERATED = """
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db}
spec: {maxUnavailable: 1, selector: {matchLabels: {cnpg.io/cluster: db}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: other}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other}, maxReplicas: 3}
"""
SHARED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {metadata: {labels: {tier: web}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b}
spec: {template: {metadata: {labels: {tier: web}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {tier: web}}}
"""


def _said(text: str, item: int, **settings: object) -> tuple[ItemStatus, list[str]]:
    found = resources(parse(text, "case.yaml"))
    cluster = Cluster(found, from_table(settings, Path("qt-validate.toml")))
    verdict = judge_items(cluster, [], [], discover(), Sources(found), None)[item - 1]
    return verdict.status, [evidence.text for evidence in verdict.evidence]


def test_keda_is_an_autoscaler() -> None:
    assert _said(SCALED, 4) == (ItemStatus.PASS, ["scales Deployment/api by KEDA"])


def test_an_unlisted_autoscaler_is_not_denied() -> None:
    assert _said(OPERATED, 4, autoscaled=["api"]) == (
        ItemStatus.NA,
        ["1 autoscaler of workloads that `autoscaled` does not list"],
    )


def test_a_budget_says_what_is_known_of_all_its_pods() -> None:
    assert _said(SCALED, 5)[1] == ["Deployment/api: selected"]
    assert _said(SHARED, 5)[1] == ["Deployment/a, Deployment/b: 1 of 2 pods may go at once"]


def test_a_budget_for_operated_pods_is_not_denied() -> None:
    assert _said(OPERATED, 5) == (ItemStatus.NA, ["1 PodDisruptionBudget for pods that others make"])
