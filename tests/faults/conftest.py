"""Sites for the tests of faults; each is a whole installation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import PLANTED, Site
from tests.running import PROCESSES

# An address of this machine at which nobody listens.
NOBODY = "mongodb://127.0.0.2:9/datastream?serverSelectionTimeoutMS=300&connectTimeoutMS=300"


def folder(factory: pytest.TempPathFactory, name: str) -> Path:
    if not PROCESSES.exists():
        pytest.skip("processes are found by /proc")
    return factory.mktemp(name)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One installation for all kills that need nothing else."""
    with Site(folder(tmp_path_factory, "site")) as site:
        yield site


@pytest.fixture(scope="module")
def planted_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One in which rules can be broken."""
    with Site(folder(tmp_path_factory, "planted"), DJANGO_SETTINGS_MODULE=PLANTED) as site:
        yield site
