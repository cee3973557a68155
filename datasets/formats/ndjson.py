"""NDJSON: a point as JSON on each line."""

from pathlib import Path
from typing import Any

from datasets.formats.registry import Format, registry
from datasets.ingest.batch import Batch, from_records, in_zone
from datastream.core.api.parsers import loads
from datastream.core.errors import UnreadableInputError


def read(path: Path, timezone: str | None) -> Batch:
    """A batch from an NDJSON file; empty lines are passed over."""
    lines = path.read_bytes().split(b"\n")
    records = [_point(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    return from_records(records, local=in_zone(timezone))


def _point(path: Path, number: int, line: bytes) -> Any:
    try:
        return loads(line)
    except UnreadableInputError as error:
        raise UnreadableInputError(f"{path.name}, line {number}: {error.message}") from error


registry.add(Format("ndjson", (".ndjson", ".jsonl"), read))
