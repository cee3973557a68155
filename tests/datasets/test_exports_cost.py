"""What an export costs, and that it leaves nothing behind, whatever becomes of it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.db import DatabaseError, DataError, connection

from datasets import exports, ingest, services
from datasets.exports import copying, plans
from datasets.models import Dataset
from datasets.selectors.points import Selection
from datastream.core.errors import InvalidInputError
from tests.datasets.exported import KINDS, points
from tests.datasets.reading import point, view
from tests.factories import days, make_dataset, make_user, write
from tests.running import eventually
from tests.threads import at_once

# More than all that lies between the database and the reader can hold.
MANY = 80_000
RUNNING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'COPY (%%' AND state <> 'idle'"""


# ------------------------------------------------------------------ the plan


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("revision", [1, 2])
def test_the_rows_of_a_station_come_by_index_and_are_merged(
    dataset: Dataset, revision: int, *, descending: bool
):
    for last in (3, 2):
        write(dataset, [{**one, "station": code} for code in "ab" for one in days(last)])
        write(dataset, [point({"TMAX": 0}, station="a")])
    asked = plans.Asked(Selection(revision, descending=descending))
    plan = plans.by_variable(view(dataset), asked)
    with connection.cursor() as cursor:
        cursor.execute(copying.SETTINGS.format(seconds=60))
        cursor.execute(f"EXPLAIN (COSTS OFF) {plan.sql}", plan.values)
        lines = [row[0].strip() for row in cursor.fetchall()]
    assert any(line.endswith("Merge Append") for line in lines), lines
    assert any("using data_points_pkey on data_points" in line for line in lines), lines
    sorts = [n for n, line in enumerate(lines) if line.endswith("Sort")]
    # Only what was replaced since the request began is sorted.
    assert len(sorts) == (revision == dataset_revision(dataset)), lines


def dataset_revision(dataset: Dataset) -> int:
    dataset.refresh_from_db()
    return dataset.revision


# ------------------------------------------------------------------ what is left behind


@pytest.fixture
def large(db: None) -> Iterator[Dataset]:
    """MANY points that all connections see."""

    def make() -> Dataset:
        made = make_dataset(make_user("steward"))
        times = np.datetime64("2001-01-01T00:00", "us") + np.arange(MANY) * np.timedelta64(1, "h")
        table = pa.table({"timestamp": pa.array(times), "A": np.arange(MANY) / 10})
        ingest.write(made.pk, ingest.from_table(table), author=ingest.Author("test"))
        made.refresh_from_db()
        return made

    def delete() -> None:
        services.delete_dataset(view(made))
        made.owner.delete()

    (made,) = at_once(make)
    yield made
    at_once(delete)


def apart(work: Callable[[], Any]) -> Any:
    """Run in no transaction, as a request does."""
    return at_once(work)[0]


def running() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(RUNNING)
        return [row[0] for row in cursor.fetchall()]


def stream(dataset: Dataset, kind: str = "csv") -> exports.Stream:
    return exports.stream(view(dataset), Selection(dataset.revision), kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_whoever_leaves_ends_the_statement_the_connection_and_the_thread(large: Dataset, kind: str):
    def leave() -> tuple[list[int], list[int], int]:
        before = set(threading.enumerate())
        chunks = stream(large, kind)
        next(chunks)
        during = running()
        chunks.close()
        return during, running(), len(set(threading.enumerate()) - before)

    during, after, threads = apart(leave)
    assert (len(during), after, threads) == (1, [], 0)


@pytest.mark.slow
def test_a_stream_that_is_forgotten_ends_too(large: Dataset):
    def forget() -> bool:
        assert next(stream(large)) is not None
        return eventually(lambda: not running(), 30)

    assert apart(forget)


@pytest.mark.slow
def test_the_callers_connection_is_free_meanwhile_and_sees_what_comes_later(large: Dataset):
    def work() -> list[dict[str, Any]]:
        with closing(stream(large)) as chunks:
            head = next(chunks)
            write(large, [point({"A": -1}, "2001-01-01"), point({"A": -1}, "2009-01-01")])
            return points(head + b"".join(chunks), "csv")

    found = apart(work)
    assert [one["value"]["A"] for one in found] == (np.arange(MANY) / 10).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_in_the_middle_is_an_error_and_no_end(large: Dataset, kind: str):
    def fail() -> list[int]:
        chunks = stream(large, kind)
        next(chunks)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", running())
        with pytest.raises(DatabaseError):
            for _ in chunks:
                pass
        return running()

    assert apart(fail) == []


@pytest.mark.slow
def test_an_error_of_our_own_ends_the_statement_too(large: Dataset):
    def fail() -> list[int]:
        copied = copying.Copied("SELECT 1 FROM pg_sleep(%(s)s)", {"s": 60})
        chunks = exports.Stream(copied, (bytes(1 // n) for n in [0]), plans.Tally())
        with pytest.raises(ZeroDivisionError):
            next(chunks)
        return running()

    assert apart(fail) == []


@pytest.mark.slow
def test_what_fails_at_once_fails_before_the_first_byte(large: Dataset):
    def fail() -> None:
        with closing(copying.Copied("SELECT 1 / %(zero)s", {"zero": 0})) as copied:
            copied.begin(5)

    with pytest.raises(DataError, match="division by zero"):
        apart(fail)
    with pytest.raises(InvalidInputError):
        apart(lambda: exports.stream(view(large), Selection(1, stations=("x",)), "csv"))


@pytest.mark.slow
def test_a_statement_that_is_slow_to_begin_does_not_hold_back_the_head(large: Dataset):
    def wait() -> tuple[bool, list[bytes]]:
        with closing(copying.Copied("SELECT 1 FROM pg_sleep(%(s)s)", {"s": 8})) as copied:
            copied.begin(0.05)
            return eventually(lambda: len(running()) == 1, 6), list(copied)

    is_held_back, pieces = apart(wait)
    assert is_held_back
    assert pieces == [b"1\n"]


@pytest.mark.slow
def test_a_statement_that_gives_nothing_is_cancelled(large: Dataset):
    def leave() -> float:
        copied = copying.Copied("SELECT 1 FROM pg_sleep(%(s)s)", {"s": 60})
        copied.begin(0.05)
        begun = time.monotonic()
        copied.close()
        return time.monotonic() - begun

    assert apart(leave) < 20


WITHOUT_PANDAS = r"""
import sys, uuid, django
django.setup()
from types import SimpleNamespace as Some
from datasets import exports
from datasets.exports.plans import Asked, Plan
from datasets.selectors.points import Selection
rows = b"7\x022001-01-01 00:00:00+00\x02{cell}\x02\n"
view = Some(dataset=Some(pk=uuid.uuid4()))
for kind, write in exports.WRITERS.items():
    variables = () if kind in ("ndjson", "geojson") else (Some(name="value", kind="number",
        unit="degC", standard_name="", cell_method=""),)
    cell = b"1.5" if variables else b'{"A": 1.5}'
    plan = Plan(view, Asked(Selection(1)), variables, {"title": "x"}, sql="",
        values={"ids": [7], "codes": ['"a"']}, columns=("value", "metadata"), geometries=(None,))
    assert len(b"".join(write(plan, [rows.replace(b"{cell}", cell)]))) > 50, kind
assert "pandas" not in sys.modules
"""


@pytest.mark.slow
def test_an_export_does_not_load_pandas_which_takes_a_second():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "datastream.settings"}
    subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], check=True, env=environment)


def test_pieces_hold_whole_rows(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(copying, "PIECE_BYTES", 100)
    sql = "SELECT n, repeat(E'x\\n', n %% 90) FROM generate_series(1, %(n)s) n"
    with closing(copying.Copied(sql, {"n": 500})) as copied:
        pieces = list(copied)
    assert len(pieces) > 100
    assert [piece.count(b"\x01") % 2 or piece[-1:] != b"\n" for piece in pieces] == [0] * len(
        pieces
    )
