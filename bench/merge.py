"""The merge of points against a plain COPY of the same rows."""

import hashlib
import io
import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from numpy.typing import NDArray
from tqdm import tqdm

from bench import database, samples
from bench.report import Line, median, seconds
from datasets import ingest
from datasets.ingest.rows import rows_of, value_texts
from datasets.models import Dataset

ROUNDS = 2
MARKS = {"fresh": 0.7, "all unchanged": 0.7, "overlapping, half new": 0.4}
COPY = """
COPY bench.data_points (station_id, timestamp, value, metadata, dataset_id, revision)
FROM STDIN (FORMAT {form})"""


@dataclass(slots=True)
class Times:
    """Seconds of each round: of the merge, and of the plain COPY just before it."""

    merge: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)


def measure(n: int, *, state: str, fill: Callable[[], None]) -> Iterator[Line]:
    """Figures of `n` rows; `fill` brings the points to the named state before each round."""
    rows = samples.table(n)
    text, binary = copy_text(rows), copy_binary(rows)
    times = {case: Times() for case in MARKS}
    parsing: list[float] = []
    binaries: list[float] = []
    steps = tqdm(disable=None, total=ROUNDS * len(MARKS), desc=f"Merge, {state}")
    for _ in range(ROUNDS):
        fill()
        for case, work in _round(rows, parsing):
            times[case].copy.append(plain_copy(text))
            times[case].merge.append(seconds(work))
            steps.update()
        binaries.append(plain_copy(binary, form="binary"))
    steps.close()
    every_copy = [one for case in times.values() for one in case.copy]
    subject = f"Merge of {n:,} points, {state}"
    yield Line(subject, "plain COPY", n / median(every_copy), "rows/s")
    for case, least in MARKS.items():
        merged, copied = median(times[case].merge), median(times[case].copy)
        yield Line(subject, case, n / merged, "rows/s", copied / merged, least=least)
    yield Line(subject, "plain COPY in the merge's binary form", n / median(binaries), "rows/s")
    yield Line(subject, "from_table, before the merge", n / median(parsing), "rows/s")


def _round(rows: pa.Table, parsing: list[float]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each case made ready, and what is to be measured of it."""

    def ready(dataset: Dataset) -> Callable[[], object]:
        batches: list[ingest.Batch] = []
        parsing.append(seconds(lambda: batches.append(ingest.from_table(rows))))
        return lambda: samples.write_batch(dataset, batches[0])

    first, second = samples.make_dataset(), samples.make_dataset()
    yield "fresh", ready(first)
    yield "all unchanged", ready(first)
    samples.write(second, rows.take(pa.array(np.arange(0, len(rows), 2))))
    yield "overlapping, half new", ready(second)


def copy_text(rows: pa.Table) -> bytes:
    """The rows as lines of text, which COPY reads unless told otherwise."""
    batch, numbers = _numbered(rows)
    stations = pc.cast(pa.array(numbers), pa.string())
    times = pc.cast(pa.array(batch.micros).cast(pa.timestamp("us")), pa.string())
    parts = [stations, times, value_texts(batch), "\\N", str(uuid.uuid4()), "1\n"]
    whole = pc.binary_join_element_wise(*parts, "\t")
    return whole.buffers()[2].to_pybytes()  # type: ignore[no-any-return]


def copy_binary(rows: pa.Table) -> bytes:
    """The same in the binary form, made as the merge makes it."""
    constants = (uuid.uuid4().bytes, struct.pack(">i", 1))
    return b"".join(rows_of(*_numbered(rows)).chunks(hashlib.sha256(), *constants))


def _numbered(rows: pa.Table) -> tuple[ingest.Batch, NDArray[np.int64]]:
    batch = ingest.from_table(rows)
    return batch, batch.station.dictionary_encode().indices.to_numpy().astype(np.int64) + 1


def plain_copy(content: bytes, *, form: str = "text") -> float:
    """Seconds of a COPY into the empty table, its commit included."""
    database.empty_plain_table()
    with connection.cursor() as cursor:
        raw, sql = cursor.cursor, COPY.format(form=form)
        return seconds(lambda: raw.copy_expert(sql, io.BytesIO(content), size=1 << 18))


def measure_scattered(dataset: Dataset, rows: pa.Table, *, n: int = 1000) -> Iterator[Line]:
    """A small batch whose rows lie anywhere in a large dataset, half of them changed."""
    spent = []
    for seed in range(7):
        random = np.random.default_rng(seed)
        part = rows.take(pa.array(random.choice(len(rows), n, replace=False)))
        changed = np.where(np.arange(n) % 2, part["TMAX"], part["TMAX"].to_numpy() + 100 + seed)
        batch = ingest.from_table(part.set_column(2, "TMAX", pa.array(changed)))
        spent.append(seconds(lambda batch=batch: samples.write_batch(dataset, batch)))  # type: ignore[misc]
    what = f"{n:,} scattered rows into {len(rows):,}, half changed"
    yield Line("Small batches", what, median(spent) * 1000, "ms")
