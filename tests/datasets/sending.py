"""Points as somebody sends them, in any format."""

import io
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from datasets import ingest
from datasets.formats import Reading, registry
from datasets.formats.sent import Sent
from datasets.ingest import Author, Batch, Options
from datasets.models import Dataset
from datastream.core.errors import InvalidRowsError, PlatformError

# So small that a few rows make several pieces, and a CSV several blocks of 400 bytes.
SMALL: dict[str, Any] = {"piece_rows": 3, "piece_bytes": 1600}


def sent(content: str | bytes | BinaryIO, kind: str = "csv", **reading: Any) -> Sent:
    if isinstance(content, str):
        content = content.encode()
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    return Sent(file, registry[kind], Reading(**reading))


def parquet_of(columns: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def arrow_of(columns: Any, rows: int | None = None, **options: Any) -> bytes:
    """An Arrow stream, in record batches of so many rows."""
    table, file = pa.table(columns), io.BytesIO()
    with ipc.new_stream(file, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)
    return file.getvalue()


BYTES_OF = {"parquet": parquet_of, "arrow": arrow_of}


def store(dataset: Dataset, points: Any, **options: Any) -> ingest.Outcome:
    return ingest.write(dataset.pk, points, author=Author("test"), options=Options(**options))


def refused(dataset: Dataset, points: Any) -> list[tuple[int, str]]:
    """Row and field of what is wrong with points that are not stored."""
    with pytest.raises(InvalidRowsError) as error:
        store(dataset, points)
    return [(row["row"], row["field"]) for row in error.value.details["rows"]]


def error_of(points: Sent) -> PlatformError:
    with pytest.raises(PlatformError) as error:
        list(points)
    return error.value


def instants(batch: Batch) -> list[datetime]:
    return [datetime.fromtimestamp(micros / 1e6, UTC) for micros in batch.micros.tolist()]


def cells(batches: Any, name: str) -> list[Any]:
    """A variable's cells in all pieces."""
    return [cell for batch in batches for cell in batch.values[name].to_pylist()]


def firsts(batches: Any) -> list[tuple[int, int]]:
    """The number of the first row of each piece, and how many it has."""
    return [(batch.first, len(batch)) for batch in batches]
