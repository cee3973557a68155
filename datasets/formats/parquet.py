"""Parquet: the columns of CSV with their own types."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from datasets.formats.registry import Format, registry
from datasets.ingest.batch import Batch, from_table
from datastream.core.errors import UnreadableInputError


def read(path: Path, timezone: str | None) -> Batch:
    """A batch from a Parquet file; a null says nothing of its variable."""
    try:
        return from_table(parquet.read_table(path), timezone=timezone)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableInputError(f"{path.name} is not a Parquet file: {error}") from error


registry.add(Format("parquet", (".parquet",), read))
