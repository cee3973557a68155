"""SQL that writes points as JSON: one object each, or one array a column.

What is the same for all points of a station is put together once a station, which is a sixth of
the time of a page. What is not JSON yet when it comes here is a parameter of the statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson

from datasets import point_ids
from datasets.models import Kind
from datastream.core.units import Conversion

FIELDS = ("id", "timestamp", "station", "value", "metadata")
# Without a zone the text has no offset; `replace` is the quickest that puts the T in.
TIME = "replace((q.timestamp AT TIME ZONE 'UTC')::text, ' ', 'T')"
METADATA = "coalesce(q.metadata::text, '{}')"
DECIMALS, DECIMALS_OF_LARGER = 10, 6
# A function takes a hundred; an array in their place takes twice the time.
MOST_ARGUMENTS = 90


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of a variable to write its values."""

    name: str
    unit: str
    kind: str


@dataclass(frozen=True, slots=True)
class Form:
    """How points are written: as rows or as columns, which variables in which unit.

    variables : None writes the values as they are stored, all of them
    """

    fields: tuple[str, ...] = FIELDS
    is_columns: bool = False
    variables: tuple[Facts, ...] | None = None
    conversions: Mapping[str, Conversion] = field(default_factory=dict)


class Of(IntEnum):
    """With what a piece of text changes."""

    NOTHING = 0
    STATION = 1
    POINT = 2


Piece = tuple[Of, str]


@dataclass(slots=True)
class Texts:
    """Parts of a statement: texts of a station `s`, arrays of points `q` by name, parameters."""

    station: list[str] = field(default_factory=list)
    arrays: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def parameter(self, value: object) -> str:
        name = f"text{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def of_station(self, sql: str) -> str:
        """An expression that is computed once a station."""
        self.station.append(sql)
        return f"q.fixed{len(self.station)}"

    def array(self, name: str, sql: str) -> None:
        self.arrays[name] = f"string_agg({sql}, ',')"


def texts_of(dataset_id: UUID, form: Form) -> Texts:
    texts = Texts()
    _columns(texts, dataset_id, form) if form.is_columns else _rows(texts, dataset_id, form)
    return texts


def _rows(texts: Texts, dataset_id: UUID, form: Form) -> None:
    members = {
        **_quoted(dataset_id),
        "station": [(Of.STATION, "s.code")],
        "value": [(Of.POINT, value(texts, form))],
        "metadata": [(Of.POINT, METADATA)],
    }
    pieces: list[Piece] = []
    for name in (name for name in FIELDS if name in form.fields):
        before = "," if pieces else "{"
        pieces += [_fixed(f'{before}"{name}":'), *members[name]]
    texts.array("results", _joined(texts, [*pieces, _fixed("}")]))


def _columns(texts: Texts, dataset_id: UUID, form: Form) -> None:
    for name, pieces in _quoted(dataset_id).items():
        if name in form.fields:
            texts.array(name, _joined(texts, pieces))
    if "station" in form.fields:
        texts.array("station", texts.of_station("s.code"))
    for facts in (form.variables or ()) if "value" in form.fields else ():
        texts.array(facts.name, f"coalesce({_member(texts, form, facts)}, 'null')")
    if "metadata" in form.fields:
        texts.array("metadata", METADATA)


def _quoted(dataset_id: UUID) -> dict[str, list[Piece]]:
    """Id and time of a point as JSON."""
    head, tail = point_ids.sql_parts(dataset_id, "s.id", "q.timestamp")
    return {
        "id": [_fixed('"'), (Of.STATION, head), (Of.POINT, tail), _fixed('"')],
        "timestamp": [_fixed('"'), (Of.POINT, TIME), _fixed('Z"')],
    }


def _fixed(text: str) -> Piece:
    return Of.NOTHING, f"'{text}'"


def _joined(texts: Texts, pieces: Iterable[Piece]) -> str:
    """One text of several; what is the same for all points of a station, once a station."""
    joined: list[str] = []
    for is_of_point, run in groupby(pieces, key=lambda piece: piece[0] == Of.POINT):
        found = list(run)
        sql = " || ".join(piece for _, piece in found)
        is_of_station = not is_of_point and any(of == Of.STATION for of, _ in found)
        joined.append(texts.of_station(sql) if is_of_station else sql)
    return " || ".join(joined)


def value(texts: Texts, form: Form) -> str:
    """The JSON of a point's values."""
    if form.variables is None:
        return "q.value::text"
    members = [
        f"{texts.parameter(_json(facts.name) + ': ')} || {_member(texts, form, facts)}"
        for facts in form.variables
    ]
    groups = [members[n : n + MOST_ARGUMENTS] for n in range(0, len(members), MOST_ARGUMENTS)]
    joined = ", ".join(f"nullif(concat_ws(', ', {', '.join(group)}), '')" for group in groups)
    return f"'{{' || concat_ws(', ', {joined}) || '}}'"


def _member(texts: Texts, form: Form, facts: Facts) -> str:
    """The JSON of one variable's value, NULL where the point has none."""
    if facts.kind == Kind.NUMBER:
        return cell(texts, form, facts)
    return f"(q.value->{texts.parameter(facts.name)})::text"


def cell(texts: Texts, form: Form, facts: Facts) -> str:
    """The text of one variable's value, NULL where the point has none."""
    name = texts.parameter(facts.name)
    change = form.conversions.get(facts.name)
    if change is None:
        return f"(q.value->>{name})"
    # A unit that is very much larger needs more decimals.
    decimals = max(DECIMALS, DECIMALS_OF_LARGER - change.factor.adjusted())
    number = f"(q.value->>{name})::numeric * ({change.factor:f}) + ({change.offset:f})"
    return f"trim_scale(round({number}, {decimals}))::text"


def _json(text: str) -> str:
    return orjson.dumps(text).decode()


def pieces_of(form: Form, texts: Texts, chunks: Sequence[Sequence[bytes]]) -> list[bytes]:
    """What together is the JSON of `results`; a chunk has a text of each array."""
    arrays = dict(zip(texts.arrays, zip(*chunks, strict=True), strict=False))
    if not form.is_columns:
        return [b"[", *_between_commas(arrays.get("results", ())), b"]"]
    pieces = []
    for name in texts.arrays:
        head = orjson.dumps(name) + b":["
        pieces += [b",", head, *_between_commas(arrays.get(name, ())), b"]"]
    return [b"{", *pieces[1:], b"}"]


def _between_commas(chunks: Iterable[bytes]) -> list[bytes]:
    return [piece for chunk in chunks for piece in (b",", chunk)][1:]
