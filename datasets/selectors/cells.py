"""The periods of a page: which of which stations, from a key on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

import numpy as np

from datasets.access import View
from datasets.periods import BY_SIZE, DAY, Ints, Step
from datasets.selectors.extents import Extent, Places, bounds, extents
from datasets.selectors.parts import Calendar, Part, instant, micros
from datasets.selectors.points import Selection

Key = tuple[int, datetime]

# Most pages are full with fewer; to look for all would cost more than the page.
FIRST_STATIONS = 32


@dataclass(slots=True)
class Cells:
    """Parts in the order of reading; `last` is the key of the last period, None at the end."""

    is_descending: bool
    parts: list[Part] = field(default_factory=list)
    extents: list[Extent] = field(default_factory=list)
    last: Key | None = None

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def starts(self) -> Ints:
        """Of the periods as they lie in the parts; µs."""
        found = [part.edges[:-1] for part in self.parts]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    @property
    def owners(self) -> Ints:
        """The number of each period's part."""
        return np.repeat(np.arange(len(self.parts)), [part.size for part in self.parts])

    @property
    def order(self) -> Ints:
        """The place of each period of the answer: backwards inside a part where it descends."""
        places = np.arange(self.size)
        if not self.is_descending:
            return places
        begin = np.array([part.first for part in self.parts], np.int64)
        end = np.array([part.first + part.size for part in self.parts], np.int64)
        owners = self.owners
        turned: Ints = begin[owners] + end[owners] - 1 - places
        return turned


def cells(
    view: View,
    selection: Selection,
    places: Places,
    *,
    calendar: Calendar,
    limit: int,
    after: Key | None = None,
) -> Cells:
    """The first `limit` periods after a key.

    Periods run from that of the first value of a station to that of its last, and none between
    is left out.
    """
    lo, hi = bounds(view, selection)
    page = Cells(selection.descending)
    for extent in _extents(view, selection, places, limit=limit, after=after):
        room = limit - page.size
        if not room:
            last = page.parts[-1]
            start = last.edges[0] if selection.descending else last.edges[-2]
            page.last = last.station, instant(int(start))
            break
        edges = _edges(calendar, extent, room, after, is_descending=selection.descending)
        cut = edges[-room - 1 :] if selection.descending else edges[: room + 1]
        if len(cut) > 1:
            begin, end = max(lo, int(cut[0])), min(hi, int(cut[-1]))
            page.parts.append(Part(extent.station, cut, page.size, begin, end))
            page.extents.append(extent)
        if len(edges) > len(cut):
            start = cut[0] if selection.descending else cut[-2]
            page.last = extent.station, instant(int(start))
            break
    return page


def _extents(
    view: View, selection: Selection, places: Places, *, limit: int, after: Key | None
) -> Iterator[Extent]:
    """Stations with values in their order: at first a few, then as many as a page can have."""
    station = after[0] if after else None
    found = extents(view, selection, places, after=station, most=FIRST_STATIONS)
    yield from found
    if len(found) == FIRST_STATIONS and limit >= FIRST_STATIONS - 1:
        rest = extents(view, selection, places, after=station, most=limit + 2)
        yield from rest[FIRST_STATIONS:]


def _edges(
    calendar: Calendar, extent: Extent, room: int, after: Key | None, *, is_descending: bool
) -> Ints:
    """The edges of an extent's periods after the key, and of not many more than there is room."""
    first, last = extent.first, extent.last
    if after and after[0] == extent.station:
        read = calendar.edges(micros(after[1]), micros(after[1]))
        first, last = (first, int(read[0]) - 1) if is_descending else (int(read[1]), last)
        if first > last:
            return np.zeros(0, np.int64)
    span = _span(calendar.step, room + 2)
    bounded = max(first, last - span) if is_descending else first
    end = last if is_descending else min(last, first + span)
    return calendar.edges(bounded, end)


def finest(found: Sequence[Extent], zone: tzinfo, *, most: int, least: int) -> Step | None:
    """The finest step of which no station has more than `most`, and that is not below `least` µs.

    Periods finer than the time between values would be empty one after the other.
    """
    widest = max((one.last - one.first for one in found), default=0)
    for step in BY_SIZE:
        if step.length < least or widest > _span(step, most):
            continue
        calendar = Calendar(step, zone)
        wide = [one for one in found if one.last - one.first >= widest - step.length]
        if all(len(calendar.edges(one.first, one.last)) - 1 <= most for one in wide):
            return step
    return None


def _span(step: Step, count: int) -> int:
    """At most so long, in µs, are so many: one is at most a tenth, or a few days, longer."""
    return count * (step.length * 11 // 10) + 4 * DAY
