"""Calendar periods in any time zone: where they start, and how many values they should hold.

Instants are microseconds since 1970 UTC; a wall time is what a clock there shows, in the same form.
"""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
YEAR = round(365.2425 * DAY)
FAR = 2**61
FIRST = int(np.datetime64("0001-01-01", "us").astype(np.int64))
# The oldest rule of any zone is younger. From 2100 on rules repeat with the calendar.
FIRST_RULES, LAST_RULES, CYCLE = 1800, 2100, 400
# No zone ever kept an offset for less than this.
SHORTEST_STRETCH = 3 * DAY


@dataclass(frozen=True, slots=True)
class Step:
    """A kind of period: some hours, days or months; `phase` is where they begin to count."""

    name: str
    hours: int = 0
    days: int = 0
    months: int = 0
    phase: int = 0

    @property
    def length(self) -> int:
        """µs of one, on average."""
        return self.hours * HOUR + self.days * DAY + self.months * YEAR // 12


# Finest first. 1970 began on a Thursday; winter begins with December.
STEPS = {
    step.name: step
    for step in (
        Step("hour", hours=1),
        Step("3h", hours=3),
        Step("6h", hours=6),
        Step("12h", hours=12),
        Step("day", days=1),
        Step("week", days=7, phase=4),
        Step("month", months=1),
        Step("quarter", months=3),
        Step("season", months=3, phase=2),
        Step("year", months=12),
    )
}
# From which a step is chosen for a drawing; a season is asked for by name.
BY_SIZE = tuple(step for step in STEPS.values() if step.name != "season")


def edges(step: Step, zone: tzinfo, first: int, last: int) -> Ints:
    """The starts of the periods from that with `first` to that with `last`, and the last one's end.

    A period starts at the earliest instant from which the clock never again shows a time before
    it, so days of 23 or 25 hours, a midnight that is skipped and one that comes twice are right.
    An hour that comes twice is two periods, and a skipped one is none.
    """
    offsets = _offsets(zone, first, last)
    found = _hours(offsets, first, last) if step.hours == 1 else _starts(step, offsets, first, last)
    begin = int(np.searchsorted(found, first, "right")) - 1
    return found[begin : int(np.searchsorted(found, last, "right")) + 1]


def is_utc(zone: tzinfo, first: int, last: int) -> bool:
    """Whether the clock shows UTC all that time."""
    return not _offsets(zone, first, last).offset.any()


# ------------------------------------------------------------------------------ clocks
@dataclass(frozen=True, slots=True)
class Offsets:
    """From `since` on, in order, the clock is `offset` ahead of UTC; both shape (n,), µs."""

    since: Ints
    offset: Ints

    def walls(self, instants: Ints) -> Ints:
        place = np.searchsorted(self.since, instants, "right") - 1
        walls: Ints = instants + self.offset[place]
        return walls

    def instants(self, walls: Ints) -> Ints:
        """The earliest instants from which the clock never shows less than these."""
        shown = self.since + self.offset
        # The last stretch in which the clock shows less, also where stretches overlap.
        least = np.minimum.accumulate(shown[::-1])[::-1]
        place = np.searchsorted(least, walls, "left") - 1
        ends = np.append(self.since[1:], FAR)
        instants: Ints = np.minimum(walls - self.offset[place], ends[place])
        return instants


def _offsets(zone: tzinfo, first: int, last: int) -> Offsets:
    """The offsets of the years around two instants."""
    if zone is UTC or getattr(zone, "key", "") == "UTC":
        return Offsets(np.array([-FAR]), np.array([0]))
    begin, end = (int(_unit(micros, "Y")) + 1970 for micros in (first - YEAR, last + YEAR))
    begin = max(begin, FIRST_RULES)
    start = [(-FAR, _offset(zone, min(_year(begin), first)))]
    changes = [change for year in range(begin, end + 1) for change in _changes_of(zone, year)]
    since, offset = np.array(start + changes, np.int64).T
    return Offsets(since, offset)


def _changes_of(zone: tzinfo, year: int) -> list[tuple[int, int]]:
    """When the clock changes in a year, and the offset from then on."""
    past = max(0, (year - LAST_RULES) // CYCLE) * CYCLE
    moved = _year(year) - _year(year - past)
    return [(instant + moved, offset) for instant, offset in _changes(zone, year - past)]


@functools.lru_cache(maxsize=20_000)
def _changes(zone: tzinfo, year: int) -> tuple[tuple[int, int], ...]:
    """Asked of the zone every few days, and then closer where the answer differs."""
    looks = [*range(_year(year), _year(year + 1), SHORTEST_STRETCH), _year(year + 1)]
    seen = [_offset(zone, look) for look in looks]
    return tuple(
        (_change(zone, looks[i], looks[i + 1]), seen[i + 1])
        for i in range(len(looks) - 1)
        if seen[i] != seen[i + 1]
    )


def _change(zone: tzinfo, before: int, after: int) -> int:
    """The second at which the offset changes between two instants."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = (before + after) // 2 // SECOND * SECOND
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: tzinfo, micros: int) -> int:
    seconds = max(micros, _year(FIRST_RULES)) // SECOND
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    return (offset or timedelta()) // MICROSECOND


@functools.cache
def _year(year: int) -> int:
    return int(_micros(np.int64(year - 1970), "Y"))


# ------------------------------------------------------------------------------ periods
def _hours(offsets: Offsets, first: int, last: int) -> Ints:
    """Full hours of the clock, and its changes where they are not at one."""
    ends = np.append(offsets.since[1:], FAR)
    found = []
    for since, end, offset in zip(offsets.since, ends, offsets.offset, strict=True):
        begin, stop = max(since, first - HOUR), min(end, last + 2 * HOUR)
        if begin < stop:
            full = -(-(begin + offset) // HOUR) * HOUR - offset
            found += [np.array([begin] if begin == since else [], np.int64)]
            found += [np.arange(full, stop, HOUR, dtype=np.int64)]
    return _distinct(np.concatenate(found))


def _starts(step: Step, offsets: Offsets, first: int, last: int) -> Ints:
    ends = offsets.walls(np.array([first, last]))
    if step.months:
        unit, size = "M", step.months
    else:
        unit, size = "h", step.hours or step.days * 24
    phase = step.phase * 24 if step.days else step.phase
    begin, end = ((_unit(ends, unit) - phase) // size * size + phase).tolist()
    # A clock that goes back shows an earlier time than it did before.
    margin = size * (1 if step.months else -(-26 // size))
    walls = _micros(np.arange(begin - margin, end + size + margin + 1, size), unit)
    # A day that the calendar skipped starts when the next one does.
    return _distinct(offsets.instants(walls))


def _distinct(ordered: Ints) -> Ints:
    distinct: Ints = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return distinct


def _unit(micros: Ints | int, unit: str) -> Ints:
    """Whole units since 1970."""
    units: Ints = np.asarray(micros).astype("datetime64[us]").astype(f"datetime64[{unit}]")
    return units.astype(np.int64)


def _micros(units: Ints | np.int64, unit: str) -> Ints:
    times: Ints = np.asarray(units).astype(f"datetime64[{unit}]").astype("datetime64[us]")
    return times.astype(np.int64)


# ------------------------------------------------------------------------------ expected values
DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Interval:
    """The time from one value to the next: months, or days of the calendar, or µs."""

    months: int = 0
    days: int = 0
    micros: int = 0

    @property
    def length(self) -> int:
        return self.months * YEAR // 12 + self.days * DAY + self.micros


def interval(text: str) -> Interval | None:
    """An ISO 8601 duration; None where it is none, is empty or mixes months with days."""
    match = DURATION.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in match.groups())
    months, days = years * 12 + months, weeks * 7 + days
    micros = (hours * 3600 + minutes * 60 + seconds) * SECOND
    if (months and (days or micros)) or not (months or days or micros):
        return None
    if days and micros:
        return Interval(micros=days * DAY + micros)
    return Interval(months, days, micros)


def expected(
    between: Interval, step: Step, zone: tzinfo, starts: Ints, *, anchor: int = 0
) -> Ints | None:
    """How many values each period should hold, or None where they come less often than periods.

    Parameters
    ----------
    starts : shape (n + 1,), as `edges` gives them
    anchor : an instant at which there is a value, which tells when the others should be
    """
    if between.length > step.length:
        return None
    offsets = _offsets(zone, min(anchor, int(starts[0])), max(anchor, int(starts[-1])))
    walls, (wall,) = offsets.walls(starts), offsets.walls(np.array([anchor])).tolist()
    if between.months:
        return _multiples(_unit(walls, "M"), int(_unit(wall, "M")), between.months)
    if between.days == 1:
        return np.diff(_unit(walls, "D")) - _skipped_days(offsets, starts)
    if between.days:
        return _multiples(_unit(walls, "D"), int(_unit(wall, "D")), between.days)
    return _multiples(starts, anchor, between.micros)


def _multiples(starts: Ints, anchor: int, size: int) -> Ints:
    """How many of anchor, anchor ± size, … are in each span."""
    before = (starts - 1 - anchor) // size
    counts: Ints = np.diff(before)
    return counts


def _skipped_days(offsets: Offsets, starts: Ints) -> Ints:
    """How many days of each span its clock left out whole, as Samoa did with 30 December 2011."""
    changes = offsets.since[1:]
    before, after = changes + offsets.offset[:-1], changes + offsets.offset[1:]
    skipped = np.maximum(after // DAY + -before // DAY, 0)
    until = np.append(0, np.cumsum(skipped))
    counts: Ints = np.diff(until[np.searchsorted(changes, starts, "right")])
    return counts
