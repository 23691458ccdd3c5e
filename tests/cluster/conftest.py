"""The clusters of the tests: control planes of our own, or the cluster that KUBECONFIG names."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import GIVEN, NOTHING, RELEASES, Applied, Cluster
from tests.cluster.control_plane import running
from tests.cluster.given import NotEmptyError, borrowed
from tests.cluster.prerequisites import install_operators_kinds, provide_storage_classes
from tests.cluster.programs import NEWEST, OLDEST, Release
from tests.cluster.server import Server, connected

OVERLAYS = ("dev", "prod", NOTHING)
DONE = pytest.StashKey[dict[str, Counter[str]]]()
"""What was done to the cluster of each version."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DONE] = {}


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The newest Kubernetes, or the cluster that is given."""
    if not GIVEN:
        yield from _own(pytestconfig, NEWEST)
        return
    try:
        with borrowed() as found:
            pytestconfig.stash[DONE][found.version] = found.done
            yield found
    except NotEmptyError as error:
        pytest.exit(str(error), returncode=2)


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


@pytest.fixture(scope="session", params=RELEASES)
def any_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """One cluster after the other; the oldest Kubernetes that the manifests promise to run on comes first."""
    if request.param == "oldest":
        yield from _own(request.config, OLDEST)
    else:
        yield request.getfixturevalue("cluster")


@pytest.fixture(scope="session", params=["dev", "prod"])
def applied(any_cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Applied]:
    """An overlay, running, for all tests of it together; dev first, while no operator's kind is there."""
    overlay = request.param
    if overlay == NOTHING:
        yield Applied(any_cluster, overlay, "")
        return
    if overlay == "prod":
        install_operators_kinds(any_cluster)
    with any_cluster.deployed(overlay) as printed:
        yield Applied(any_cluster, overlay, printed)


@pytest.fixture
def deployed(applied: Applied) -> Cluster:
    return applied.cluster


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the same overlay on the same cluster follow each other; those that name none come after."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, int]:
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    cluster, overlay = params.get("any_cluster"), params.get("applied")
    return (
        RELEASES.index(cluster) if cluster else len(RELEASES),
        OVERLAYS.index(overlay) if overlay else len(OVERLAYS),
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: object, config: pytest.Config
) -> None:
    for version, done in config.stash[DONE].items():
        figures = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
        terminalreporter.write_line(f"Kubernetes {version}: {figures or 'nothing done'}")
