"""The command `ingest`, and the fake of NOAA that it asks."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from connectors import services
from connectors.models import Feed
from connectors.registry import connectors
from connectors.services import fetching, providers
from datastream.core.http import Limits
from tests.connectors.fakes.lines import LINES, FakeLines, Lines
from tests.connectors.fakes.noaa import FakeNoaa

Ingest = Callable[..., "Said"]


class Said:
    """How a command ended and what it said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def receipt(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def everybody_answers_again() -> None:
    """Who did not answer an earlier test is not left alone in this one."""
    providers.circuits.clear()


@pytest.fixture
def ingest_command() -> Ingest:
    """Run `manage.py ingest` with words."""

    def run(*words: object) -> Said:
        out, err, code = io.StringIO(), io.StringIO(), 0
        try:
            call_command("ingest", *map(str, words), stdout=out, stderr=err)
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            code = error.returncode
            err.write(str(error))
        return Said(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real limits, but for the pause before the next try."""
    monkeypatch.setattr(providers, "Limits", partial(Limits, backoff_s=0.001))


@pytest.fixture(scope="session")
def running_noaa() -> Iterator[FakeNoaa]:
    with FakeNoaa() as noaa:
        yield noaa


@pytest.fixture
def fake_noaa(running_noaa: FakeNoaa, settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeNoaa:
    """The fake in the place of NOAA, asked without waiting between requests."""
    running_noaa.reset()
    settings.NOAA_BASE_URL = running_noaa.base_url
    product = connectors["noaa"].product()
    quota = replace(product.quota, per_second=1e6)
    monkeypatch.setattr(type(product), "quota", quota)
    return running_noaa


@pytest.fixture(scope="session")
def running_lines() -> Iterator[FakeLines]:
    with FakeLines() as lines:
        yield lines


@pytest.fixture
def fake_lines(
    running_lines: FakeLines, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> FakeLines:
    """A made-up provider and its connector."""
    running_lines.reset()
    settings.LINES_BASE_URL = f"{running_lines.url}/"
    monkeypatch.setitem(connectors._entries, LINES.name, LINES)
    return running_lines


@pytest.fixture
def lines_feed(fake_lines: FakeLines, admin: User) -> Feed:
    """Two stations for three years: six requests."""
    target = services.target_of(LINES, admin, name="Levels")
    parameters = {"stations": ["A", "B"], "start": "2001-01-01", "end": "2003-12-31"}
    return services.make_feed(target, LINES, name="levels", product="", parameters=parameters)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is asked for by itself, and stored by itself."""
    monkeypatch.setattr(Lines, "quota", replace(Lines.quota, parallel=1))
    monkeypatch.setattr(fetching, "PAGES_AT_ONCE", 1)
    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 1)
