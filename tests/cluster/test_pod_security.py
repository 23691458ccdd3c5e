"""Of pods and the Pod Security Standard that a namespace enforces, server and qt-validate say the same."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.cluster.agreement import ConfinedCase, errors, findings, security_cases
from tests.cluster.cluster import Cluster
from tests.cluster.server import Server

LEVELS = ("baseline", "restricted")


def has_account(cluster: Cluster, namespace: str) -> bool:
    return cluster.run("get", "serviceaccount", "default", "-n", namespace).returncode == 0


@pytest.fixture(scope="module")
def namespaces(cluster: Cluster) -> Iterator[list[dict[str, object]]]:
    objects: list[dict[str, object]] = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": level, "labels": {"pod-security.kubernetes.io/enforce": level}},
        }
        for level in LEVELS
    ]
    cluster.apply(objects)
    for level in LEVELS:
        cluster.until(partial(has_account, cluster, level), f"an account in {level}", 30)
    yield objects
    cluster.kubectl("delete", "namespace", *LEVELS, "--wait=false")


@pytest.mark.parametrize("case", list(security_cases()), ids=lambda case: case.name)
def test_a_pod_is_refused_by_both_or_by_neither(
    server: Server, version: str, namespaces: list[dict[str, object]], case: ConfinedCase, tmp_path: Path
) -> None:
    for level, namespace in zip(LEVELS, namespaces, strict=True):
        answer = server.would_create(case.pod, level)
        assert answer.refused == (level in case.refused), answer
        if answer.refused:
            assert "violates PodSecurity" in answer.said
            assert case.says in answer.said
        pod = {**case.pod, "metadata": {"name": "api", "namespace": level}}
        found = findings(yaml.safe_dump_all([namespace, pod]), tmp_path, version)
        assert ("security.pod-security-refused" in errors(found)) == answer.refused
        assert not {rule for rule in errors(found) if rule.startswith("api.")}
        if case.rule is not None:
            assert case.rule in {finding.rule for finding in found}
