"""Uploads over HTTP against a plain COPY of the same rows."""

import tempfile
from collections.abc import Iterator
from typing import IO

import pyarrow as pa
from django.db import connection
from pyarrow import csv
from tqdm import tqdm

from bench import merge, samples
from bench.memory import Peak, resident_mb
from bench.report import Line, median, seconds
from bench.server import Client, Web

ROUNDS = 2
FRESH_MARK, AGAIN_MARK, MEMORY_MARK_MB = 0.5, 0.6, 200.0


def measure(web: Web, n: int) -> Iterator[Line]:
    """A CSV of `n` points sent to an empty dataset, and again, beside plain COPYs."""
    rows = samples.table(n)
    text = merge.copy_text(rows)
    fresh: list[float] = []
    again: list[float] = []
    copies: list[float] = []
    with tempfile.TemporaryFile() as file:
        csv.write_csv(as_text(rows), file)
        client = web.client()
        peak = Peak(web.workers())
        before = resident_mb(web.workers())
        for _ in tqdm(range(ROUNDS), disable=None, desc="Uploads"):
            copies.append(merge.plain_copy(text))
            path = f"/api/v1/datasets/{samples.make_dataset().pk}/data"
            fresh.append(seconds(lambda path=path: send(client, path, file)))  # type: ignore[misc]
            again.append(seconds(lambda path=path: send(client, path, file)))  # type: ignore[misc]
        grown, size_mb = peak.end() - before, file.seek(0, 2) / 2**20
    subject = f"Upload of {n:,} points as CSV over HTTP ({size_mb:.0f} MB)"
    copy = median(copies)
    yield Line(subject, "plain COPY", n / copy, "rows/s")
    first, second = median(fresh), median(again)
    yield Line(subject, "new points", n / first, "rows/s", copy / first, least=FRESH_MARK)
    what = "all unchanged, against the first time"
    yield Line(subject, what, n / second, "rows/s", first / second, least=AGAIN_MARK)
    share = grown / MEMORY_MARK_MB
    what = f"growth of the web processes, part of {MEMORY_MARK_MB:g} MB"
    yield Line(subject, what, grown, "MB", share, most=1.0)


def rate(lines: list[Line]) -> float:
    """Rows a second of new points, among these lines."""
    return next(line.value for line in lines if line.what == "new points")


def as_text(rows: pa.Table) -> pa.Table:
    """With times as people write them."""
    times = pa.compute.strftime(
        rows["timestamp"].cast(pa.timestamp("s", "UTC")), "%Y-%m-%dT%H:%M:%SZ"
    )
    return rows.set_column(0, "timestamp", times)


def send(client: Client, path: str, file: IO[bytes]) -> None:
    file.seek(0)
    client.ask("POST", path, body=file, kind="text/csv")


def bytes_a_value(table: str, values: int) -> float:
    """What a table and its indexes take on disk for each value in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [table])
        return float(cursor.fetchone()[0]) / values
