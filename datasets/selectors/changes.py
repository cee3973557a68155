"""What revisions inserted, updated and deleted, in order: pages as text, made by the database.

A version of a point began in a revision (`revision`, in the table and in history) and ended in one
(`replaced_in`, in history only). What a revision replaced is found by the index of history; what it
inserted lies in its extents.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from datasets import point_ids
from datasets.access import View

Place = tuple[int, int, datetime]


@dataclass(frozen=True, slots=True)
class Changes:
    """Which changes: after revision `since`, up to `until`; no stations or variables means all.

    Stations are given by their numbers. With variables a change is what it is to somebody who
    sees these variables only.
    """

    since: int
    until: int
    stations: tuple[int, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`pieces`: JSON objects between separators; `last`: where to go on, None at the end."""

    pieces: Sequence[str]
    last: Place | None


# So many changes are looked at for one page of those that concern some variables.
MOST_CANDIDATES = 10_000
TIME = "replace((q.timestamp AT TIME ZONE 'UTC')::text, ' ', 'T')"
# The part of each extent that lies behind the place where the last page ended. Without a join, so
# that they come one after another in the order of the key, and only as many as a page needs.
SPANS = """
SELECT x.number, x.station_id,
       greatest(x.start, CASE WHEN x.number = %(number)s AND x.station_id = %(station)s
                              THEN %(after)s::timestamptz + interval '1 microsecond' END) AS lo,
       least(x."end", %(hidden)s::timestamptz - interval '1 microsecond') AS hi,
       (SELECT r.inserted > 0 FROM revisions r
        WHERE r.dataset_id = x.dataset_id AND r.number = x.number) AS has_new,
       (SELECT to_json(code)::text FROM stations WHERE id = x.station_id) AS code
FROM revision_extents x
WHERE x.dataset_id = %(dataset)s AND x.number > %(since)s AND x.number <= %(until)s
AND (x.number, x.station_id) >= (%(number)s, %(station)s)
AND (x.number, x.station_id, x."end") > (%(number)s, %(station)s, %(after)s)
AND x.start < %(hidden)s{stations}
ORDER BY x.number, x.station_id, x.start LIMIT %(most)s"""
# What was replaced, with what took its place, which is nothing where the point was deleted.
REPLACED = """
    SELECT old.timestamp, {change} AS change, new.value, new.metadata
    FROM data_point_history old
    LEFT JOIN LATERAL (
        SELECT value, metadata FROM data_points p
        WHERE p.dataset_id = %(dataset)s AND p.station_id = s.station_id
        AND p.timestamp = old.timestamp AND p.revision = s.number
        UNION ALL
        SELECT value, metadata FROM data_point_history p
        WHERE p.dataset_id = %(dataset)s AND p.station_id = s.station_id
        AND p.timestamp = old.timestamp AND p.revision = s.number
        OFFSET 0
    ) new ON true
    WHERE old.dataset_id = %(dataset)s AND old.replaced_in = s.number
    AND old.station_id = s.station_id AND old.timestamp BETWEEN s.lo AND s.hi
    ORDER BY old.timestamp LIMIT %(most)s"""
# Versions that began in the revision and replaced none. The offset keeps the planner from joining
# all that the revision replaced.
INSERTED = """
    SELECT p.timestamp, {inserted} AS change, p.value, p.metadata FROM {table} p
    WHERE s.has_new AND p.dataset_id = %(dataset)s AND p.station_id = s.station_id
    AND p.timestamp BETWEEN s.lo AND s.hi AND p.revision = s.number
    AND NOT EXISTS (
        SELECT FROM data_point_history old
        WHERE old.dataset_id = %(dataset)s AND old.replaced_in = s.number
        AND old.station_id = s.station_id AND old.timestamp = p.timestamp
        OFFSET 0
    )
    AND p.timestamp <= coalesce(
        (SELECT timestamp FROM ({found}) found ORDER BY timestamp OFFSET %(most)s - 1 LIMIT 1),
        'infinity'
    )
    ORDER BY p.timestamp LIMIT %(most)s"""
IN_REPLACED = "SELECT timestamp FROM replaced"
IN_BOTH = "SELECT timestamp FROM replaced UNION ALL SELECT timestamp FROM born"
# The candidates of an extent: each kind is sought no further than where those before it are enough,
# which could be a walk to the end of the extent, for each page again. Without any it is one itself,
# of no change, so that a page that ends there says so. The last candidate is kept for that too.
KEY = """max(q.revision) FILTER (WHERE q.{which}),
       max(q.station_id) FILTER (WHERE q.{which}), max(q.timestamp) FILTER (WHERE q.{which})"""
OF_ANY = "CASE WHEN new.value IS NULL THEN 'deleted' ELSE 'updated' END"
# As it is to somebody who sees some variables only; of no change where they stay as they were.
OF_SOME = """CASE
        WHEN old.value ?| %(variables)s::text[] THEN CASE
            WHEN new.value ?| %(variables)s::text[] IS NOT TRUE THEN 'deleted'
            WHEN {same} AND new.metadata IS NOT DISTINCT FROM old.metadata THEN NULL
            ELSE 'updated' END
        WHEN new.value ?| %(variables)s::text[] THEN 'inserted' END"""
INSERTED_OF_SOME = "CASE WHEN p.value ?| %(variables)s::text[] THEN 'inserted' END"
PAGE = """
SELECT string_agg(concat('{{', {pieces}, '}}'), %(separator)s ORDER BY q.place)
       FILTER (WHERE q.place <= %(limit)s AND q.change IS NOT NULL),
       count(q.change), {filled}, {looked}
FROM (
    SELECT *, row_number() OVER () AS place FROM (
        SELECT s.number AS revision, s.station_id, s.code, coalesce(c.timestamp, s.hi) AS timestamp,
               c.change, c.value, c.metadata, row_number() OVER () AS number
        FROM ({spans}) s LEFT JOIN LATERAL (
            WITH replaced AS MATERIALIZED ({replaced}), born AS MATERIALIZED ({born})
            SELECT * FROM (
                SELECT * FROM replaced UNION ALL SELECT * FROM born UNION ALL ({inserted})
            ) every
            ORDER BY timestamp LIMIT %(most)s
        ) c ON true
        LIMIT %(most)s
    ) candidate
    WHERE change IS NOT NULL OR number = %(most)s
    LIMIT %(more)s
) q
GROUP BY (q.place - 1) / 1000 ORDER BY (q.place - 1) / 1000"""


def up_to(changes: Changes, until: int) -> Changes:
    """The same changes up to another revision."""
    return replace(changes, until=until)


def page(
    view: View, changes: Changes, *, limit: int, after: Place | None = None, separator: str = ","
) -> Page:
    """A page of changes after a place, by revision, station and time.

    The cost depends on `limit` and not on how deep the page lies. A page may have fewer changes
    than `limit` though there are more.
    """
    most = max(limit + 1, MOST_CANDIDATES) if changes.variables else limit + 1
    values = _values(view, changes, after)
    values |= {"limit": limit, "more": limit + 1, "most": most, "separator": separator}
    with connection.cursor() as cursor:
        cursor.execute(_statement(view, changes, values), values)
        rows = cursor.fetchall()
    is_full = sum(row[1] for row in rows) > limit
    last = [row[2:5] if is_full else row[5:8] for row in rows]
    return Page([row[0] for row in rows if row[0]], next((one for one in last if one[0]), None))


def _values(view: View, changes: Changes, after: Place | None) -> dict[str, Any]:
    number, station, time = after or (changes.since, 0, None)
    return {
        "dataset": view.dataset.pk,
        "since": changes.since,
        "until": changes.until,
        "number": number,
        "station": station,
        "after": time.isoformat() if time else "-infinity",
        "hidden": view.until.isoformat() if view.until else "infinity",
        "stations": list(changes.stations),
        "variables": list(changes.variables),
    }


def _statement(view: View, changes: Changes, values: dict[str, Any]) -> str:
    """The SQL of a page; adds the parameters that it needs to `values`."""
    value, change, inserted = "q.value::text", OF_ANY, "'inserted'"
    if changes.variables:
        value, same = _of_variables(changes.variables, values)
        change, inserted = OF_SOME.format(same=same), INSERTED_OF_SOME
    stations = " AND x.station_id = ANY(%(stations)s)" if changes.stations else ""
    history = {"table": "data_point_history", "found": IN_REPLACED}
    return PAGE.format(
        pieces=_pieces(view, value),
        filled=KEY.format(which="place = %(limit)s"),
        looked=KEY.format(which="number = %(most)s"),
        spans=SPANS.format(stations=stations),
        replaced=REPLACED.format(change=change),
        born=INSERTED.format(inserted=inserted, **history),
        inserted=INSERTED.format(inserted=inserted, table="data_points", found=IN_BOTH),
    )


def _of_variables(names: Sequence[str], values: dict[str, Any]) -> tuple[str, str]:
    """SQL of a value's text with these variables only, and of whether old and new agree in them."""
    members, pairs = [], []
    for number, name in enumerate(names):
        values[f"name{number}"] = name
        values[f"key{number}"] = orjson.dumps(name).decode() + ": "
        members.append(f"%(key{number})s || (q.value->%(name{number})s)::text")
        pairs.append(
            f"new.value->%(name{number})s IS NOT DISTINCT FROM old.value->%(name{number})s"
        )
    text = "'{' || concat_ws(', ', " + ", ".join(members) + ") || '}'"
    return text, " AND ".join(pairs)


def _pieces(view: View, value: str) -> str:
    """SQL arguments that make the members of one change."""
    identity = point_ids.sql(view.dataset.pk, "q.station_id", "q.timestamp")
    is_gone = "q.change = 'deleted'"
    return f"""
        '"revision":', q.revision, ',"change":"', q.change, '","id":"', {identity},
        '","timestamp":"', {TIME}, 'Z","station":', q.code,
        ',"value":', CASE WHEN {is_gone} THEN 'null' ELSE {value} END,
        ',"metadata":', CASE WHEN {is_gone} THEN '{{}}' ELSE coalesce(q.metadata::text, '{{}}') END
    """
