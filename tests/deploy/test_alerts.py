"""Every alert fires when it should, keeps silent when it should not, and leads to a page that helps.

`promtool` itself reads and runs the rules: scripts/install-test-tools.sh installs it.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.write_prometheusrule import prometheusrule
from tests.deploy.manifests import K8S, ROOT, Object, documents, named, of_kind, pod_spec

MONITORING = K8S / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yaml"))
TESTS = sorted((Path(__file__).parent / "alerts").glob("*.test.yaml"))
RUNBOOKS = ROOT / "docs" / "runbooks"


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert shutil.which("promtool"), "run scripts/install-test-tools.sh"
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


def _alerts() -> Iterator[Object]:
    for path in RULES:
        for group in documents(path)[0]["groups"]:
            yield from group["rules"]


ALERTS = list(_alerts())
NAMES = [alert["alert"] for alert in ALERTS]


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def test_prometheus_reads_every_rule() -> None:
    done = _promtool("check", "rules", *RULES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.partition(".")[0])
def test_alerts_fire_and_keep_silent(path: Path) -> None:
    done = _promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_file_has_its_tests() -> None:
    assert [path.name.replace(".test", "") for path in TESTS] == [path.name for path in RULES]


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_is_seen_firing_and_silent(name: str) -> None:
    """By test groups named after it, which ask for this alert alone."""
    seen: set[bool] = set()
    for path in TESTS:
        for group in documents(path)[0]["tests"]:
            if not group["name"].startswith(f"{name}: "):
                continue
            for check in group.get("promql_expr_test", ()):
                assert check["expr"] == f'ALERTS{{alertname="{name}", alertstate="firing"}}'
                seen.add(bool(check["exp_samples"]))
    assert seen == {True, False}


def test_no_test_is_about_an_alert_that_is_gone() -> None:
    for path in TESTS:
        for group in documents(path)[0]["tests"]:
            assert group["name"].partition(":")[0] in NAMES


def test_prometheusrule_holds_the_rule_files() -> None:
    fix = "run `python scripts/write_prometheusrule.py`"
    assert (MONITORING / "prometheusrule.yaml").read_text() == prometheusrule(), fix
    groups = [group for path in RULES for group in documents(path)[0]["groups"]]
    assert named("overlays/prod", "PrometheusRule", "trading-alerts")["spec"]["groups"] == groups


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_alert_says_how_bad_what_and_where_to_read_on(alert: Object) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    annotations: dict[str, str] = alert["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"].startswith("https://")
    assert annotations["runbook_url"].endswith(f"/docs/runbooks/{_kebab(alert['alert'])}.md")


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {_kebab(name) for name in NAMES}


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_runbook_leads_only_to_what_exists(path: Path) -> None:
    text = path.read_text()
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (RUNBOOKS / link).exists(), link
    for mentioned in re.findall(r"deploy/k8s/[\w./-]*", text.replace("deploy/k8s/base/NAME/", "")):
        assert (ROOT / mentioned).exists(), mentioned
    known = _names()
    for kind, name in re.findall(
        r"\b(deployment|statefulset|cronjob|job|networkpolicy)/([a-z][a-z-]*)", text
    ):
        assert name in known[kind], f"{kind}/{name}"


def _names() -> dict[str, set[str]]:
    kinds = ("Deployment", "StatefulSet", "CronJob", "Job", "NetworkPolicy")
    return {
        kind.lower(): {each["metadata"]["name"] for each in of_kind("overlays/prod", kind)} for kind in kinds
    }


def test_everything_with_metrics_is_selected() -> None:
    """One monitor: by the Service's label and the port's name."""
    (monitor,) = of_kind("overlays/prod", "ServiceMonitor")
    wanted: dict[str, str] = monitor["spec"]["selector"]["matchLabels"]
    (endpoint,) = monitor["spec"]["endpoints"]
    services = {
        each["metadata"]["name"]
        for each in of_kind("overlays/prod", "Service")
        if wanted.items() <= each["metadata"]["labels"].items()
        and endpoint["port"] in {port["name"] for port in each["spec"]["ports"]}
    }
    workloads = {
        each["metadata"]["name"]
        for each in of_kind("overlays/prod", "Deployment", "StatefulSet")
        if any(port["name"] == "metrics" for c in pod_spec(each)["containers"] for port in c.get("ports", ()))
    }
    assert services == workloads
    assert len(workloads) == 8


def test_jobs_in_expressions_are_services() -> None:
    services = {each["metadata"]["name"] for each in of_kind("overlays/prod", "Service")}
    for alert in ALERTS:
        for value in re.findall(r'\bjob=~?"([^"]+)"', alert["expr"]):
            assert set(value.split("|")) <= services, alert["alert"]


def test_backup_may_take_its_time_before_it_counts_as_too_old() -> None:
    """A day, and the longest dump that its Job allows."""
    (alert,) = [each for each in ALERTS if each["alert"] == "DatabaseBackupTooOld"]
    hours = re.search(r"> (\d+) \* 3600", alert["expr"])
    job = named("overlays/prod", "CronJob", "database-backup")["spec"]["jobTemplate"]["spec"]
    assert hours
    assert int(hours[1]) * 3600 >= 24 * 3600 + job["activeDeadlineSeconds"]


def test_dev_needs_no_operator() -> None:
    assert not of_kind("overlays/dev", "ServiceMonitor", "PrometheusRule")
