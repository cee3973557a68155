"""Made-up observations: hourly, three variables, the same in every run."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from django.db import connection
from django.db.models import Max, Min

from accounts import services as accounts
from accounts.models import User
from datasets import ingest
from datasets.models import DataPoint, Dataset, Station, Visibility

NAME, PASSWORD = "bench", "only-for-this-one-run-7"
HOUR_US = 3_600_000_000
FIRST = int(datetime(1950, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def make_user() -> User:
    return accounts.create_user(NAME, "bench@example.org", password=PASSWORD, roles=["analyst"])


def make_dataset() -> Dataset:
    owner = User.objects.get(username=NAME)
    return Dataset.objects.create(owner=owner, name="bench", visibility=Visibility.PRIVATE)


def table(n: int, *, stations: int = 50, seed: int = 1) -> pa.Table:
    """`n` rows of TMAX, TMIN and PRCP, as many at each station, by station and time."""
    random = np.random.default_rng(seed)
    each = n // stations
    micros = FIRST + HOUR_US * np.tile(np.arange(each, dtype=np.int64), stations)
    codes = np.repeat(np.arange(stations), each)
    warmest = random.normal(15, 9, n).round(1)
    return pa.table(
        {
            "timestamp": pa.array(micros).cast(pa.timestamp("us", "UTC")),
            "station": pa.array([f"BENCH{code:05d}" for code in range(stations)]).take(
                pa.array(codes)
            ),
            "TMAX": warmest,
            "TMIN": (warmest - random.uniform(2, 12, n)).round(1),
            "PRCP": random.gamma(0.4, 6, n).round(1),
        }
    )


FILL = """
INSERT INTO data_points (dataset_id, station_id, timestamp, value, revision)
SELECT %(dataset)s, station, timestamptz '1950-01-01Z' + i * %(step)s::interval,
       jsonb_build_object('TMAX', round((15 + 9 * sin(i / 700.0) + i %% 7)::numeric, 1),
                          'TMIN', round((6 + 9 * sin(i / 700.0))::numeric, 1),
                          'PRCP', round((i %% 11 / 4.0)::numeric, 1)), 1
FROM unnest(%(stations)s::bigint[]) station, generate_series(0, %(each)s - 1) i"""
FILLED = """
INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
SELECT dataset_id, 1, station_id, min(timestamp), max(timestamp)
FROM data_points WHERE dataset_id = %s GROUP BY 1, 3"""


def fill(dataset: Dataset, n: int, *, step: str, stations: int) -> None:
    """Put `n` points into an empty dataset as its first revision, made in the database itself."""
    for name in ("TMAX", "TMIN", "PRCP"):
        dataset.variables.create(name=name, unit="degC" if name != "PRCP" else "mm")
    made = Station.objects.bulk_create(
        [Station(dataset=dataset, code=f"FILL{number:05d}") for number in range(stations)]
    )
    values: dict[str, Any] = {
        "dataset": dataset.pk,
        "step": step,
        "stations": [one.pk for one in made],
        "each": n // stations,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(FILL, values)
        cursor.execute(FILLED, [dataset.pk])
        cursor.execute("RESET statement_timeout")
    dataset.revisions.create(number=1, inserted=n, updated=0, unchanged=0, deleted=0, digest="")
    points = DataPoint.objects.filter(dataset=dataset)
    span = points.aggregate(start=Min("timestamp"), end=Max("timestamp"))
    Dataset.objects.filter(pk=dataset.pk).update(revision=1, point_count=n, **span)
    dataset.refresh_from_db()


def write(dataset: Dataset | UUID, rows: pa.Table) -> ingest.Outcome:
    """Store rows as their owner would."""
    return write_batch(dataset, ingest.from_table(rows))


def write_batch(dataset: Dataset | UUID, batch: ingest.Batch) -> ingest.Outcome:
    key = dataset.pk if isinstance(dataset, Dataset) else dataset
    return ingest.write(key, batch, author=ingest.Author(route="bench"))
