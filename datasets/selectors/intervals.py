"""The time between two values of a variable: as it is declared, or else seen in the data."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import connection

from datasets.access import View
from datasets.models import Kind, Variable
from datasets.periods import DAY, HOUR, SECOND
from datasets.selectors.extents import Places, ends
from datasets.selectors.points import Selection, statement_parts
from datastream.core.errors import InvalidInputError

# So many stations, and so many points at each end of what they have, tell the interval.
STATIONS, POINTS = 3, 100
GAPS = """{cte}
SELECT variable, (extract(epoch FROM gap) * 1000000)::bigint, count(*)
FROM (
    SELECT v.name AS variable, p.timestamp - lag(p.timestamp) OVER (
        PARTITION BY s.id, p.side, v.name ORDER BY p.timestamp
    ) AS gap
    FROM (SELECT s.* FROM {stations}, LATERAL {any} one LIMIT {most}) s, LATERAL (
        SELECT 1 AS side, a.* FROM {first} a UNION ALL SELECT 2, z.* FROM {last} z
    ) p, unnest(%(names)s::text[]) v(name)
    WHERE p.value ? v.name
) gaps WHERE gap IS NOT NULL
GROUP BY 1, 2"""
# A calendar month has no fixed number of days, and neither has a year; 28 days may be four weeks.
BY_CALENDAR = (("P1M", 30, 31), ("P3M", 90, 92), ("P1Y", 365, 366))


def variables_of(view: View, names: Sequence[str]) -> list[Variable]:
    """The variables of these names, all with numbers where none is named.

    Raises
    ------
    InvalidInputError
        There is none of a name, or it holds texts.
    """
    found = Variable.objects.filter(dataset=view.dataset)
    if not names:
        return list(found.filter(kind=Kind.NUMBER))
    known = {variable.name: variable for variable in found.filter(name__in=names)}
    for name in names:
        if name not in known:
            raise InvalidInputError.of("variables", f"There is no variable {name[:80]!r} here.")
        if known[name].kind != Kind.NUMBER:
            raise InvalidInputError.of("variables", f"{name} holds texts, which have no mean.")
    return [known[name] for name in names]


def intervals(
    view: View, selection: Selection, places: Places, *, variables: Sequence[Variable]
) -> dict[str, str]:
    """Variable → ISO 8601 duration, "" where two values are not enough to tell."""
    unknown = [variable.name for variable in variables if not variable.interval]
    seen = _seen(view, selection, places, unknown) if unknown and places["ids"] else {}
    return {one.name: one.interval or seen.get(one.name, "") for one in variables}


def _seen(view: View, selection: Selection, places: Places, names: list[str]) -> dict[str, str]:
    """The most frequent gap between neighbours, of a bounded number of points."""
    # Points without the variables tell nothing, but to look for others would have no bound.
    parts = statement_parts(view, replace(selection, variables=()))
    (one, _), (first, last) = ends(parts, count="1"), ends(parts, count=str(POINTS))
    sql = GAPS.format(**parts, any=one, first=first, last=last, most=STATIONS)
    # Whichever way is read, the same stations tell.
    oldest = sorted(zip(*(places[name] for name in ("ids", "codes", "lo", "hi")), strict=True))
    ids, codes, lo, hi = map(list, zip(*oldest, strict=True))
    values = {**places, "ids": ids, "codes": codes, "lo": lo, "hi": hi, "names": names}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return {name: _usual((gap, n) for one, gap, n in rows if one == name) for name in names}


def _usual(gaps: Iterable[tuple[int, int]]) -> str:
    """The duration that occurs most often; of several the shortest."""
    counts: Counter[str] = Counter()
    least: dict[str, int] = {}
    for gap, count in gaps:
        name = _duration(gap)
        counts[name] += count
        least[name] = min(gap, least.get(name, gap))
    return min(counts, key=lambda name: (-counts[name], least[name]), default="")


def _duration(gap: int) -> str:
    """A gap in ISO 8601; "" where it is no whole number of seconds."""
    days = round(gap / DAY)
    # An hour more or less is the clock's change.
    if abs(gap - days * DAY) <= HOUR:
        for name, least, most in BY_CALENDAR:
            if least <= days <= most:
                return name
    for size, head, tail in ((DAY, "P", "D"), (HOUR, "PT", "H"), (60 * SECOND, "PT", "M")):
        if gap % size == 0:
            return f"{head}{gap // size}{tail}"
    return f"PT{gap // SECOND}S" if gap % SECOND == 0 else ""
