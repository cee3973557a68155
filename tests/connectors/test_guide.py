"""The examples of README and the guide to collecting run as they stand, asking the fakes."""

import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from connectors.models import Feed, Run
from connectors.registry import connectors
from connectors.services.providers import circuits
from datastream.core.models import Status
from tests.connectors.conftest import Ingest
from tests.factories import make_dataset
from tests.running import PROJECT

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = ".venv/bin/python manage.py ingest "
# Each fake, and the settings that let it be asked in the place of the real hosts.
FAKES = {
    "noaa": ("FakeNoaa", ["NOAA_BASE_URL"]),
    "nasa": ("FakeNasa", ["NASA_POWER_BASE_URL", "NASA_CMR_BASE_URL"]),
    "globe": ("FakeGlobe", ["GLOBE_BASE_URL"]),
    "climatedata_ca": ("FakeClimatedataCa", ["GEOMET_BASE_URL", "CLIMATEDATA_CA_BASE_URL"]),
}


def examples(page: str) -> list[list[str]]:
    """The words of each `ingest` on a page."""
    lines = [
        line for block in BLOCK.findall((PROJECT / page).read_text()) for line in block.splitlines()
    ]
    return [shlex.split(line.removeprefix(COMMAND)) for line in lines if line.startswith(COMMAND)]


@pytest.fixture
def fakes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All providers as fakes, asked without waiting between requests."""
    circuits.clear()
    with ExitStack() as running:
        for connector in connectors:
            if connector.name not in FAKES:
                continue
            kind, names = FAKES[connector.name]
            fakes = import_module(f"tests.connectors.fakes.{connector.name}")
            fake = running.enter_context(getattr(fakes, kind)())
            for name in names:
                setattr(settings, name, fake.base_url)
            for product in connector.products:
                quota = replace(product.quota, per_second=1e6)
                monkeypatch.setattr(type(product), "quota", quota)
        yield


@pytest.fixture
def garden(admin: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file and the dataset that the examples speak of."""
    make_dataset(admin, name="My garden")
    (tmp_path / "my.csv").write_text("timestamp,TMAX\n2026-01-01,4.5\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", ["README.md", "docs/guide/collect.md"])
def test_the_examples_collect_as_they_stand(
    page: str, fakes: None, garden: None, ingest_command: Ingest
) -> None:
    for words in examples(page):
        said = ingest_command(*words)
        assert said.code == 0, (words, said.out, said.err)
    for feed in Feed.objects.all():
        runs = feed.runs.order_by("created_at")
        assert {run.status for run in runs} == {Status.SUCCEEDED}, feed
        assert runs[0].inserted, feed
    assert Run.objects.exists()
