"""Whole datasets as files over HTTP against COPY TO STDOUT of the same rows."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from tqdm import tqdm

from bench.report import Line, median, seconds
from bench.server import Client, Web
from datasets.models import Dataset

ROUNDS = 3
RATE_MARK, FIRST_MARK_MS = 0.6, 300.0
PLAIN = """
COPY (SELECT station_id, timestamp, value, metadata FROM data_points
      WHERE dataset_id = '{dataset}' ORDER BY station_id, timestamp) TO STDOUT"""
KINDS = {"csv": RATE_MARK, "arrow": RATE_MARK, "parquet": None, "ndjson": None}


class Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def measure(web: Web, dataset: Dataset, n: int) -> Iterator[Line]:
    """Rates of each format for all `n` points of a dataset."""
    client = web.client()
    subject = f"Download of {n:,} points over HTTP"
    copies: list[float] = []
    spent: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in tqdm(range(ROUNDS), disable=None, desc="Downloads"):
        copies.append(seconds(plain_copy(dataset)))
        for kind in KINDS:
            path = f"/api/v1/datasets/{dataset.pk}/data?format={kind}"
            spent[kind].append(seconds(lambda path=path: client.get(path)))  # type: ignore[misc]
    copy = median(copies)
    yield Line(subject, "COPY TO STDOUT of the same rows", n / copy, "rows/s")
    for kind, least in KINDS.items():
        took = median(spent[kind])
        yield Line(subject, kind, n / took, "rows/s", copy / took, least=least)


def plain_copy(dataset: Dataset) -> Callable[[], Any]:
    sql = PLAIN.format(dataset=dataset.pk)

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(sql, Nowhere(), size=1 << 18)

    return run


def measure_first_bytes(web: Web, dataset: Dataset, n: int) -> Iterator[Line]:
    """How soon the first rows of a large dataset come."""
    subject = f"First rows of {n:,}"
    for kind in ("csv", "arrow", "ndjson", "parquet"):
        times = [first_rows_s(web.client(), dataset, kind) * 1000 for _ in range(ROUNDS)]
        share = median(times) / FIRST_MARK_MS
        most = None if kind == "parquet" else 1.0
        what = f"{kind}, part of {FIRST_MARK_MS:g} ms"
        yield Line(subject, what, median(times), "ms", share, most=most)


def first_rows_s(client: Client, dataset: Dataset, kind: str) -> float:
    """Seconds until 4 KiB have come, more than any head; then the client goes away."""
    started = time.perf_counter()
    client.line.request(
        "GET", f"/api/v1/datasets/{dataset.pk}/data?format={kind}", headers=client.headers
    )
    answer = client.line.getresponse()
    if answer.status != 200 or len(answer.read(4096)) < 4096:
        raise RuntimeError(f"{kind}: {answer.status}")
    spent = time.perf_counter() - started
    client.line.close()
    return spent
