"""Points of a dataset as they stood at a revision: pages as JSON text, made by the database.

Every statement reads the table and the history together, so that it sees one state of the
dataset whatever is written meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Case, Value, When
from psycopg2.extensions import BYTES, register_type

from datasets import point_ids
from datasets.access import View
from datasets.models import Station
from datasets.models.catalogue import LARGEST_STATION
from datasets.models.points import FIRST, LAST
from datasets.selectors import coordinates, page_texts
from datasets.selectors.page_texts import Facts, Form
from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion

BEGINNING, ENDING = datetime.fromisoformat(FIRST), datetime.fromisoformat(LAST)
MICROSECOND = timedelta(microseconds=1)
FIELDS = page_texts.FIELDS
YES, NO = Value(value=True), Value(value=False)
Key = tuple[int, datetime]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which points: `start` in, `end` out, at `revision`; no stations or variables means all.

    box : west, south, east, north in degrees; across the date line where west > east
    failed : whether values that failed quality control are there, or count as missing
    """

    revision: int
    start: datetime | None = None
    end: datetime | None = None
    stations: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    descending: bool = False
    box: coordinates.Box | None = None
    failed: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """`pieces` together are the JSON of all results; `last`: the last key, None at the end."""

    pieces: list[bytes]
    count: int
    last: Key | None

    @property
    def results(self) -> bytes:
        return b"".join(self.pieces)


# The rows of one station `s` that stood at revision n, from the table and from history. The
# `+ 0` keeps the planner from the index on replaced_in, which would read all later revisions.
NOW = """
    SELECT timestamp, {value} AS value, metadata FROM data_points
    WHERE dataset_id = %(dataset)s AND station_id = s.id AND revision <= %(n)s
    AND timestamp >= s.lo AND timestamp < s.hi{condition}"""
THEN = """
    SELECT timestamp, {value} AS value, metadata FROM data_point_history
    WHERE dataset_id = %(dataset)s AND station_id = s.id AND revision <= %(n)s
    AND replaced_in + 0 > %(n)s AND timestamp >= s.lo AND timestamp < s.hi{condition}"""
# A value without the variables whose quality is 4, "fail" on the QARTOD scale.
PASSED = """(CASE WHEN metadata ? 'quality' THEN value - ARRAY(
    SELECT key FROM jsonb_each(metadata->'quality') quality(key, grade) WHERE grade = '4'
) ELSE value END)"""
# At the newest revision nothing has been replaced but since this request began: found by the index
# on replaced_in, where a search by station could walk through all of history.
JUST_REPLACED = """
WITH just_replaced AS MATERIALIZED (
    SELECT * FROM data_point_history WHERE dataset_id = %(dataset)s AND replaced_in > %(n)s
)"""
STATIONS = """
unnest(%(ids)s::bigint[], %(codes)s::text[], %(lo)s::timestamptz[], %(hi)s::timestamptz[])
    s(id, code, lo, hi)"""
# All stations of the dataset: their number is no matter to the client library then.
ALL_STATIONS = """(
    SELECT id, to_json(code)::text AS code,
           (CASE WHEN id = %(after)s THEN %(after_lo)s ELSE %(lo)s END)::timestamptz AS lo,
           (CASE WHEN id = %(after)s THEN %(after_hi)s ELSE %(hi)s END)::timestamptz AS hi
    FROM stations WHERE dataset_id = %(dataset)s AND id {beyond} %(after)s ORDER BY id {direction}
) s"""
# The lateral join walks the stations in their order and stops at one point more than the page
# has, which tells whether there is another page. The text comes in chunks of a thousand points:
# the client library would keep a buffer of the size of the largest row for each connection. The
# last point of a full page is a chunk of its own, and its key the place where the next begins.
PAGE = """{cte}
SELECT count(*), max(id), max(timestamp){arrays}
FROM (
    SELECT *, CASE WHEN number < %(limit)s THEN number / 1000 ELSE 1000000 + number END AS chunk
    FROM (
        SELECT s.*, p.*, row_number() OVER () AS number
        FROM (SELECT s.id, s.lo, s.hi{fixed} FROM {stations} OFFSET 0) s, LATERAL (
            WITH old AS MATERIALIZED ({then} {order} LIMIT %(more)s)
            SELECT * FROM (({now}{bound} {order} LIMIT %(more)s) UNION ALL SELECT * FROM old)
            both_tables {order} LIMIT %(more)s
        ) p
        LIMIT %(more)s
    ) numbered
    ORDER BY chunk, number
) q
GROUP BY chunk ORDER BY chunk"""
FACTS = """
SELECT name, unit, kind FROM variables WHERE dataset_id = %(dataset)s{chosen} ORDER BY id"""
# Where history alone fills the page, points behind it are not looked at: all that a station has
# could be newer than the revision.
BOUND = """
    AND timestamp {towards}= (
        SELECT CASE WHEN count(*) < %(more)s THEN '{end}' ELSE {last}(timestamp) END FROM old
    )"""
ASCENDING = {
    "order": "ORDER BY timestamp",
    "bound": BOUND.format(towards="<", end="infinity", last="max"),
}
DESCENDING = {
    "order": "ORDER BY timestamp DESC",
    "bound": BOUND.format(towards=">", end="-infinity", last="min"),
}


def page(
    view: View,
    selection: Selection,
    *,
    limit: int,
    after: Key | None = None,
    fields: tuple[str, ...] = FIELDS,
    form: Form | None = None,
) -> Page:
    """A page of points, by station and then by time, after a key; `form` brings its own fields.

    The cost depends on `limit` and not on how deep the page lies.
    """
    if form is None:
        named = facts(view, selection.variables) if selection.variables else ()
        form = form_of(selection, named, fields=fields)
    texts = page_texts.texts_of(view.dataset.pk, form)
    parts, values = _page_parts(view, selection, after)
    parts["fixed"] = "".join(f", {sql} AS fixed{n}" for n, sql in enumerate(texts.station, 1))
    parts["arrays"] = "".join(f", {sql}" for sql in texts.arrays.values())
    values |= texts.values | {"limit": limit, "more": limit + 1}
    chunks = _chunks(PAGE.format(**parts), values)
    count, last = sum(chunk[0] for chunk in chunks), None
    if count > limit:
        chunks.pop()
        last = chunks[-1][1:3]
    pieces = page_texts.pieces_of(form, texts, [chunk[3:] for chunk in chunks])
    return Page(pieces, min(count, limit), last)


def _page_parts(
    view: View, selection: Selection, after: Key | None
) -> tuple[dict[str, str], dict[str, Any]]:
    parts = statement_parts(view, selection)
    parts |= DESCENDING if selection.descending else ASCENDING
    if selection.stations or selection.box:
        return parts, statement_values(view, selection, after)
    beyond, direction = ("<=", "DESC") if selection.descending else (">=", "ASC")
    parts["stations"] = ALL_STATIONS.format(beyond=beyond, direction=direction)
    return parts, _values_of_all(view, selection, after)


def _chunks(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # Texts as the bytes that they are: to decode and encode them again is a tenth of a page.
        register_type(BYTES, cursor.cursor)
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def statement_parts(view: View, selection: Selection) -> dict[str, str]:
    """SQL of the rows (timestamp, value, metadata) of one station `s`, and of the stations."""
    value = "value" if selection.failed else PASSED
    condition = f" AND {value} ?| %(variables)s::text[]" if selection.variables else ""
    if not (condition or selection.failed):
        condition = f" AND {value} <> '{{}}'"
    is_newest = selection.revision == view.dataset.revision
    then = THEN.replace("data_point_history", "just_replaced") if is_newest else THEN
    return {
        "cte": JUST_REPLACED if is_newest else "",
        "stations": STATIONS,
        "now": NOW.format(value=value, condition=condition),
        "then": then.format(value=value, condition=condition),
    }


def statement_values(view: View, selection: Selection, after: Key | None = None) -> dict[str, Any]:
    """Parameters of the statements: stations in their order with the span to read of each."""
    stations = _stations(view, selection)
    if after is not None:
        sign = -1 if selection.descending else 1
        stations = [one for one in stations if sign * one[0] >= sign * after[0]]
    lo, hi = _span(view, selection)
    los, his = [lo] * len(stations), [hi] * len(stations)
    if after is not None and stations and stations[0][0] == after[0]:
        los[0], his[0] = _span(view, selection, after[1])
    return {
        "dataset": view.dataset.pk,
        "n": selection.revision,
        "ids": [station[0] for station in stations],
        "codes": [orjson.dumps(station[1]).decode() for station in stations],
        "lo": los,
        "hi": his,
        "variables": list(selection.variables),
    }


def _values_of_all(view: View, selection: Selection, after: Key | None) -> dict[str, Any]:
    """Parameters of the statements where the stations are not named one by one."""
    number, timestamp = after or (LARGEST_STATION + 1 if selection.descending else 0, None)
    (lo, hi), (after_lo, after_hi) = (_span(view, selection, one) for one in (None, timestamp))
    return {
        "dataset": view.dataset.pk,
        "n": selection.revision,
        "after": number,
        "lo": lo,
        "hi": hi,
        "after_lo": after_lo,
        "after_hi": after_hi,
        "variables": list(selection.variables),
    }


def _span(view: View, selection: Selection, after: datetime | None = None) -> tuple[str, str]:
    """First instant that is in and first that is out, as PostgreSQL reads them."""
    lo = selection.start or BEGINNING
    ends = [end for end in (selection.end, view.until) if end is not None]
    if after is not None and selection.descending:
        ends.append(after)
    elif after is not None and after < ENDING:
        lo = max(lo, after + MICROSECOND)
    elif after is not None:  # nothing can follow
        ends.append(lo)
    return lo.isoformat(), min(ends).isoformat() if ends else "infinity"


def _stations(view: View, selection: Selection) -> list[tuple[int, str]]:
    """Number and code of the selected stations in the order of reading."""
    found = Station.objects.filter(dataset=view.dataset)
    if selection.stations:
        found = found.filter(code__in=selection.stations)
    if selection.box:
        inside = coordinates.inside(selection.box, view.coordinate_step_deg)
        found = found.annotate(is_inside=Case(When(inside, then=YES), default=NO))
    else:
        found = found.annotate(is_inside=YES)
    order = "-id" if selection.descending else "id"
    stations = list(found.order_by(order).values_list("id", "code", "is_inside"))
    missing = set(selection.stations) - {code for _, code, _ in stations}
    if missing:
        raise InvalidInputError.of("station", f"There is no station {min(missing)!r} here.")
    return [(number, code) for number, code, is_inside in stations if is_inside]


def check_stations(view: View, selection: Selection) -> None:
    """Raise InvalidInputError where a selection names a station that is not there."""
    if selection.stations:
        _stations(view, selection)


def point(view: View, identity: UUID, revision: int) -> dict[str, Any] | None:
    """One point by its id, or None."""
    key = point_ids.key_of(view.dataset.pk, identity)
    if key is None:
        return None
    station, timestamp = key
    code = Station.objects.filter(dataset=view.dataset, pk=station).values_list("code", flat=True)
    if not code:
        return None
    selection = Selection(
        revision=revision,
        start=timestamp,
        end=timestamp + MICROSECOND if timestamp < ENDING else None,
        stations=(code[0],),
    )
    found = page(view, selection, limit=1)
    return dict(orjson.loads(found.results)[0]) if found.count else None


def facts(view: View, names: tuple[str, ...] = ()) -> list[Facts]:
    """The named variables in their order; all where none is named."""
    chosen = " AND name = ANY(%(names)s)" if names else ""
    with connection.cursor() as cursor:
        cursor.execute(FACTS.format(chosen=chosen), {"dataset": view.dataset.pk, "names": [*names]})
        known = {row[0]: Facts(*row) for row in cursor.fetchall()}
    missing = set(names) - known.keys()
    if missing:
        raise InvalidInputError.of("variables", f"There is no variable {min(missing)!r} here.")
    return [known[name] for name in names or known]


def check_variables(view: View, names: tuple[str, ...]) -> dict[str, str]:
    """Units of the named variables, of all where none is named."""
    return {one.name: one.unit for one in facts(view, names) if one.unit}


def form_of(
    selection: Selection,
    variables: Sequence[Facts],
    *,
    fields: tuple[str, ...] = FIELDS,
    is_columns: bool = False,
    conversions: Mapping[str, Conversion] | None = None,
) -> Form:
    """How a selection is written, of which these are the variables."""
    if not (selection.variables or is_columns or conversions):
        return Form(fields)
    if not selection.variables and not is_columns:
        # As the database orders the members of an object.
        variables = sorted(variables, key=lambda one: (len(one.name.encode()), one.name.encode()))
    return Form(fields, is_columns, tuple(variables), conversions or {})


def at(selection: Selection, revision: int) -> Selection:
    """The same selection at another revision."""
    return replace(selection, revision=revision)
