"""The rate and the day's quota of a provider, kept by all processes together."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from connectors import services
from connectors.base import Quota
from connectors.models import Feed
from connectors.services.providers import Turns
from datastream.core import clock
from datastream.core.errors import ProviderUnavailableError
from tests import redis
from tests.connectors.fakes.lines import FakeLines, Lines

PROJECT = Path(__file__).resolve().parents[2]
ASK = """
import sys
import django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from connectors.base import Quota
from connectors.services.providers import Turns
from datastream.core.http import Client
with Client(sys.argv[2], headers={}, manners=Turns("lines", Quota(per_second=5.0))) as client:
    for _ in range(5):
        client.get("lines", {"station": "A", "start": "2001-01-01", "end": "2001-01-02"})
"""


@pytest.mark.slow
def test_f_09_three_processes_keep_the_rate_of_one(
    committed_db: None, fake_lines: FakeLines
) -> None:
    name = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-c", ASK, name, f"{fake_lines.url}/"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    asking = [subprocess.Popen(command, cwd=PROJECT, env=environment) for _ in range(3)]
    assert [one.wait(120) for one in asking] == [0, 0, 0]
    assert len(fake_lines.calls) == 15
    # One that was held up on its way comes close to the next.
    assert fake_lines.most_calls_within(2.0) <= 10


def test_a_days_quota_is_never_asked_twice_in_a_day(db: None) -> None:
    turns = Turns("a host", Quota(per_second=1e6, per_day=10))
    for _ in range(5):
        turns.wait()
    with pytest.raises(ProviderUnavailableError) as caught:
        turns.wait()
    # Half a day's requests at once, and the other half over the day: the next after a fifth of it.
    retry_at = datetime.fromisoformat(caught.value.details["retry_at"])
    wait = retry_at - clock.now()
    assert timedelta(hours=4.7) < wait < timedelta(hours=4.9)


def test_what_was_asked_today_counts_after_a_crash(db: None, settings: Any) -> None:
    with redis.running() as cache:
        settings.REDIS_URL = cache.url
        turns = Turns("a host", Quota(per_second=1e6, per_day=10))
        for _ in range(5):
            turns.wait()
        cache.kill()
        settings.REDIS_URL = ""
        with connection.cursor() as cursor:
            # What a crash of the database does to tables that are not logged.
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u'"
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f"TRUNCATE {table}")
        with pytest.raises(ProviderUnavailableError, match="used up"):
            turns.wait()


def test_a_run_whose_quota_is_used_up_goes_on_another_day(
    lines_feed: Feed, fake_lines: FakeLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lines, "quota", replace(Lines.quota, parallel=1, per_day=8))
    pace: list[int] = []

    def count(self: Turns, per_day: int) -> None:
        pace.append(per_day)
        if len(pace) == 5:
            raise ProviderUnavailableError("Used up.", details={"retry_at": "2026-01-01T00:00:00Z"})

    monkeypatch.setattr(Turns, "_count_day", count)
    run = services.execute_run(services.start_run(lines_feed).pk)
    assert run is not None
    assert run.error is not None
    assert (run.status, run.checkpoint) == ("partial", 4)
    assert run.error["details"]["retry_at"] == "2026-01-01T00:00:00Z"
    services.change_feed(lines_feed, lookback_days=0)
    again = services.execute_run(services.start_run(lines_feed).pk)
    assert again is not None
    assert (again.status, again.requests) == ("succeeded", 2)
