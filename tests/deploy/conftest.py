"""One database server for all tests of the Jobs."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.postgres import Server, own


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Not below pytest's own folder, which the user postgres may not enter; short, for the socket's sake."""
    home = own(Path(tempfile.mkdtemp(prefix="qt-")))
    found = Server(home)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(home)
