"""A folder and a port of its own for every test that starts the platform as a user would."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from datastream.core.embedded import Server
from tests.acceptance.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.kill_everything()
    # It lies outside the folder where pytest's own path is too long for a socket.
    shutil.rmtree(Server(installation.var / "postgres").socket_folder, ignore_errors=True)
