"""What is done again and again beside all else."""

import threading

import pytest
from django.db import OperationalError, connection

from accounts.models import AuditSeal
from accounts.services import audit
from accounts.services.seals import Sealer
from datastream.core.ticking import Ticking
from tests.running import eventually

OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"""


def is_cut() -> bool:
    """Cut all connections but this one; whether there was another."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        return bool(cursor.rowcount)


def test_a_failure_ends_one_call_and_is_logged_once(
    committed_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []
    enough = threading.Event()

    def work() -> None:
        calls.append(1)
        if len(calls) < 5:
            raise OperationalError("the database is away")
        if len(calls) < 7:
            raise ValueError("something else")
        enough.set()

    ticking = Ticking(work, name="testing", every_s=0.01)
    ticking.start()
    assert enough.wait(60)
    ticking.stop()
    assert not ticking.is_alive()
    failures = [one for one in caplog.records if "tick_failed" in str(one.msg)]
    assert len(failures) == 1


def test_it_stops_when_it_is_told(committed_db: None) -> None:
    ticking = Ticking(lambda: None, name="testing", every_s=3600)
    ticking.start()
    ticking.stop()
    assert not ticking.is_alive()


def test_sealing_goes_on_after_the_database_has_cut_its_connection(committed_db: None) -> None:
    ticking = Ticking(Sealer().seal, name="sealing", every_s=0.02)
    ticking.start()
    try:
        for number in range(1, 4):
            audit.record("tested", number=number)
            assert eventually(lambda number=number: AuditSeal.objects.count() == number)  # type: ignore[misc]
            assert eventually(is_cut, every_s=0.001)
    finally:
        ticking.stop()
