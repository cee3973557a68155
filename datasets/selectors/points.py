"""Points of a dataset as they stood at a revision: pages as JSON text, made by the database.

Every statement reads the table and the history together, so that it sees one state of the
dataset whatever is written meanwhile.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from datasets import point_ids
from datasets.access import View
from datasets.models import Station, Variable
from datasets.models.points import FIRST, LAST
from datastream.core.errors import InvalidInputError

FIELDS = ("id", "timestamp", "station", "value", "metadata")
BEGINNING, ENDING = datetime.fromisoformat(FIRST), datetime.fromisoformat(LAST)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which points: `start` in, `end` out, at `revision`; no stations or variables means all."""

    revision: int
    start: datetime | None = None
    end: datetime | None = None
    stations: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """`results`: JSON objects between commas; `last`: the last one's key, None at the end."""

    results: str
    count: int
    last: tuple[int, datetime] | None


# The rows of one station `s` that stood at revision n, from the table and from history. The
# `+ 0` keeps the planner from the index on replaced_in, which would read all later revisions.
NOW = """
    SELECT timestamp, value, metadata FROM data_points
    WHERE dataset_id = %(dataset)s AND station_id = s.id AND revision <= %(n)s
    AND timestamp >= s.lo AND timestamp < s.hi{condition}"""
THEN = """
    SELECT timestamp, value, metadata FROM data_point_history
    WHERE dataset_id = %(dataset)s AND station_id = s.id AND revision <= %(n)s
    AND replaced_in + 0 > %(n)s AND timestamp >= s.lo AND timestamp < s.hi{condition}"""
# At the newest revision nothing has been replaced but since this request began: found by the index
# on replaced_in, where a search by station could walk through all of history.
JUST_REPLACED = """
WITH just_replaced AS MATERIALIZED (
    SELECT * FROM data_point_history WHERE dataset_id = %(dataset)s AND replaced_in > %(n)s
)"""
STATIONS = """
unnest(%(ids)s::bigint[], %(codes)s::text[], %(lo)s::timestamptz[], %(hi)s::timestamptz[])
    s(id, code, lo, hi)"""
TIME = "overlay((q.timestamp AT TIME ZONE 'UTC')::text placing 'T' from 11) || 'Z'"
# The lateral join walks the stations in the order of the arrays and stops at one point more than
# the page has, which tells whether there is another page. The text comes in rows of a thousand
# points: the client library would keep a buffer of the size of the largest row for each connection.
PAGE = """{cte}
SELECT string_agg(concat('{{', {pieces}, '}}'), ',' ORDER BY q.number)
       FILTER (WHERE q.number <= %(limit)s), count(*),
       max(q.station_id) FILTER (WHERE q.number = %(limit)s),
       max(q.timestamp) FILTER (WHERE q.number = %(limit)s)
FROM (
    SELECT s.id AS station_id, s.code, p.*, row_number() OVER () AS number
    FROM {stations}, LATERAL (
        WITH old AS MATERIALIZED ({then} {order} LIMIT %(more)s)
        SELECT * FROM (({now}{bound} {order} LIMIT %(more)s) UNION ALL SELECT * FROM old)
        both_tables {order} LIMIT %(more)s
    ) p
    LIMIT %(more)s
) q
GROUP BY (q.number - 1) / 1000 ORDER BY (q.number - 1) / 1000"""
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
    after: tuple[int, datetime] | None = None,
    fields: tuple[str, ...] = FIELDS,
) -> Page:
    """A page of points, by station and then by time, after a key.

    The cost depends on `limit` and not on how deep the page lies.
    """
    values = statement_values(view, selection, after)
    if not values["ids"]:
        return Page("", 0, None)
    parts = statement_parts(view, selection)
    parts |= DESCENDING if selection.descending else ASCENDING
    identity = point_ids.sql(view.dataset.pk, "q.station_id", "q.timestamp")
    parts["pieces"] = _pieces(selection, fields, values, identity=identity)
    with connection.cursor() as cursor:
        cursor.execute(PAGE.format(**parts), {**values, "limit": limit, "more": limit + 1})
        rows = cursor.fetchall()
    count = sum(row[1] for row in rows)
    last = next((row[2:] for row in rows if row[2] is not None), None)
    results = ",".join(row[0] for row in rows if row[0])
    return Page(results, min(count, limit), last if count > limit else None)


def statement_parts(view: View, selection: Selection) -> dict[str, str]:
    condition = " AND value ?| %(variables)s::text[]" if selection.variables else ""
    is_newest = selection.revision == view.dataset.revision
    then = THEN.replace("data_point_history", "just_replaced") if is_newest else THEN
    return {
        "cte": JUST_REPLACED if is_newest else "",
        "stations": STATIONS,
        "now": NOW.format(condition=condition),
        "then": then.format(condition=condition),
    }


def statement_values(
    view: View, selection: Selection, after: tuple[int, datetime] | None = None
) -> dict[str, Any]:
    """Parameters of the statements: stations in their order with the span to read of each."""
    stations = _stations(view, selection)
    if after is not None:
        sign = -1 if selection.descending else 1
        stations = [one for one in stations if sign * one[0] >= sign * after[0]]
    lo, hi = selection.start or BEGINNING, _end(view, selection)
    los, his = [lo] * len(stations), [hi] * len(stations)
    if after is not None and stations and stations[0][0] == after[0]:
        if selection.descending:
            his[0] = min(hi, after[1]) if hi != "infinity" else after[1]
        elif after[1] < ENDING:
            los[0] = max(lo, after[1] + MICROSECOND)
        else:  # nothing can follow at this station
            his[0] = lo
    return {
        "dataset": view.dataset.pk,
        "n": selection.revision,
        "ids": [station[0] for station in stations],
        "codes": [orjson.dumps(station[1]).decode() for station in stations],
        "lo": [time.isoformat() for time in los],
        "hi": [time if isinstance(time, str) else time.isoformat() for time in his],
        "variables": list(selection.variables),
    }


def _end(view: View, selection: Selection) -> Any:
    """The first instant that is out, or "infinity"."""
    return min(filter(None, (selection.end, view.until)), default="infinity")


def _stations(view: View, selection: Selection) -> list[tuple[int, str]]:
    """Number and code of the selected stations in the order of reading."""
    found = Station.objects.filter(dataset=view.dataset)
    if selection.stations:
        found = found.filter(code__in=selection.stations)
    order = "-id" if selection.descending else "id"
    stations = list(found.order_by(order).values_list("id", "code"))
    missing = set(selection.stations) - {code for _, code in stations}
    if missing:
        raise InvalidInputError.of("station", f"There is no station {min(missing)!r} here.")
    return stations


def _pieces(
    selection: Selection, fields: tuple[str, ...], values: dict[str, Any], *, identity: str
) -> str:
    """SQL arguments that make the members of one result, between commas."""
    made = {
        "id": f"""'"id":"', {identity}, '"'""",
        "timestamp": f"""'"timestamp":"', {TIME}, '"'""",
        "station": """'"station":', q.code""",
        "value": f"""'"value":', {_value_sql(selection, values)}""",
        "metadata": """'"metadata":', coalesce(q.metadata::text, '{}')""",
    }
    return ", ',', ".join(made[name] for name in FIELDS if name in fields)


def _value_sql(selection: Selection, values: dict[str, Any]) -> str:
    if not selection.variables:
        return "q.value::text"
    members = []
    for number, name in enumerate(selection.variables):
        values[f"name{number}"] = name
        values[f"key{number}"] = orjson.dumps(name).decode() + ": "
        members.append(f"%(key{number})s || (q.value->%(name{number})s)::text")
    return "'{' || concat_ws(', ', " + ", ".join(members) + ") || '}'"


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
    return dict(orjson.loads(found.results)) if found.count else None


def check_variables(view: View, names: tuple[str, ...]) -> dict[str, str]:
    """Units of the named variables, of all where none is named."""
    found = Variable.objects.filter(dataset=view.dataset)
    if names:
        found = found.filter(name__in=names)
    units = dict(found.values_list("name", "unit"))
    missing = set(names) - units.keys()
    if missing:
        raise InvalidInputError.of("variables", f"There is no variable {min(missing)!r} here.")
    return {name: unit for name, unit in units.items() if unit}


def at(selection: Selection, revision: int) -> Selection:
    """The same selection at another revision."""
    return replace(selection, revision=revision)
