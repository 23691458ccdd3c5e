"""The one file for clusters without Kustomize: `kubectl create -f`, in place of prod's jobs."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import NAMESPACE, NOTHING, Cluster
from tests.deploy.manifests import K8S

pytestmark = pytest.mark.parametrize("applied", [NOTHING], indirect=True)


@pytest.fixture
def cluster_with_namespace(deployed: Cluster) -> Iterator[Cluster]:
    with deployed.applied(str(K8S / "base/namespace"), "-n", NAMESPACE):
        yield deployed


def test_the_backup_is_created_from_its_file_alone(cluster_with_namespace: Cluster) -> None:
    cluster = cluster_with_namespace
    printed = cluster.kubectl("create", "-f", str(K8S / "jobs/database-backup.yaml"), "--validate=strict")
    assert "cronjob.batch/database-backup created" in printed
    cluster.kubectl("create", "job", "by-hand", "--from=cronjob/database-backup", "-n", NAMESPACE)
    cluster.until(lambda: cluster.succeeded("by-hand"), "the Job succeeds")
    assert cluster.refusals() == []
