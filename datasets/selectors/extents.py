"""From when to when stations have values, inside a selection."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from datasets.access import View
from datasets.periods import FAR
from datasets.selectors.parts import micros
from datasets.selectors.points import (
    ASCENDING,
    DESCENDING,
    Selection,
    statement_parts,
    statement_values,
)

# The first rows of a station `s` in one direction. Where history alone has enough, points behind
# it are not looked at: all that a station has could be newer than the revision.
ENDS = """(
    WITH old AS MATERIALIZED ({then} {order} LIMIT %(more)s)
    SELECT * FROM (({now}{bound} {order} LIMIT %(more)s) UNION ALL SELECT * FROM old)
    both_tables {order} LIMIT %(more)s
)"""
Places = dict[str, Any]

EXTENTS = """{cte}
SELECT s.id, s.code, a.timestamp, z.timestamp
FROM {stations}, LATERAL {first} a, LATERAL {last} z
LIMIT %(most)s"""


@dataclass(frozen=True, slots=True)
class Extent:
    """A station's number, its code and the instants of its first and last value, µs."""

    station: int
    code: str
    first: int
    last: int


def stations_of(view: View, selection: Selection) -> Places:
    """The selected stations in the order of reading, as parameters of statements."""
    return statement_values(view, selection)


def extents(
    view: View,
    selection: Selection,
    places: Places,
    *,
    after: int | None = None,
    most: int | None = None,
) -> list[Extent]:
    """The stations of `stations_of` that have values, from that of number `after` on.

    A value is one of the selection's variables, or any where it names none.
    """
    values = _from(places, selection, after)
    if not values["ids"]:
        return []
    parts = statement_parts(view, selection)
    first, last = ends(parts, count="1")
    sql = EXTENTS.format(**parts, first=first, last=last)
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "most": most})
        rows = cursor.fetchall()
    return [
        Extent(number, orjson.loads(code), micros(first), micros(last))
        for number, code, first, last in rows
    ]


def ends(parts: dict[str, str], *, count: str) -> list[str]:
    """SQL of the first and of the last `count` rows of a station."""
    ways = (ASCENDING, DESCENDING)
    return [ENDS.format(**parts, **way).replace("%(more)s", count) for way in ways]


def _from(places: Places, selection: Selection, after: int | None) -> Places:
    """Without the stations that come before one."""
    if after is None:
        return places
    ids = places["ids"]
    ahead = [one <= after if selection.descending else one >= after for one in ids]
    begin = ahead.index(True) if True in ahead else len(ids)
    return {
        name: value[begin:] if name in {"ids", "codes", "lo", "hi"} else value
        for name, value in places.items()
    }


def bounds(view: View, selection: Selection) -> tuple[int, int]:
    """The first instant that is in and the first that is out; FAR away where there is none."""
    ends = [micros(one) for one in (selection.end, view.until) if one is not None]
    return micros(selection.start) if selection.start else -FAR, min(ends, default=FAR)
