"""Exports made and read back in the plainest way, each by a reader that is not ours."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet

from datasets import exports
from datasets.models import Dataset
from datasets.selectors.points import Selection
from tests.datasets.reading import view

KINDS = ("csv", "ndjson", "geojson", "arrow", "parquet")
KNOWN = ("id", "timestamp", "station", "metadata")


def body(dataset: Dataset, kind: str, *, seen: Any = None, **asked: Any) -> bytes:
    """The whole file; `asked` are words of Selection, of `fields` and `conversions`."""
    seen = seen or view(dataset)
    told = {name: asked.pop(name) for name in ("fields", "conversions") if name in asked}
    selection = Selection(**{"revision": seen.dataset.revision, **asked})
    return b"".join(exports.stream(seen, selection, kind, **told))


def table(content: bytes, kind: str) -> pa.Table:
    if kind == "parquet":
        return parquet.read_table(io.BytesIO(content))
    return pa.ipc.open_stream(content).read_all()


def points(content: bytes, kind: str) -> list[dict[str, Any]]:
    """The points of a file as a page has them."""
    return READERS[kind](content)


def _of_csv(content: bytes) -> list[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [_point({name: _said(cell) for name, cell in row.items()}) for row in rows]


def _said(cell: str) -> Any:
    """A cell as a number if it is one, without the apostrophe that guards it, or None."""
    if re.fullmatch(r"-?\d+(\.\d+)?", cell):
        return float(cell)
    return re.sub(r"\A'('*[=+\-@\t\r])", r"\1", cell) or None


def _of_table(kind: str) -> Callable[[bytes], list[dict[str, Any]]]:
    return lambda content: [_point(row) for row in table(content, kind).to_pylist()]


def _point(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: row.pop(name) for name in KNOWN if name in row}
    time = found.get("timestamp")
    if time is not None and not isinstance(time, str):
        text = time.isoformat().replace("+00:00", "")
        found["timestamp"] = (text.rstrip("0") if "." in text else text) + "Z"
    if "station" in found:
        found["station"] = found["station"] or ""
    if "metadata" in found:
        found["metadata"] = orjson.loads(found["metadata"] or "{}")
    return found | {"value": {name: one for name, one in row.items() if one is not None}}


def _of_lines(content: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in content.splitlines()]


def _of_geojson(content: bytes) -> list[dict[str, Any]]:
    features = orjson.loads(content)["features"]
    return [_feature(one) for one in features]


def _feature(feature: dict[str, Any]) -> dict[str, Any]:
    assert feature["type"] == "Feature"
    properties = dict(feature["properties"])
    found = {name: properties.pop(name) for name in KNOWN if name in properties}
    return {"id": feature["id"], **found, "value": properties}


READERS: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "csv": _of_csv,
    "ndjson": _of_lines,
    "geojson": _of_geojson,
    "arrow": _of_table("arrow"),
    "parquet": _of_table("parquet"),
}
