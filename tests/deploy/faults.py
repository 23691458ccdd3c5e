"""Faults that people make in manifests, each breaking one item of the checklist and no other.

A fault is a change of one object, so that it can be made in the sources (the object's own file) and in the
render alike.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
BASE, PARTS = "base", "components"


@dataclass(frozen=True, slots=True)
class Fault:
    """`change` edits the object that `file` below deploy/k8s defines as `kind`/`name`; None leaves it out."""

    item: int
    title: str
    file: str
    kind: str
    name: str
    change: Callable[[Object], None] | None

    def __str__(self) -> str:
        return f"{self.item}: {self.title}"


def container(workload: Object, name: str) -> Any:
    spec = workload["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    return next(c for c in template["spec"]["containers"] if c["name"] == name)


def secrets() -> Iterator[Fault]:
    folder = f"{PARTS}/external-secrets"

    def without_a_key(secret: Object) -> None:
        secret["spec"]["data"] = [d for d in secret["spec"]["data"] if d["secretKey"] != "market-data-key"]

    def other_store(secret: Object) -> None:
        secret["spec"]["secretStoreRef"]["name"] = "vault-backnd"

    def other_target(secret: Object) -> None:
        secret["spec"]["target"]["name"] = "broker-credential"

    keys = f"{folder}/externalsecret-api-keys.yaml"
    broker = f"{folder}/externalsecret-broker-credentials.yaml"
    database = f"{folder}/externalsecret-db-credentials.yaml"
    yield Fault(1, "ExternalSecret without one key", keys, "ExternalSecret", "api-keys", without_a_key)
    yield Fault(1, "store of another name", keys, "ExternalSecret", "api-keys", other_store)
    yield Fault(1, "target of another name", broker, "ExternalSecret", "broker-credentials", other_target)
    yield Fault(1, "ExternalSecret left out", database, "ExternalSecret", "db-credentials", None)


def ingress() -> Iterator[Fault]:
    # In the sources the certificate comes by a patch, so these change the patch.
    file = f"{PARTS}/tls-ingress/patches/trading-ingress-tls.yaml"

    def other_host(ingress: Object) -> None:
        ingress["spec"]["tls"][0]["hosts"] = ["app.trading.example.com"]

    def no_tls(ingress: Object) -> None:
        ingress["spec"]["tls"] = []

    def no_issuer(ingress: Object) -> None:
        del ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"]

    yield Fault(2, "TLS host not covered", file, "Ingress", "trading-ingress", other_host)
    yield Fault(2, "empty tls", file, "Ingress", "trading-ingress", no_tls)
    yield Fault(2, "nobody issues the certificate", file, "Ingress", "trading-ingress", no_issuer)


def policies() -> Iterator[Fault]:
    signals = f"{BASE}/signals/networkpolicy.yaml"

    def misses(policy: Object) -> None:
        policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] = "signal"

    def everybody(policy: Object) -> None:
        del policy["spec"]["ingress"][0]["from"]

    def other_port(policy: Object) -> None:
        policy["spec"]["egress"][0]["ports"][0]["port"] = 5433

    def no_tcp(policy: Object) -> None:
        policy["spec"]["egress"][0]["ports"] = [{"protocol": "UDP", "port": 53}]

    yield Fault(3, "policy selects no pod", signals, "NetworkPolicy", "signals", misses)
    yield Fault(3, "policy lets everybody in", signals, "NetworkPolicy", "signals", everybody)
    yield Fault(3, "policy blocks a declared flow", signals, "NetworkPolicy", "signals", other_port)
    yield Fault(
        3, "no DNS by TCP", f"{BASE}/namespace/networkpolicy-dns.yaml", "NetworkPolicy", "allow-dns", no_tcp
    )


def autoscalers() -> Iterator[Fault]:
    kind = "HorizontalPodAutoscaler"
    api = f"{BASE}/api-service/horizontalpodautoscaler.yaml"
    calibration = f"{BASE}/calibration-service/horizontalpodautoscaler.yaml"

    def other_target(hpa: Object) -> None:
        hpa["spec"]["scaleTargetRef"]["name"] = "api-servce"

    def other_kind(hpa: Object) -> None:
        hpa["spec"]["scaleTargetRef"]["kind"] = "StatefulSet"

    yield Fault(4, "target of another name", api, kind, "api-service-hpa", other_target)
    yield Fault(4, "target of another kind", calibration, kind, "calibration-service-hpa", other_kind)
    yield Fault(4, "HPA left out", calibration, kind, "calibration-service-hpa", None)


def budgets() -> Iterator[Fault]:
    kind = "PodDisruptionBudget"
    signals = f"{BASE}/signals/poddisruptionbudget.yaml"

    def misses(pdb: Object) -> None:
        pdb["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] = "sgnals"

    def one_label_more(pdb: Object) -> None:
        pdb["spec"]["selector"]["matchLabels"]["tier"] = "backend"

    def blocks(pdb: Object) -> None:
        del pdb["spec"]["maxUnavailable"]
        pdb["spec"]["minAvailable"] = "51%"

    yield Fault(5, "PDB selects no pod", signals, kind, "signals", misses)
    yield Fault(5, "PDB asks for one label too many", signals, kind, "signals", one_label_more)
    yield Fault(5, "PDB allows no disruption", signals, kind, "signals", blocks)
    yield Fault(5, "PDB left out", signals, kind, "signals", None)


def monitoring() -> Iterator[Fault]:
    monitor, rules = "monitoring/servicemonitor.yaml", "monitoring/prometheusrule.yaml"

    def selects_nothing(monitor: Object) -> None:
        monitor["spec"]["selector"]["matchLabels"]["monitoring"] = "enable"

    def unknown_port(monitor: Object) -> None:
        monitor["spec"]["endpoints"][0]["port"] = "metric"

    def broken_query(rule: Object) -> None:
        rule["spec"]["groups"][0]["rules"][0]["expr"] += " and (up == 0"

    def no_alert_when_down(rule: Object) -> None:
        rule["spec"]["groups"] = [g for g in rule["spec"]["groups"] if g["name"] != "availability"]

    def unlabelled(service: Object) -> None:
        del service["metadata"]["labels"]["monitoring"]

    yield Fault(6, "monitor selects nothing", monitor, "ServiceMonitor", "trading-services", selects_nothing)
    yield Fault(6, "monitor's port is unknown", monitor, "ServiceMonitor", "trading-services", unknown_port)
    yield Fault(6, "broken PromQL", rules, "PrometheusRule", "trading-alerts", broken_query)
    yield Fault(
        6, "no alert when a service is down", rules, "PrometheusRule", "trading-alerts", no_alert_when_down
    )
    yield Fault(
        6, "a Service no monitor selects", f"{BASE}/signals/service.yaml", "Service", "signals", unlabelled
    )


def backups() -> Iterator[Fault]:
    file = "jobs/database-backup/cronjob.yaml"

    def suspended(job: Object) -> None:
        job["spec"]["suspend"] = True

    def to_scratch(job: Object) -> None:
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for volume in pod["volumes"]:
            if volume["name"] == "backup":
                del volume["persistentVolumeClaim"]
                volume["emptyDir"] = {"sizeLimit": "10Gi"}

    def sleeps(job: Object) -> None:
        container(job, "database-backup")["command"] = ["sleep", "60"]

    yield Fault(7, "CronJob suspended", file, "CronJob", "database-backup", suspended)
    yield Fault(7, "backup to an emptyDir", file, "CronJob", "database-backup", to_scratch)
    yield Fault(7, "CronJob that dumps nothing", file, "CronJob", "database-backup", sleeps)


def resources() -> Iterator[Fault]:
    redis, backup = f"{BASE}/redis/statefulset.yaml", "jobs/database-backup/cronjob.yaml"
    signals = f"{BASE}/signals/deployment.yaml"

    def no_memory_limit(workload: Object) -> None:
        del container(workload, "redis-exporter")["resources"]["limits"]["memory"]

    def no_cpu_limit(workload: Object) -> None:
        del container(workload, "database-backup")["resources"]["limits"]["cpu"]

    def no_resources(workload: Object) -> None:
        del container(workload, "signals")["resources"]

    yield Fault(8, "no memory limit in a second container", redis, "StatefulSet", "redis", no_memory_limit)
    yield Fault(8, "no CPU limit in a job", backup, "CronJob", "database-backup", no_cpu_limit)
    yield Fault(8, "no resources at all", signals, "Deployment", "signals", no_resources)


def probes() -> Iterator[Fault]:
    redis, api = f"{BASE}/redis/statefulset.yaml", f"{BASE}/api-service/deployment.yaml"

    def one_of_two(workload: Object) -> None:
        del container(workload, "redis-exporter")["readinessProbe"]

    def no_liveness(workload: Object) -> None:
        del container(workload, "api")["livenessProbe"]

    def null_probe(workload: Object) -> None:
        container(workload, "api")["readinessProbe"] = None

    yield Fault(9, "a probe in one of two containers", redis, "StatefulSet", "redis", one_of_two)
    yield Fault(9, "no liveness probe", api, "Deployment", "api-service", no_liveness)
    yield Fault(9, "a probe that is null", api, "Deployment", "api-service", null_probe)


def accounts() -> Iterator[Fault]:
    signals = f"{BASE}/signals/deployment.yaml"

    def default_account(workload: Object) -> None:
        del workload["spec"]["template"]["spec"]["serviceAccountName"]

    def other_account(workload: Object) -> None:
        workload["spec"]["template"]["spec"]["serviceAccountName"] = "signal"

    yield Fault(10, "default account", signals, "Deployment", "signals", default_account)
    yield Fault(10, "account that is not there", signals, "Deployment", "signals", other_account)
    account = f"{BASE}/signals/serviceaccount.yaml"
    yield Fault(10, "account left out", account, "ServiceAccount", "signals", None)


FAULTS = (
    *secrets(),
    *ingress(),
    *policies(),
    *autoscalers(),
    *budgets(),
    *monitoring(),
    *backups(),
    *resources(),
    *probes(),
    *accounts(),
)

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: signals, namespace: trading}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: signals, namespace: trading}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: signals}
subjects: [{kind: ServiceAccount, name: signals, namespace: trading}]
"""
"""A narrow role, which fails nothing; `WIDENINGS` make it one that does."""

WIDENINGS = {
    "every verb": ("verbs: [get]", "verbs: ['*']"),
    "every resource": ("resources: [configmaps]", "resources: ['*']"),
    "escalation": (
        "resources: [configmaps], verbs: [get]",
        "resources: [serviceaccounts], verbs: [impersonate]",
    ),
    "anonymous": (
        "kind: ServiceAccount, name: signals, namespace: trading",
        "kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:unauthenticated'",
    ),
    "no such role": ("kind: Role, name: signals", "kind: Role, name: signal"),
}
