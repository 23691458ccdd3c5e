"""The production checklist: ten items, each with a verdict and the facts behind it.

An item fails by the findings of its rules, and passes only when something in the target proves it: an
item that nothing was asked about, or nothing speaks for, is not applicable, and one whose rules were
switched off is not judged.
"""

from collections.abc import Callable, Iterator, Sequence

from validator.cluster import Cluster, HorizontalPodAutoscaler, Ingress, PodDisruptionBudget, Workload
from validator.cluster.alerting import RuleSource, coverage
from validator.cluster.backup import backups
from validator.cluster.disruption import allowance
from validator.cluster.monitoring import Monitor, scrapes
from validator.cluster.rbac import Binding, account_of, runs_pods
from validator.cluster.scaling import ScaledObject
from validator.cluster.secrets import Consumer, asks_for_certificate, secret_sources
from validator.finding import (
    TITLES,
    ChecklistItem,
    Evidence,
    Finding,
    ItemStatus,
    RuleOutcome,
    RuleStatus,
    number_of,
)
from validator.manifest import mapping, sequence, string
from validator.network import Topology
from validator.rule import Rule
from validator.source import Sources

Facts = Iterator[Evidence]


def judge_items(
    cluster: Cluster,
    findings: Sequence[Finding],
    outcomes: Sequence[RuleOutcome],
    rules: Sequence[Rule],
    sources: Sources,
    topology: Topology | None,
) -> tuple[ChecklistItem, ...]:
    """The ten items in order. `findings` have their places; those that were suppressed do not fail."""
    asked = _Asked(cluster, rules, outcomes)
    facts = {**_FACTS, 3: lambda c: _policies(c, topology)}
    items = []
    for number, title in enumerate(TITLES, 1):
        failing = [f for f in findings if f.item == number and f.suppressed is None]
        status, evidence = (
            ItemStatus.FAIL,
            tuple(Evidence(f.message, f.address.object, f.source) for f in failing),
        )
        if not failing:
            status, evidence = asked.verdict(number) or _proof(facts[number], cluster)
        items.append(ChecklistItem(number, title, status, sources.prove(evidence)))
    return tuple(items)


class _Asked:
    """Which items' rules were asked in this run."""

    def __init__(self, cluster: Cluster, rules: Sequence[Rule], outcomes: Sequence[RuleOutcome]) -> None:
        self._cluster = cluster
        self._rules = [rule for rule in rules if rule.item]
        self._off = {o.id for o in outcomes if o.status is RuleStatus.IGNORED}

    def verdict(self, item: int) -> tuple[ItemStatus, tuple[Evidence, ...]] | None:
        """Why an item without a finding cannot pass, if so."""
        rules = [rule for rule in self._rules if rule.item == item]
        if off := [rule.id for rule in rules if rule.id in self._off]:
            shown = ", ".join(off[:3]) + (f" and {len(off) - 3} more" if len(off) > 3 else "")
            return ItemStatus.NOT_JUDGED, (Evidence(f"switched off: {shown}"),)
        if self._cluster.profile != "prod" and any(rule.prod for rule in rules):
            return ItemStatus.NA, (Evidence(f"not asked in profile {self._cluster.profile}"),)
        if not self._cluster.complete and any(rule.neighbours for rule in rules):
            return ItemStatus.NA, (
                Evidence("the input is not known to be complete (--complete), so nothing is missed in it"),
            )
        return None


def _proof(facts: Callable[[Cluster], Facts], cluster: Cluster) -> tuple[ItemStatus, tuple[Evidence, ...]]:
    """Passed by what speaks for it; facts without an object only say why nothing does."""
    found = tuple(facts(cluster))
    if any(evidence.object is not None for evidence in found):
        return ItemStatus.PASS, found
    return ItemStatus.NA, found


def _secrets(cluster: Cluster) -> Facts:
    sources = secret_sources(cluster)
    used: dict[tuple[str, str], set[str]] = {}
    for consumer in cluster.of(Consumer):
        for use in consumer.secrets():
            used.setdefault((consumer.namespace, use.name), set()).add(consumer.name)
    if not used:
        yield Evidence("no workload uses a Secret")
        return
    for (namespace, name), consumers in sorted(used.items()):
        users = _some(sorted(consumers))
        for origin in sources.of(namespace, name)[:1]:
            if origin.view is None:
                yield Evidence(f"Secret {name} for {users} is made outside, as qt-validate.toml says")
            else:
                keys = "" if origin.keys is None else f", {number_of(len(origin.keys), 'key')}"
                yield Evidence(f"Secret {name} for {users}{keys}", origin.view.resource.ref)


def _tls(cluster: Cluster) -> Facts:
    ingresses = cluster.of(Ingress)
    if not ingresses:
        yield Evidence("no Ingress")
    for ingress in ingresses:
        for entry in map(mapping, sequence(ingress.spec.get("tls"))):
            hosts = ", ".join(str(host) for host in sequence(entry.get("hosts"))) or "every host"
            name = string(entry.get("secretName"))
            made = asks_for_certificate(ingress.annotations)
            issuer = ingress.annotations.get("cert-manager.io/cluster-issuer") or ingress.annotations.get(
                "cert-manager.io/issuer"
            )
            by = f", issued by {issuer}" if made and issuer else ""
            yield Evidence(f"{hosts} with Secret {name}{by}", ingress.resource.ref)


def _policies(cluster: Cluster, topology: Topology | None) -> Facts:
    workloads = [w for w in cluster.workloads if runs_pods(w)]
    if not workloads:
        yield Evidence("no workload")
        return
    both = [
        w for w in workloads if {"Ingress", "Egress"} <= {t for p in cluster.policies_of(w) for t in p.types}
    ]
    yield Evidence(f"{len(both)} of {number_of(len(workloads), 'workload')} restricted in both directions")
    if topology is not None:
        yield Evidence(f"{number_of(len(topology.flows), 'flow')} declared in {topology.file}")
    counted: dict[int, int] = {}
    policies = {}
    for workload in workloads:
        for policy in cluster.policies_of(workload):
            policies[id(policy)] = policy
            counted[id(policy)] = counted.get(id(policy), 0) + 1
    for key, policy in policies.items():
        yield Evidence(f"selects {number_of(counted[key], 'workload')}", policy.resource.ref)


def _autoscalers(cluster: Cluster) -> Facts:
    listed = cluster.settings.autoscaled
    autoscalers, unlisted = cluster.of(HorizontalPodAutoscaler), 0
    for hpa in autoscalers:
        target = hpa.target[2]
        if listed and target not in listed:
            unlisted += 1
            continue
        metrics = [
            str(mapping(m.get("resource") or m.get("containerResource")).get("name") or m.get("type"))
            for _, m in hpa.metrics
        ]
        on = f" on {', '.join(metrics)}" if metrics else ""
        yield Evidence(
            f"scales {hpa.target[1]}/{target} from {hpa.minimum} to {hpa.maximum}{on}", hpa.resource.ref
        )
    by_keda = cluster.of(ScaledObject)
    for scaled in by_keda:
        _, kind, name = scaled.target
        if listed and name not in listed:
            unlisted += 1
            continue
        yield Evidence(f"scales {kind}/{name} by KEDA", scaled.resource.ref)
    if unlisted:
        yield Evidence(f"{number_of(unlisted, 'autoscaler')} of workloads that `autoscaled` does not list")
    elif not autoscalers and not by_keda:
        yield Evidence(
            "no HorizontalPodAutoscaler, and `autoscaled` in qt-validate.toml lists no workload of this"
        )


def _budgets(cluster: Cluster) -> Facts:
    budgets = cluster.of(PodDisruptionBudget)
    for pdb in budgets:
        found = allowance(pdb)
        how = f"{found.allowed} of {number_of(found.pods, 'pod')} may go at once" if found else "selected"
        if pdb.workloads:
            yield Evidence(f"{_some([str(w) for w in pdb.workloads])}: {how}", pdb.resource.ref)
    if not budgets:
        yield Evidence("no PodDisruptionBudget, and no workload with more than one pod")
    elif not any(pdb.workloads for pdb in budgets):
        yield Evidence(f"{number_of(len(budgets), 'PodDisruptionBudget')} for pods that others make")


def _monitoring(cluster: Cluster) -> Facts:
    running = [w for w in cluster.workloads if w.is_long_running()]
    scraped = [w for w in running if scrapes(w)]
    alerts = coverage(cluster)
    covered = [w for w in running if alerts.covers(w)]
    if not (scraped and covered):
        yield Evidence("nothing is scraped" if not scraped else "no alert")
        return
    yield Evidence(f"{len(scraped)} of {number_of(len(running), 'workload')} scraped")
    yield Evidence(f"{len(covered)} of {number_of(len(running), 'workload')} with an alert when it is down")
    for monitor in cluster.of(Monitor):
        if monitor.services or monitor.workloads:
            yield Evidence(f"scrapes {number_of(len(monitor.workloads), 'workload')}", monitor.resource.ref)
    for source in cluster.of(RuleSource):
        if source.alerts:
            yield Evidence(number_of(len(source.alerts), "alert"), source.resource.ref)


def _backups(cluster: Cluster) -> Facts:
    found = [backup for backup in backups(cluster).all if not backup.suspended]
    if not found:
        yield Evidence("no database")
    for backup in found:
        yield Evidence(f"{backup.name} is backed up by {backup.tool} {backup.when}", backup.by.resource.ref)


def _resources(cluster: Cluster) -> Facts:
    total = len(cluster.containers)
    if not total:
        yield Evidence("no container")
        return
    yield Evidence(f"{total} of {number_of(total, 'container')} with requests and limits")
    for workload in cluster.workloads:
        if workload.containers:
            yield Evidence(number_of(len(workload.containers), "container"), workload.resource.ref)


def _probes(cluster: Cluster) -> Facts:
    asked = [c for c in cluster.containers if c.is_long_running()]
    if not asked:
        yield Evidence("no container that runs until it is told to stop")
        return
    both = sum(bool(c.probe("livenessProbe") and c.probe("readinessProbe")) for c in asked)
    yield Evidence(f"{both} of {number_of(len(asked), 'container')} with liveness and readiness probes")
    workloads: dict[int, tuple[Workload, int]] = {}
    for container in asked:
        workload, count = workloads.get(id(container.workload), (container.workload, 0))
        workloads[id(workload)] = workload, count + 1
    for workload, count in workloads.values():
        yield Evidence(number_of(count, "container"), workload.resource.ref)


def _accounts(cluster: Cluster) -> Facts:
    workloads = [w for w in cluster.workloads if runs_pods(w)]
    if not workloads:
        yield Evidence("no workload")
        return
    accounts = {(w.namespace, account_of(w)) for w in workloads}
    yield Evidence(
        f"{number_of(len(workloads), 'workload')} with {number_of(len(accounts), 'account')} of their own"
    )
    bindings = cluster.of(Binding)
    granted = f"{number_of(len(bindings), 'binding')}, none that grants everything"
    yield Evidence(granted if bindings else "no role bound to any")
    for workload in workloads:
        yield Evidence(f"runs as {account_of(workload)}", workload.resource.ref)


_FACTS: dict[int, Callable[[Cluster], Facts]] = {
    1: _secrets,
    2: _tls,
    4: _autoscalers,
    5: _budgets,
    6: _monitoring,
    7: _backups,
    8: _resources,
    9: _probes,
    10: _accounts,
}


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
