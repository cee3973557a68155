"""What a chart of some width draws of a series: mean, lowest and highest of calendar steps."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import numpy as np

from datasets import periods
from datasets.access import View
from datasets.models import Station, Variable
from datasets.periods import STEPS, Ints, Step
from datasets.selectors import statistics
from datasets.selectors.cells import finest
from datasets.selectors.extents import Extent, bounds, extents, stations_of
from datasets.selectors.intervals import intervals
from datasets.selectors.parts import Calendar, Floats, Measures, Part, instant
from datasets.selectors.points import Selection
from datasets.selectors.series import find
from datasets.series import SteppedSeries
from datastream.core.errors import InvalidInputError

AUTO = "auto"
LARGEST_PX = 4000
# Steps to a pixel; more would only be drawn over each other.
STEPS_A_PX = 1.5
STATISTICS = ("mean", "min", "max")
DIGITS = 7


@dataclass(frozen=True, slots=True)
class Drawing:
    """A series and the width of its chart; `step` is the name of one or "auto"."""

    variable: str
    station: str | None
    step: str
    px: int
    zone: tzinfo
    failed: bool = False

    @property
    def most(self) -> int:
        return int(STEPS_A_PX * self.px)


@dataclass(frozen=True, slots=True)
class Window:
    """The steps from the first to the last value; all arrays have shape (steps,), NaN is none.

    t : their starts, µs
    start, end : what is shown, `end` out; None where there are no values and nothing was asked
    """

    variable: Variable
    station: Station
    step: str
    interval: str
    start: datetime | None
    end: datetime | None
    t: Ints
    mean: Floats
    lo: Floats
    hi: Floats
    n: Floats
    flagged: int


def window(view: View, selection: Selection, drawing: Drawing) -> Window:
    """What is drawn of the series inside the selection's window, at its revision.

    Raises
    ------
    InvalidInputError
        There is no such series, or the steps are more than the width can hold.
    """
    variable, station = find(view, drawing.variable, drawing.station)
    selection = replace(
        selection, stations=(station.code,), variables=(variable.name,), descending=False
    )
    places = stations_of(view, selection)
    found = extents(view, selection, places, most=1)
    interval = intervals(view, selection, places, variables=[variable])[variable.name]
    calendar = Calendar(_step(drawing, found, interval), drawing.zone)
    parts = _parts(view, selection, calendar, found)
    measures = Measures((variable.name,), (variable.pk,), STATISTICS, drawing.failed)
    table = statistics.table(view, selection.revision, parts, measures=measures, calendar=calendar)
    edges = parts[0].edges if parts else np.zeros(1, np.int64)
    start, end = (instant(int(edges[place])) if parts else None for place in (0, -1))
    return Window(
        variable=variable,
        station=station,
        step=calendar.step.name,
        interval=interval,
        start=selection.start or start,
        end=selection.end or end,
        t=np.maximum(edges[:-1], periods.FIRST),
        mean=table.values(0, "mean"),
        lo=table.values(0, "min"),
        hi=table.values(0, "max"),
        n=table.count[:, 0],
        flagged=int(table.flagged.sum()),
    )


def stepped(view: View, selection: Selection, px: int) -> SteppedSeries | None:
    """The series of the selection as its steps in UTC; None where even years are too many.

    Failed values are left out and counted.
    """
    station, variable = selection.stations[0], selection.variables[0]
    try:
        found = window(view, selection, Drawing(variable, station, AUTO, px, UTC))
    except InvalidInputError:
        return None
    there, expected = np.flatnonzero(found.n > 0), _expected(found)
    ends = extents(view, selection, stations_of(view, selection), most=1)
    return SteppedSeries(
        variable=variable,
        unit=found.variable.unit,
        station=station,
        timestamps=found.t[there].astype("datetime64[us]"),
        values=found.mean[there],
        station_name=found.station.name,
        standard_name=found.variable.standard_name,
        cell_method=found.variable.cell_method,
        interval=found.interval,
        left_out=found.flagged,
        lowest=found.lo[there],
        highest=found.hi[there],
        counts=found.n[there],
        expected=expected[there],
        gap_after=np.append(np.diff(there) > 1, np.zeros(min(there.size, 1), np.bool_)),
        missing=_missing(found.n[1:-1], expected[1:-1]),
        ends=np.array([(one.first, one.last) for one in ends], "datetime64[us]").ravel(),
        step=found.step,
    )


def _missing(counts: Floats, expected: Floats) -> float:
    wanted = float(expected.sum())
    return max(0.0, 1 - float(counts.sum()) / wanted) if wanted > 0 else float("nan")


def _expected(found: Window) -> Floats:
    between, step = periods.interval(found.interval), STEPS[found.step]
    if between is None or not found.t.size:
        return np.full(found.t.size, np.nan)
    starts = periods.edges(step, UTC, int(found.t[0]), int(found.t[-1]))
    counts = periods.expected(between, step, UTC, starts)
    return np.full(found.t.size, np.nan) if counts is None else counts.astype(np.float64)


def _step(drawing: Drawing, found: list[Extent], interval: str) -> Step:
    between = periods.interval(interval)
    if drawing.step == AUTO:
        # A step finer than the values would draw nothing but gaps.
        least = between.length if between else 0
        step = finest(found, drawing.zone, most=drawing.most, least=least)
        if step is None:
            raise InvalidInputError.of("px", "Too narrow for one step a year; give more pixels.")
        return step
    step = STEPS[drawing.step]
    if found and _count(step, drawing, found[0]) > drawing.most:
        fitting = finest(found, drawing.zone, most=drawing.most, least=step.length)
        hint = f"{fitting.name} fits" if fitting else "none fits"
        message = f"More than {drawing.most} steps for {drawing.px} pixels; {hint}."
        raise InvalidInputError.of("step", message)
    return step


def _count(step: Step, drawing: Drawing, extent: Extent) -> int:
    # None is much longer than on average: so many more need not be counted.
    rough = (extent.last - extent.first) // (2 * step.length)
    if rough > drawing.most:
        return rough
    return len(periods.edges(step, drawing.zone, extent.first, extent.last)) - 1


def _parts(view: View, selection: Selection, calendar: Calendar, found: list[Extent]) -> list[Part]:
    if not found:
        return []
    edges = calendar.edges(found[0].first, found[0].last)
    lo, hi = bounds(view, selection)
    return [Part(found[0].station, edges, 0, max(lo, int(edges[0])), min(hi, int(edges[-1])))]


def decimals(*values: Floats) -> int:
    """How many decimals the values have; of values without end as many as make seven digits."""
    given = np.concatenate([one[~np.isnan(one)] for one in values])
    largest = float(np.abs(given).max(initial=0.0))
    enough = max(0, DIGITS - 1 - int(np.floor(np.log10(largest)))) if largest else 0
    for places in range(enough):
        if np.all(np.abs(np.round(given, places) - given) <= 1e-12 * np.abs(given)):
            return places
    return enough


def rounded(numbers: Floats, places: int) -> list[float | None]:
    """Without digits that say nothing; None where there is no number."""
    return [None if np.isnan(one) else one for one in np.round(numbers, places).tolist()]
