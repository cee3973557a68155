"""Made-up observations: hourly, three variables, the same in every run."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pyarrow as pa

from accounts import services as accounts
from accounts.models import User
from datasets import ingest
from datasets.models import Dataset, Visibility

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


def write(dataset: Dataset | UUID, rows: pa.Table) -> ingest.Outcome:
    """Store rows as their owner would."""
    return write_batch(dataset, ingest.from_table(rows))


def write_batch(dataset: Dataset | UUID, batch: ingest.Batch) -> ingest.Outcome:
    key = dataset.pk if isinstance(dataset, Dataset) else dataset
    return ingest.write(key, batch, author=ingest.Author(route="bench"))
