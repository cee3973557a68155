"""Points as JSON has them, turned into columns."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import chain
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from datasets import times
from datasets.ingest.batch import Batch, Problems, check_count
from datasets.ingest.metadata import metadata_problem, metadata_text

KNOWN = frozenset({"id", "timestamp", "station", "value", "metadata"})
LARGEST_WHOLE = 2**53
ABSENT = object()


def from_records(records: Sequence[Any], *, local: tzinfo | None = None) -> Batch:
    """A batch from points as JSON has them.

    `local` is the zone of times without an offset; None is UTC. Rows are looked at one by one
    only where one of them is wrong.
    """
    problems = Problems.none(len(records))
    points = _points(records, problems)
    read = times.parse(_texts(points, "timestamp", problems), local)
    problems.add(read.bad & ~problems.bad, "timestamp", times.MESSAGE)
    station = pc.fill_null(_texts(points, "station", problems), "")
    values = _values(points, problems)
    names = sorted(set(chain.from_iterable(values)))
    check_count(names)
    batch = Batch(station, read.micros, {}, problems)
    for name in names:
        _add_variable(batch, name, _cells(values, name))
    batch.metadata = _metadata(points, problems)
    return batch


# ------------------------------------------------------------------ points


def _points(records: Sequence[Any], problems: Problems) -> Sequence[Mapping[str, Any]]:
    if set(map(type, records)) <= {dict} and KNOWN.issuperset(chain.from_iterable(records)):
        return records
    return [_checked(row, record, problems) for row, record in enumerate(records)]


def _checked(row: int, record: Any, problems: Problems) -> Mapping[str, Any]:
    if not isinstance(record, dict):
        problems.add([row], "", "A point is a JSON object.")
        return {}
    unknown = next((name for name in record if name not in KNOWN), None)
    if unknown is not None:
        problems.add([row], _shown(unknown), "There is no such field in a point.")
    return record


def _shown(name: str) -> str:
    """A name somebody made up as the receipt may hold it."""
    return name[:80].replace("\x00", "\ufffd")


def _texts(points: Sequence[Mapping[str, Any]], name: str, problems: Problems) -> pa.Array:
    """A text of every point; null where there is none, which only a station may lack."""
    found = [point.get(name) for point in points]
    if not set(map(type, found)) <= {str, NoneType}:
        odd = [i for i, text in enumerate(found) if text is not None and not isinstance(text, str)]
        problems.add(odd, name, times.MESSAGE if name == "timestamp" else "Not a text.")
        for row in odd:
            found[row] = None
    return pa.array(found, pa.string())


def _values(points: Sequence[Mapping[str, Any]], problems: Problems) -> Sequence[Mapping[str, Any]]:
    found: list[Any] = [point.get("value") for point in points]
    if set(map(type, found)) <= {dict}:
        return found
    # A row that is bad already has its reason.
    odd = [
        row for row, value in enumerate(found) if not (isinstance(value, dict) or problems.bad[row])
    ]
    problems.add(odd, "value", "An object of variables and their values is needed.")
    return [value if isinstance(value, dict) else {} for value in found]


# ------------------------------------------------------------------ variables


def _cells(values: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    try:
        return list(map(itemgetter(name), values))
    except KeyError:
        return [value.get(name, ABSENT) for value in values]


def _add_variable(batch: Batch, name: str, cells: list[Any]) -> None:
    """Make a column of a variable; ABSENT stands where a point does not name it."""
    kinds = set(map(type, cells))
    if NoneType in kinds:
        removed = (cell is None for cell in cells)
        batch.removed[name] = np.fromiter(removed, np.bool_, len(cells))
    if object in kinds:
        cells = [None if cell is ABSENT else cell for cell in cells]
        kinds = set(map(type, cells))
    kinds.discard(NoneType)
    if kinds == {str}:
        batch.values[name] = pa.array(cells, pa.string())
        return
    if not kinds <= {int, float}:
        cells = _apart(batch, name, cells)
    batch.values[name] = _numbers(batch, name, cells)


def _numbers(batch: Batch, name: str, cells: list[Any]) -> pa.Array:
    """Numbers as floats; a whole number that a float cannot hold exactly is refused."""
    try:
        return pa.array(cells, pa.float64())
    except (pa.ArrowInvalid, OverflowError):
        odd = [
            row
            for row, cell in enumerate(cells)
            if isinstance(cell, int) and abs(cell) > LARGEST_WHOLE
        ]
    message = "A whole number beyond ±2^53 is not exact; send it as a float."
    batch.problems.add(odd, name, message)
    for row in odd:
        cells[row] = None
    return pa.array(cells, pa.float64())


def _apart(batch: Batch, name: str, cells: list[Any]) -> list[Any]:
    """The numbers; texts are put aside, for which of both is right the variable says."""
    texts = [cell if isinstance(cell, str) else None for cell in cells]
    if any(cell is not None for cell in texts):
        batch.texts[name] = pa.array(texts, pa.string())
    numbers = [cell if type(cell) in {int, float} else None for cell in cells]
    odd = [
        row
        for row, (cell, number, text) in enumerate(zip(cells, numbers, texts, strict=True))
        if cell is not None and number is None and text is None
    ]
    batch.problems.add(odd, name, "Neither a number nor a text.")
    return numbers


# ------------------------------------------------------------------ metadata


def _metadata(points: Sequence[Mapping[str, Any]], problems: Problems) -> pa.Array | None:
    found = [point.get("metadata") for point in points]
    if not any(found):
        odd = [row for row, one in enumerate(found) if one is not None and one != {}]
        problems.add(odd, "metadata", "Not a JSON object.")
        return None
    # Most points of a provider say the same: each different saying is judged once.
    keys = [b"" if one is None else _key(one) for one in found]
    judged = {key: _judged(one) for key, one in dict(zip(keys, found, strict=True)).items()}
    if any(reason for reason, _ in judged.values()):
        for row, key in enumerate(keys):
            if judged[key][0]:
                problems.add([row], "metadata", judged[key][0])
    return pa.array([judged[key][1] for key in keys], pa.string())


def _key(metadata: Any) -> bytes:
    try:
        return orjson.dumps(metadata)
    except orjson.JSONEncodeError:  # nested too deep
        return id(metadata).to_bytes(8)


def _judged(metadata: Any) -> tuple[str, str | None]:
    """Why this cannot be metadata, or the text that is stored."""
    reason = metadata_problem(metadata) if metadata is not None else ""
    return reason, None if reason else metadata_text(metadata or {})
