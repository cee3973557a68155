"""Reading a series as arrays by binary COPY, beside rows of the driver made into arrays."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection

from bench.report import Line, median, seconds
from datasets.access import full_view
from datasets.models import Dataset
from datasets.selectors import series as reading

ROUNDS = 5
VARIABLE = "TMAX"
ROWS = """
SELECT timestamp, (value->>%s)::float8, (metadata->'quality'->>%s)::int FROM data_points
WHERE dataset_id = %s AND value->>%s IS NOT NULL ORDER BY timestamp"""


def measure(*datasets: Dataset) -> Iterator[Line]:
    """Of datasets with one station."""
    for dataset in datasets:
        yield from _beside(dataset)


def by_copy(dataset: Dataset) -> Any:
    return reading.series(full_view(dataset), VARIABLE)


def by_rows(dataset: Dataset) -> Any:
    """The usual way: an object for each value, and arrays of those."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [VARIABLE, VARIABLE, dataset.pk, VARIABLE])
        rows = [(time, value) for time, value, quality in cursor.fetchall() if quality != 4]
    times = np.array([time.replace(tzinfo=None) for time, _ in rows], "datetime64[us]")
    return times, np.array([value for _, value in rows])


def _beside(dataset: Dataset) -> Iterator[Line]:
    n = dataset.point_count
    subject = f"Reading {n:,} values as arrays"
    found, (times, values) = by_copy(dataset), by_rows(dataset)
    if not (np.array_equal(found.timestamps, times) and np.array_equal(found.values, values)):
        raise RuntimeError("The two ways do not read the same.")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: by_copy(dataset)))
        theirs.append(seconds(lambda: by_rows(dataset)))
    rows, copy = median(theirs), median(ours)
    yield Line(subject, "rows of the driver, made into arrays", 1000 * rows, "ms")
    yield Line(subject, "by binary COPY", 1000 * copy, "ms", rows / copy)
    yield Line(subject, "by binary COPY", n / copy, "values/s")
