"""The one file for clusters without Kustomize: `kubectl create -f`, in place of prod's jobs."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import NAMESPACE, Cluster
from tests.deploy.manifests import K8S


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[None]:
    with cluster.applied(str(K8S / "base/namespace"), "-n", NAMESPACE):
        yield


def test_the_backup_is_created_from_its_file_alone(cluster: Cluster, namespace: None) -> None:
    printed = cluster.kubectl("create", "-f", str(K8S / "jobs/database-backup.yaml"), "--validate=strict")
    assert "cronjob.batch/database-backup created" in printed
    cluster.kubectl("create", "job", "by-hand", "--from=cronjob/database-backup", "-n", NAMESPACE)
    cluster.until(lambda: cluster.succeeded("by-hand"), "the Job succeeds")
    assert cluster.refusals() == []
