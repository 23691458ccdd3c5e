"""qt-validate and a real server agree: on manifests with one fault each, which are applied for real."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml

from tests.cluster.agreement import Case, cases, errors, findings
from tests.cluster.cluster import Cluster, Object
from tests.cluster.playground import Playground
from validator.finding import Finding

CASES = [*cases("api.yaml"), *cases("references.yaml"), *cases("quota.yaml")]
FIRST = ("Namespace", "ResourceQuota", "LimitRange")
"""What must be in force before the others come."""


class Applied:
    """A case's objects in a namespace of their own, and what comes of them."""

    def __init__(self, cluster: Cluster, case: Case) -> None:
        documents = case.manifests.split("\n---\n")
        values = [yaml.safe_load(each) for each in documents]
        own = [value["metadata"]["name"] for value in values if value["kind"] == "Namespace"]
        self._cluster, self._own = cluster, bool(own)
        self._playground = Playground(cluster, own[0]) if own else Playground.next(cluster)
        pairs = list(zip(documents, values, strict=True))
        self._early = [text for text, value in pairs if value["kind"] in FIRST]
        self._late = [text for text, value in pairs if value["kind"] not in FIRST]

    def __enter__(self) -> "Applied":
        if not self._own:
            self._playground.__enter__()
        if self._early:
            done = self._apply(self._early)
            assert done.returncode == 0, done.stderr
        self._cluster.until(self._ready, "the namespace is ready", 30)
        self.outcome = self._apply(self._late)
        return self

    def __exit__(self, *_: object) -> None:
        self._playground.__exit__()

    def items(self, kind: str) -> list[Object]:
        return self._playground.items(kind)

    def _apply(self, documents: list[str]) -> subprocess.CompletedProcess[str]:
        where = () if self._own else ("-n", self._playground.name)
        arguments = ("apply", "--validate=strict", "-f", "-", *where)
        return self._cluster.run(*arguments, stdin="\n---\n".join(documents))

    def _ready(self) -> bool:
        """The account that pods get is there, and the quotas have been counted."""
        quotas = self.items("resourcequotas")
        return bool(self.items("serviceaccounts")) and all("hard" in q.get("status", {}) for q in quotas)


def pods_refused(applied: Applied) -> str:
    return "\n".join(e["message"] for e in applied.items("events") if e["reason"] == "FailedCreate")


def unscheduled(applied: Applied) -> str:
    conditions = [c for pod in applied.items("pods") for c in pod["status"].get("conditions", ())]
    return "\n".join(c["message"] for c in conditions if c.get("reason") == "Unschedulable")


def not_scaled(applied: Applied) -> str:
    hpas = applied.items("horizontalpodautoscalers")
    conditions = [c for hpa in hpas for c in hpa["status"].get("conditions", ())]
    return "\n".join(c["message"] for c in conditions if c["status"] == "False")


def _addresses(applied: Applied) -> int:
    """Counted by port, since a Service's port may find a pod but not that pod's port."""
    slices = applied.items("endpointslices")
    return sum(len(s["endpoints"] or ()) * len(s["ports"] or ()) for s in slices)


def _pods_run(applied: Applied) -> bool:
    pods = applied.items("pods")
    return bool(pods) and all(pod["status"].get("phase") == "Running" for pod in pods)


def _workloads_run(applied: Applied) -> bool:
    workloads = applied.items("deployments,statefulsets")
    return all(w["status"].get("readyReplicas", 0) == w["spec"]["replicas"] for w in workloads)


def no_addresses(applied: Applied) -> str:
    there = _pods_run(applied) and bool(applied.items("endpointslices")) and _addresses(applied) == 0
    return "no address" if there else ""


def addresses(applied: Applied) -> str:
    return "an address" if _pods_run(applied) and _addresses(applied) else ""


def pods_run(applied: Applied) -> str:
    return "all run" if _workloads_run(applied) and not pods_refused(applied) else ""


OUTCOMES: dict[str, Callable[[Applied], str]] = {
    "pods refused": pods_refused,
    "unscheduled": unscheduled,
    "not scaled": not_scaled,
    "no addresses": no_addresses,
    "addresses": addresses,
    "pods run": pods_run,
}
"""What controllers make of objects that the server accepts, by what they write; empty until they have."""
FAULTY = ("refused", "pods refused", "unscheduled", "not scaled", "no addresses")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_agreement(cluster: Cluster, operators: None, version: str, case: Case, tmp_path: Path) -> None:
    """What the server or its controllers refuse is an error here, and what they accept no `api.*` error."""
    if int(version.partition(".")[2]) < case.since:
        pytest.skip(f"Kubernetes {version} does not say so yet")
    _server_says(cluster, case)
    found = findings(case.manifests, tmp_path, version)
    if case.rule is not None:
        assert case.rule in {finding.rule for finding in found}
    if case.server in FAULTY and case.why is None:
        assert case.rule in errors(found)
    if case.server != "refused":
        assert not _of_families(found, "api")
    if case.rule is None:
        assert not _of_families(found, "references", "resources.quota", "resources.outside")


def _of_families(found: Iterable[Finding], *starts: str) -> set[str]:
    return {rule for rule in errors(found) if rule.startswith(starts)}


def _server_says(cluster: Cluster, case: Case) -> None:
    """That the server's verdict is the one that the case tells of."""
    with Applied(cluster, case) as applied:
        said = applied.outcome.stderr
        if case.server == "refused":
            assert applied.outcome.returncode != 0, "the server accepts it"
        else:
            assert applied.outcome.returncode == 0, said
            assert ("Warning:" in said) == (case.server == "warned"), said
        if look := OUTCOMES.get(case.server):
            seen: list[str] = []

            def look_again() -> bool:
                seen.append(look(applied))
                return case.says in seen[-1] and bool(seen[-1])

            cluster.until(look_again, f"{case.server}: {case.says}", 40)
        else:
            assert case.says in said, said
