"""The clusters of the tests: control planes of our own, or the cluster that KUBECONFIG names."""

import json
import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import running
from tests.cluster.given import NotEmptyError, borrowed
from tests.cluster.prerequisites import install_operators_kinds, provide_storage_classes
from tests.cluster.programs import NEWEST, OLDEST, Release
from tests.cluster.server import Server, connected

DONE = pytest.StashKey[dict[str, Counter[str]]]()
"""What was done to the cluster of each version."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DONE] = {}


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The newest Kubernetes, or the cluster that is given."""
    if not os.environ.get("KUBECONFIG"):
        yield from _own(pytestconfig, NEWEST)
        return
    try:
        with borrowed() as found:
            pytestconfig.stash[DONE][found.version] = found.done
            yield found
    except NotEmptyError as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture(scope="module")
def oldest(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The oldest Kubernetes that the manifests promise to run on."""
    if os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names the cluster to test on")
    yield from _own(pytestconfig, OLDEST)


def _own(config: pytest.Config, release: Release) -> Iterator[Cluster]:
    with running(release) as plane:
        found = Cluster.of(plane)
        config.stash[DONE][found.version] = found.done
        provide_storage_classes(found)
        yield found


@pytest.fixture(scope="session")
def operators(cluster: Cluster) -> None:
    install_operators_kinds(cluster)


@pytest.fixture(scope="session")
def server(cluster: Cluster, operators: None) -> Iterator[Server]:
    """The API server itself, with the operators' kinds."""
    with connected(cluster) as found:
        yield found


@pytest.fixture(scope="session")
def version(cluster: Cluster) -> str:
    """The server's version as `--kube-version` takes it."""
    found = json.loads(cluster.kubectl("version", "-o", "json"))["serverVersion"]
    return f"{found['major']}.{found['minor']}"


@pytest.fixture(scope="module")
def prod(cluster: Cluster, operators: None) -> Iterator[Cluster]:
    """The prod overlay, running."""
    with cluster.deployed("prod"):
        yield cluster


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: object, config: pytest.Config
) -> None:
    for version, done in config.stash[DONE].items():
        figures = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
        terminalreporter.write_line(f"Kubernetes {version}: {figures or 'nothing done'}")
