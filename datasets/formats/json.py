"""JSON: one point, an array of points, or `{"points": […]}`."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from datasets.formats.registry import Format, Reading, registry
from datasets.ingest.batch import Batch, in_zone
from datasets.ingest.records import from_records
from datastream.core.api.parsers import loads
from datastream.core.errors import InvalidInputError, TooLargeError


def read(file: BinaryIO, reading: Reading) -> Iterator[Batch]:
    """Batches from JSON, which is in memory as a whole."""
    size, limit = file.seek(0, 2), reading.limit_bytes
    if limit is not None and size > limit:
        message = f"The body is larger than {limit} bytes; send it in parts."
        raise TooLargeError(message, details={"limit_bytes": limit})
    file.seek(0)
    points = _points(loads(file.read()), reading.limit_points)
    local = in_zone(reading.timezone)
    for first in range(0, len(points) or 1, reading.piece_rows):
        batch = from_records(points[first : first + reading.piece_rows], local=local)
        batch.first = first
        yield batch


def _points(data: Any, limit: int | None) -> list[Any]:
    """The sent points, whichever of the three forms they came in."""
    if isinstance(data, dict):
        data = data["points"] if set(data) == {"points"} else [data]
    if not isinstance(data, list):
        raise InvalidInputError.of("body", 'Send a point, an array of points, or {"points": […]}.')
    if limit is not None and len(data) > limit:
        raise TooLargeError(
            f"More than {limit} points in one body; send them in parts.",
            details={"limit_points": limit},
        )
    return data


registry.add(Format("json", ("application/json",), (".json",), read, whole=True))
