"""CSV, NDJSON and GeoJSON: a line for each point."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from datasets.exports import texts
from datasets.exports.plans import Plan, is_text
from datasets.exports.rows import Rows, read

# ------------------------------------------------------------------ CSV


def csv(plan: Plan, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines end with a line feed; numbers stand as they are stored."""
    names = [*(name for name in plan.fields if name not in {"value", "metadata"}), *plan.columns]
    yield ",".join(texts.cells(names).to_pylist()).encode() + b"\n"
    codes = texts.cells(plan.codes)
    told = {variable.name for variable in plan.variables if is_text(variable)}
    for rows in read(plan, pieces):
        yield texts.flowing(_csv_lines(rows, codes, told))


def _csv_lines(rows: Rows, codes: pa.Array, told: set[str]) -> pa.Array:
    cells = _keys(rows, codes)
    for name, column in rows.cells.items():
        if name == "metadata":
            cells.append(texts.quoted(column))
        else:
            cells.append(texts.quoted(texts.guarded(column)) if name in told else column)
    cells[-1] = texts.join(cells[-1], "\n")
    return texts.join(*cells, by=",")


def _keys(rows: Rows, codes: pa.Array) -> list[pa.Array]:
    made: dict[str, Callable[[], pa.Array]] = {
        "id": rows.ids,
        "timestamp": rows.instants,
        "station": lambda: rows.of_station(codes),
    }
    return [made[name]() for name in rows.plan.fields if name in made]


# ------------------------------------------------------------------ NDJSON


def ndjson(plan: Plan, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The points as the pages of JSON have them."""
    codes = texts.column(plan.values["codes"])
    yield b""
    for rows in read(plan, pieces):
        members = _members(rows, codes)
        yield texts.flowing(_lines("{", _between_commas(members), "}\n"))


def _members(rows: Rows, codes: pa.Array) -> list[list[Any]]:
    """The members of a point as JSON, each in pieces."""
    made: dict[str, Callable[[], list[Any]]] = {
        "id": lambda: ['"id":"', rows.ids(), '"'],
        "timestamp": lambda: ['"timestamp":"', rows.instants(), '"'],
        "station": lambda: ['"station":', rows.of_station(codes)],
        "value": lambda: ['"value":', rows.cells["value"]],
        "metadata": lambda: ['"metadata":', rows.cells["metadata"]],
    }
    return [made[name]() for name in rows.plan.fields]


def _between_commas(members: Iterable[list[Any]]) -> list[Any]:
    return [piece for member in members for piece in (",", *member)][1:]


def _lines(start: str, pieces: list[Any], end: str) -> pa.Array:
    # Only metadata can be missing.
    return texts.join(start, *pieces, end, null="{}")


# ------------------------------------------------------------------ GeoJSON


def geojson(plan: Plan, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A FeatureCollection by RFC 7946: a feature for each point, its values as properties."""
    yield _collection(plan)
    codes = texts.column(plan.values["codes"])
    geometries = texts.column([orjson.dumps(one).decode() for one in plan.geometries])
    separator = b"\n"
    for rows in read(plan, pieces):
        # Each feature begins with the comma after the one before.
        yield separator + texts.flowing(_features(rows, codes, geometries))[1:]
        separator = b","
    yield b"]}\n"


def _collection(plan: Plan) -> bytes:
    units = {one.name: plan.unit_of(one) for one in plan.variables if plan.unit_of(one)}
    named = {"type": "FeatureCollection", "name": plan.about["title"]}
    head = named | {**plan.about, "units": units}
    return orjson.dumps(head)[:-1] + b',"features":['


def _features(rows: Rows, codes: pa.Array, geometries: pa.Array) -> pa.Array:
    members = _members(rows, codes)
    fields = rows.plan.fields
    identity = [",", *members[0]] if "id" in fields else []
    properties = members[len(identity) > 0 :]
    if "value" in fields:
        values = rows.cells["value"].cast(pa.binary())
        inner = pc.binary_slice(values, 1, -1).cast(pa.string())
        properties[-2 if "metadata" in fields else -1] = [inner]
    return _lines(
        ',{"type":"Feature"',
        [
            *identity,
            ',"geometry":',
            rows.of_station(geometries),
            ',"properties":{',
            *_between_commas(properties),
        ],
        "}}\n",
    )
