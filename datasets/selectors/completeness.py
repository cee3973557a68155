"""How many values each station should have of each variable in each year, and how many it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, overload

import numpy as np

from datasets import periods
from datasets.access import View
from datasets.models import Variable
from datasets.periods import STEPS, Interval
from datasets.selectors import statistics
from datasets.selectors.extents import Extent, bounds, extents, stations_of
from datasets.selectors.intervals import intervals, variables_of
from datasets.selectors.parts import Calendar, Measures, Part, micros
from datasets.selectors.points import Selection
from datasets.selectors.statistics import Table
from datastream.core import clock

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Completeness(Sequence[Row]):
    """Rows by station, year and variable, from the first year with a value to the last.

    Only the points of the years of a slice are read, so a page costs what it shows.
    """

    view: View
    selection: Selection
    zone: tzinfo
    variables: list[Variable]
    intervals: dict[str, str]
    # The years of each station, with the place of its first row.
    stations: list[tuple[Extent, Part]]
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, asked: int) -> Row: ...
    @overload
    def __getitem__(self, asked: slice) -> list[Row]: ...
    def __getitem__(self, asked: int | slice) -> Row | list[Row]:
        begin, end, _ = (
            slice(asked, asked + 1).indices(self.size)
            if isinstance(asked, int)
            else asked.indices(self.size)
        )
        rows = list(self._rows(begin, end))
        return rows[0] if isinstance(asked, int) else rows

    def _rows(self, begin: int, end: int) -> Iterator[Row]:
        found = list(self._cut(begin, end))
        names = tuple(one.name for one in self.variables)
        measures = Measures(names, tuple(one.pk for one in self.variables))
        table = statistics.table(
            self.view,
            self.selection.revision,
            [part for _, part, _ in found],
            measures=measures,
            calendar=Calendar(STEPS["year"], self.zone),
        )
        for extent, part, place in found:
            rows = self._of_station(extent, part, table)
            yield from rows[max(0, begin - place) : max(0, end - place)]

    def _cut(self, begin: int, end: int) -> Iterator[tuple[Extent, Part, int]]:
        """The years in which rows from `begin` to before `end` lie, and the place of the first."""
        width, first = len(self.variables), 0
        for extent, part in self.stations:
            low = max(0, begin - part.first) // width
            high = min(part.size, -(-(end - part.first) // width))
            if low < high:
                years = part.cut(low, high)
                place = part.first + low * width
                yield extent, Part(years.station, years.edges, first, years.lo, years.hi), place
                first += years.size

    def _of_station(self, extent: Extent, part: Part, table: Table) -> list[Row]:
        names = _years(part)
        expected = [self._expected(extent, part, one) for one in self.variables]
        return [
            self._row(extent, table, (part.first + year, place), names[year], counts[year])
            for year in range(part.size)
            for place, counts in enumerate(expected)
        ]

    def _row(
        self, extent: Extent, table: Table, cell: tuple[int, int], year: int, expected: int | None
    ) -> Row:
        present = int(table.count[cell])
        return {
            "station": extent.code,
            "variable": self.variables[cell[1]].name,
            "year": year,
            "expected": expected,
            "present": present,
            "missing": None if expected is None else max(0, expected - present),
            "flagged": int(table.flagged[cell]),
        }

    def _expected(self, extent: Extent, part: Part, variable: Variable) -> list[int | None]:
        """How many values each year should hold inside the window, and of this year until now."""
        between = periods.interval(self.intervals[variable.name])
        lo, hi = bounds(self.view, self.selection)
        counts = None
        if between is not None:
            begin, end = (self._full(one, extent, between) for one in (lo, hi))
            starts = np.clip(part.edges, begin, min(end, micros(clock.now())))
            counts = periods.expected(
                between, STEPS["year"], self.zone, starts, anchor=extent.first
            )
        return [None] * part.size if counts is None else counts.tolist()

    def _full(self, instant: int, extent: Extent, between: Interval) -> int:
        """The bound as one between days, or months: a day is in if the time of its value is."""
        if between.micros or abs(instant) >= periods.FAR:
            return instant
        calendar = Calendar(STEPS["month" if between.months else "day"], self.zone)
        begin, end = (int(edge) for edge in calendar.edges(instant, instant))
        usual = extent.first - int(calendar.edges(extent.first, extent.first)[0])
        return end if instant - begin > usual else begin


def completeness(view: View, selection: Selection, zone: tzinfo) -> Completeness:
    """Of the selection's variables, or all with numbers, at its revision."""
    variables = variables_of(view, selection.variables)
    places = stations_of(view, selection)
    usual = intervals(view, selection, places, variables=variables)
    calendar = Calendar(STEPS["year"], zone)
    lo, hi = bounds(view, selection)
    stations, first = [], 0
    for extent in extents(view, selection, places) if variables else []:
        edges = calendar.edges(extent.first, extent.last)
        begin, end = max(lo, int(edges[0])), min(hi, int(edges[-1]))
        stations.append((extent, Part(extent.station, edges, first, begin, end)))
        first += (len(edges) - 1) * len(variables)
    return Completeness(view, selection, zone, variables, usual, stations, first)


def _years(part: Part) -> list[int]:
    # The middle of a year is in it, wherever it begins.
    middles = ((part.edges[:-1] + part.edges[1:]) // 2).astype("datetime64[us]")
    years: list[int] = (middles.astype("datetime64[Y]").astype(np.int64) + 1970).tolist()
    return years
