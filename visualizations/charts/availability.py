"""Availability: of each month the share of the values that there should be, months by years."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import (
    PeriodMeans,
    expected_values,
    interval_of,
    month_of,
    period_means,
    year_of,
)
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, subject, words
from visualizations.charts.look import Spec
from visualizations.charts.subject import Subject
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

# A share of a class is under its limit; the last class has every value.
LIMITS = (0.5, 0.8, 0.95, 1.0)
CLASSES = ("no value", "under 50 %", "50 to 80 %", "80 to 95 %", "95 to 100 %", "every value")
COLOURS = (look.NO_VALUE, *look.RAIN[1:6])
# So few years stand below one another, more beside one another.
FEW_YEARS = 12
LEAST_ROWS = 4
# More are under two pixels each.
MOST_YEARS = 600
SEPARATED_YEARS = 150


def compile_availability(
    series: Sequence[Series], options: Mapping[str, Any], facts: Facts
) -> Drawing:
    about = subject.subject("Availability", series, options, facts)
    reason = subject.reason_against(about.series, options, "month")
    if reason:
        return subject.nothing(about, reason, ["timestamp", "values", "expected", "share"])
    means = period_means(about.series, "month")
    first = int(year_of(means.periods[-1:])[0]) - MOST_YEARS + 1
    drawn = year_of(means.periods) >= first
    spec = look.picture(
        facts,
        title=about.title,
        subtitle=subtitle(about, means, drawn),
        layer=[cells(means, drawn)],
        classes=CLASSES,
    )
    return Drawing(spec, alt_text(about, means), table(means))


def classes(means: PeriodMeans) -> NDArray[np.int64]:
    """Place in `CLASSES` of each month; 0 has no value."""
    found = np.searchsorted(LIMITS, means.coverage + 1e-12, "right") + 1
    return np.where(means.counts == 0, 0, found)


def overall(about: Subject) -> tuple[int, int]:
    """How many values there are from the first to the last, and how many there should be."""
    stamps, interval = about.series.timestamps, interval_of(about.series)
    if interval is None:
        return stamps.size, stamps.size
    edges = np.append(stamps[:1], interval.after(stamps[-1:]))
    expected = int(expected_values(edges, anchor=stamps[0], interval=interval)[0])
    return stamps.size, max(expected, stamps.size)


def subtitle(about: Subject, means: PeriodMeans, drawn: NDArray[np.bool_]) -> list[str]:
    there, expected = overall(about)
    every = words.interval(interval_of(about.series)) or f"one every {interval_of(about.series)}"
    share = words.number(100 * there / expected, 1)
    months = phrases.count(int((means.counts == 0).sum()), "month")
    found = f"{phrases.count(there, 'value')}, {share} % of {expected:,}; {months} without a value"
    told = [
        about.opening(f"One cell a month: share of the expected values of {about.named}, {every}"),
        f"{words.period(about.series.timestamps)}: {found}",
        about.left_out(),
    ]
    if not means.finished[-1]:
        told.append(f"{means.periods[-1].astype('datetime64[M]')} has not ended.")
    if not drawn.all():
        told.append(f"Only the last {MOST_YEARS:,} years are drawn.")
    return told


def cells(means: PeriodMeans, drawn: NDArray[np.bool_]) -> Spec:
    years, months = year_of(means.periods)[drawn], month_of(means.periods)[drawn] - 1
    found = classes(means)[drawn]
    first, last = int(years[0]), int(years[-1])
    is_wide = last - first >= FEW_YEARS
    year = {"field": "lo", "type": "quantitative", **year_scale(first, last, is_wide=is_wide)}
    month = {"field": "t", "type": "quantitative", **month_scale(is_wide=is_wide)}
    ends = ({"field": "hi"}, {"field": "v"})
    (x, x2), (y, y2) = zip((year, month), ends, strict=True)
    if not is_wide:
        x, x2, y, y2 = y, y2, x, x2
    names = [CLASSES[i] for i in found.tolist()]
    colour = {
        "field": "k",
        "type": "nominal",
        "scale": {"domain": list(CLASSES), "range": list(COLOURS)},
        "legend": common.class_legend(),
    }
    stroke = {"stroke": "white", "strokeWidth": 1} if last - first < SEPARATED_YEARS else {}
    return {
        "data": {
            "values": look.rows(
                lo=(years - 0.5).tolist(),
                hi=(years + 0.5).tolist(),
                t=(months - 0.5).tolist(),
                v=(months + 0.5).tolist(),
                k=names,
            )
        },
        "mark": {"type": "rect", **stroke},
        "encoding": {"x": x, "x2": x2, "y": y, "y2": y2, "color": colour},
    }


def year_scale(first: int, last: int, *, is_wide: bool) -> Spec:
    found = look.year_axis(first, last, margin=0.5)
    if is_wide:
        return found
    # A single year is a row and not a wall.
    bottom = max(last, first + LEAST_ROWS - 1) + 0.5
    scale = {**found["scale"], "domain": [first - 0.5, bottom], "reverse": True}
    axis = {**found["axis"], "values": list(range(first, last + 1)), "ticks": False}
    return {"scale": scale, "axis": {**axis, "domain": False}}


def month_scale(*, is_wide: bool) -> Spec:
    return {
        "scale": {"domain": [-0.5, 11.5], "nice": False, "zero": False, "reverse": is_wide},
        "axis": {
            "title": None,
            "grid": False,
            "ticks": False,
            "domain": False,
            "values": list(range(12)),
            "labelExpr": f"{subject.MONTH_LABELS}[datum.value]",
            "labelOverlap": True,
        },
    }


def table(means: PeriodMeans) -> dict[str, Column]:
    return {
        "timestamp": subject.stamps(means.periods),
        "values": means.counts,
        "expected": means.expected,
        "share": means.coverage,
    }


def alt_text(about: Subject, means: PeriodMeans) -> str:
    there, expected = overall(about)
    empty = int((means.counts == 0).sum())
    full = int((means.coverage >= 1).sum())
    period = words.period(about.series.timestamps)
    return (
        f"Availability: {about.title}, share of the expected values of each month, {period}; blues "
        f"from few to all, grey where there is none. {words.number(100 * there / expected, 1)} % "
        f"of the values are there; {phrases.count(full, 'month')} complete, "
        f"{phrases.count(empty, 'month')} without a value."
    )


kinds.add(
    Kind(
        name="availability",
        title="Availability",
        description="One cell a month, months by years, coloured by the share of the values there "
        "should be by the interval of the series.",
        options={"variable": common.VARIABLE, **common.PLACE_AND_PERIOD},
        required=("variable",),
        version=1,
        compile=compile_availability,
    )
)
