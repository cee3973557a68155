"""Pages of statistics by calendar period, each with how many values it has and should have."""

from dataclasses import dataclass, replace
from datetime import tzinfo

import numpy as np

from datasets import coverage, periods
from datasets.access import View
from datasets.models import Variable
from datasets.periods import DAY, STEPS, Bools, Interval, Ints, Step
from datasets.selectors import statistics
from datasets.selectors.cells import Cells, Key, cells, finest
from datasets.selectors.extents import Extent, Places, bounds, extents, stations_of
from datasets.selectors.intervals import intervals, variables_of
from datasets.selectors.parts import Calendar, Floats, Measures, Part
from datasets.selectors.points import Selection
from datasets.selectors.statistics import Table
from datastream.core.errors import InvalidInputError

COUNT = "count"
STATISTICS = (*statistics.SQL, COUNT)
AUTO, WMO = "auto", "wmo"
# The rule is about the days of a month, and what is made of months.
FOR_WMO = ("month", "season", "year")
# A page has fewer periods where each has very many numbers.
MOST_NUMBERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """Which statistics of which periods.

    resolution : the name of a step, or "auto": the finest of which a station has at most `points`
    min_coverage : a share of the expected values, "wmo" or None: below it a statistic is null
    failed : whether values that failed quality control count
    """

    resolution: str
    zone: tzinfo
    statistics: tuple[str, ...] = ("mean",)
    min_coverage: float | str | None = None
    failed: bool = False
    points: int = 1500


@dataclass(frozen=True, slots=True)
class Reading:
    """A question that has been checked against the dataset it is asked of."""

    view: View
    selection: Selection
    question: Question
    variables: list[Variable]
    intervals: dict[str, str]
    calendar: Calendar
    places: Places

    @property
    def measures(self) -> Measures:
        names = tuple(one.name for one in self.variables)
        asked = tuple(name for name in self.question.statistics if name != COUNT)
        numbers = tuple(one.pk for one in self.variables)
        return Measures(names, numbers, asked, self.question.failed)

    @property
    def durations(self) -> list[Interval | None]:
        return [periods.interval(self.intervals[one.name]) for one in self.variables]

    def table(self, parts: list[Part], measures: Measures, calendar: Calendar) -> Table:
        revision = self.selection.revision
        return statistics.table(self.view, revision, parts, measures=measures, calendar=calendar)


@dataclass(frozen=True, slots=True)
class Page:
    """Periods by station and time; arrays have the shape (periods,) or (periods, variables).

    timestamps : µs, UTC
    expected, coverage : NaN where nobody knows
    is_shown : whether enough values are there for statistics
    last : the key of the last one, None at the end
    """

    timestamps: Ints
    stations: list[str]
    table: Table
    expected: Floats
    coverage: Floats
    is_shown: Bools
    last: Key | None


def reading(view: View, selection: Selection, question: Question) -> Reading:
    """Check a question.

    Raises
    ------
    InvalidInputError
        A variable or station is not there, or what is asked does not go together.
    """
    variables = variables_of(view, selection.variables)
    places = stations_of(view, selection)
    usual = intervals(view, selection, places, variables=variables)
    step = STEPS.get(question.resolution)
    if step is None:
        step = _chosen(extents(view, selection, places), question, usual)
    if question.min_coverage == WMO:
        _check_wmo(step, usual)
    calendar = Calendar(step, question.zone)
    return Reading(view, selection, question, variables, usual, calendar, places)


def _chosen(found: list[Extent], question: Question, usual: dict[str, str]) -> Step:
    lengths = [one.length for one in map(periods.interval, usual.values()) if one]
    least = min(lengths, default=0)
    return finest(found, question.zone, most=question.points, least=least) or STEPS["year"]


def _check_wmo(step: Step, usual: dict[str, str]) -> None:
    if step.name not in FOR_WMO:
        message = f"The rule of the WMO is for {', '.join(FOR_WMO)}; give a number from 0 to 1."
        raise InvalidInputError.of("min_coverage", message)
    for name, text in usual.items():
        between = periods.interval(text)
        if between is None or between.length > DAY:
            message = f"The rule of the WMO is for daily values; those of {name} come otherwise."
            raise InvalidInputError.of("min_coverage", message)


def page(asked: Reading, *, limit: int, after: Key | None = None) -> Page:
    """Statistics of at most `limit` periods after a key, for all variables.

    Only the points of the periods on the page are read.
    """
    limit = max(1, min(limit, MOST_NUMBERS // max(1, _width(asked))))
    found = cells(
        asked.view,
        asked.selection,
        asked.places,
        calendar=asked.calendar,
        limit=limit,
        after=after,
    )
    table = asked.table(found.parts, asked.measures, asked.calendar)
    expected = _expected(asked, found)
    shares = coverage.ratio(table.count, expected)
    is_shown = _is_shown(asked, found, shares)
    order = found.order
    codes = np.array([extent.code for extent in found.extents], dtype=object)
    return Page(
        timestamps=np.maximum(found.starts[order], periods.FIRST),
        stations=codes[found.owners[order]].tolist(),
        table=replace(table, numbers=table.numbers[order]),
        expected=expected[order],
        coverage=shares[order],
        is_shown=is_shown[order],
        last=found.last,
    )


def _width(asked: Reading) -> int:
    """How many numbers a period takes."""
    width = asked.measures.width
    if asked.question.min_coverage == WMO:
        width += asked.calendar.step.length // DAY * Measures((), ()).width
    return len(asked.variables) * width


def _expected(asked: Reading, found: Cells) -> Floats:
    """How many values each period should hold, NaN where values come less often than periods."""
    expected: Floats = np.full((found.size, len(asked.variables)), np.nan)
    step, zone = asked.calendar.step, asked.calendar.zone
    for part, extent in zip(found.parts, found.extents, strict=True):
        for place, between in enumerate(asked.durations):
            rows = slice(part.first, part.first + part.size)
            if between is not None:
                counts = periods.expected(between, step, zone, part.edges, anchor=extent.first)
                expected[rows, place] = np.nan if counts is None else counts
    return expected


def _is_shown(asked: Reading, found: Cells, shares: Floats) -> Bools:
    least = asked.question.min_coverage
    if least == WMO:
        return _is_shown_by_wmo(asked, found)
    # What is not known is not enough either.
    shown: Bools = shares >= float(least) if least else np.ones(shares.shape, np.bool_)
    return shown


def _is_shown_by_wmo(asked: Reading, found: Cells) -> Bools:
    """Whether no month of the period is missing; a day is there if it has a value."""
    day, month = (Calendar(STEPS[name], asked.calendar.zone) for name in ("day", "month"))
    lo, hi = bounds(asked.view, asked.selection)
    parts: list[Part] = []
    for part in found.parts:
        edges = day.edges(int(part.edges[0]), int(part.edges[-1]) - 1)
        first = parts[-1].first + parts[-1].size if parts else 0
        begin, end = max(lo, int(edges[0])), min(hi, int(edges[-1]))
        parts.append(Part(part.station, edges, first, begin, end))
    days = asked.table(parts, replace(asked.measures, statistics=()), day)
    shown: Bools = np.ones((found.size, len(asked.variables)), np.bool_)
    for part, daily in zip(found.parts, parts, strict=True):
        months = month.edges(int(part.edges[0]), int(part.edges[-1]) - 1)
        starts = np.searchsorted(daily.edges, months)
        present = days.count[daily.first : daily.first + daily.size] > 0
        owners = np.searchsorted(months[:-1], part.edges[:-1])
        for place in range(present.shape[1]):
            is_missing = coverage.is_month_missing(present[:, place], starts)
            rows = slice(part.first, part.first + part.size)
            shown[rows, place] = ~np.logical_or.reduceat(is_missing, owners)
    return shown
