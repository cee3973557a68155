"""Bars: one a day, month or year for its mean, total, lowest or highest value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods import rain
from analyses.methods.calendar import Interval, Step, interval_of
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, subject, words, yearly
from visualizations.charts.crowded import left_out
from visualizations.charts.look import Spec
from visualizations.charts.subject import Floats, Periods, Subject
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

STEPS: tuple[Step, ...] = ("day", "month", "year")
# As many bars as can be told apart at the usual width; by themselves they are wider.
MOST_BARS, GOOD_BARS, FEW_BARS = 1000, 200, 8
DAYS = {"day": 1.0, "month": 30.4369, "year": 365.2425}
NOUNS = {"mean": "mean", "total": "total", "lowest": "lowest value", "highest": "highest value"}
# Of a bar's share of the axis.
NARROW = 0.08
AIR = 1.04


@dataclass(frozen=True)
class Bars:
    """The bars of a step: NaN where one has too few values, and none for an unfinished last one."""

    step: Step
    statistic: str
    values: Floats
    found: Periods
    note: str

    @property
    def edges(self) -> NDArray[np.datetime64]:
        return self.found.means.edges[: self.values.size + 1]

    @property
    def starts(self) -> NDArray[np.datetime64]:
        return self.edges[:-1]

    @property
    def noun(self) -> str:
        return NOUNS[self.statistic]


def compile_bars(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    about = subject.subject("Bars", series, options, facts)
    heads = ["timestamp", f"value ({about.series.unit})", "share"]
    bars = bars_of(about.series, options)
    if isinstance(bars, str):
        return subject.nothing(about, bars, heads)
    spec = look.picture(
        facts, title=about.title, subtitle=subtitle(about, bars), layer=layers(about, bars)
    )
    columns: dict[str, Column] = {
        "timestamp": subject.stamps(bars.starts),
        f"{bars.statistic} ({about.series.unit})": bars.values,
        "share": bars.found.means.coverage[: bars.values.size],
    }
    return Drawing(spec, alt_text(about, bars), columns)


# ------------------------------------------------------------------ bars


def bars_of(series: Series, options: Mapping[str, Any]) -> Bars | str:
    """The bars, or why there are none."""
    step, note = step_of(series, options["step"])
    reason = yearly.no_mean(series) or subject.reason_against(series, options, step)
    if reason:
        return reason
    statistic = options["statistic"]
    if statistic == "auto":
        statistic = "total" if rain.adds_up(series) else "mean"
    found = subject.periods(series, step, is_total=statistic == "total")
    values = found.values
    if statistic in {"lowest", "highest"}:
        values = np.where(np.isnan(values), np.nan, extremes(series, found, statistic))
    if np.isnan(values).all():
        return yearly.none_complete(step, found.crowded)
    # What is not over yet is no bar and no gap.
    whole = values.size - int(found.is_unfinished)
    return Bars(step, statistic, values[:whole], found, note)


def step_of(series: Series, wanted: str) -> tuple[Step, str]:
    """The step asked for, or a coarser one with a sentence where its bars could not be told apart.

    Chosen freely, it is the finest of which there are few enough, not finer than the values.
    """
    if not series.values.size:
        return "year", ""
    days = (series.timestamps[-1] - series.timestamps[0]) / np.timedelta64(1, "D") + 1
    interval = interval_of(series)
    most = GOOD_BARS if wanted == "auto" else MOST_BARS
    first = STEPS.index(wanted) if wanted in STEPS else 0
    for step in STEPS[first:]:
        if days / DAYS[step] <= most and not is_too_fine(interval, step):
            break
    else:
        step = "year"
    if wanted in {"auto", step}:
        return step, ""
    every = words.interval(interval) or "too few values"
    why = (
        f"There is {every}"
        if is_too_fine(interval, STEPS[first])
        else (f"One bar a {wanted} would be more than {MOST_BARS:,}")
    )
    return step, f"{why}, so there is one bar a {step}."


def is_too_fine(interval: Interval | None, step: Step) -> bool:
    return interval is not None and interval.coarser_than(step)


def extremes(series: Series, found: Periods, statistic: str) -> Floats:
    """Lowest or highest value of each period; NaN where there is none."""
    places = np.searchsorted(found.means.edges, series.timestamps, "right") - 1
    first = np.flatnonzero(np.append(True, places[1:] != places[:-1]))
    least = np.minimum if statistic == "lowest" else np.maximum
    values = np.full(found.values.size, np.nan)
    values[places[first]] = least.reduceat(series.values, first)
    return values


# ------------------------------------------------------------------ drawn


def layers(about: Subject, bars: Bars) -> list[Spec]:
    edges = centred(bars.edges)
    x = time_axis(bars, edges)
    shown = bars.values[~np.isnan(bars.values)]
    low, high = min(0.0, AIR * float(shown.min())), max(0.0, AIR * float(shown.max()))
    y: Spec = {
        "type": "quantitative",
        "scale": {"domain": list(look.nice(low, high) if low < high else (0.0, 1.0))},
        "axis": look.value_axis(axis_title(about, bars), low, high),
    }
    y["scale"] |= {"nice": False, "zero": False, "clamp": True}
    return [*marks(bars, edges, x=x, y=y), zero_line(y)]


def centred(edges: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The edges in ms, moved so that each bar stands in the middle over its own label."""
    at = edges.astype("datetime64[ms]").astype(np.int64)
    half = np.diff(at) // 2
    return np.asarray(at - np.append(half, half[-1:]))


def time_axis(bars: Bars, edges: NDArray[np.int64]) -> Spec:
    """A few bars are as wide as those of more, and each has its label."""
    few = max(0, FEW_BARS - bars.values.size)
    room = few * int(edges[1] - edges[0]) // 2
    x = {**look.time_axis(int(edges[0]) - room, int(edges[-1]) + room), "field": "lo"}
    if bars.values.size <= FEW_BARS:
        starts = bars.starts.astype("datetime64[ms]").astype(np.int64)
        x["axis"] = {**x["axis"], "values": starts.tolist()}
    return x


def axis_title(about: Subject, bars: Bars) -> str:
    return f"{about.named} a {bars.step}" if bars.statistic == "total" else about.named


def marks(bars: Bars, edges: NDArray[np.int64], *, x: Spec, y: Spec) -> list[Spec]:
    """The bars, and on the zero line a grey stroke where one is missing: 0 mm is none."""
    missing = np.isnan(bars.values)
    gap = NARROW * np.diff(edges)
    lo, hi = edges[:-1] + gap, edges[1:] - gap
    ends = {"x": x, "x2": {"field": "hi"}}
    rows = {
        "lo": lo[~missing].tolist(),
        "hi": hi[~missing].tolist(),
        "v": bars.values[~missing].tolist(),
    }
    parts: list[Spec] = [
        {
            "data": {"values": look.rows(**rows)},
            "mark": {"type": "rect", "color": look.SERIES[0]},
            "encoding": {**ends, "y": {"field": "v", **y}, "y2": {"datum": 0}},
        }
    ]
    if missing.any():
        rows = {"lo": edges[:-1][missing].tolist(), "hi": edges[1:][missing].tolist()}
        rows["v"] = [0.0] * int(missing.sum())
        parts.append(
            {
                "data": {"values": look.rows(**rows)},
                "mark": {"type": "rule", "color": look.NO_VALUE, "strokeWidth": 6},
                "encoding": {**ends, "y": {"field": "v", **y}},
            }
        )
    return parts


def zero_line(y: Spec) -> Spec:
    return {
        "data": {"values": [{"v": 0}]},
        "mark": {"type": "rule", "color": look.AXIS},
        "encoding": {"y": {"field": "v", **y}},
    }


# ------------------------------------------------------------------ words


def subtitle(about: Subject, bars: Bars) -> list[str]:
    n = int((~np.isnan(bars.values)).sum())
    unit = f", {about.unit}" if about.unit else ""
    told = [
        about.opening(f"{bars.noun.capitalize()} of each {bars.step}{unit}, {period(bars)}: "
                      f"{phrases.count(n, bars.step)}, {phrases.count(values_in(bars), 'value')}"),
        bars.note,
    ]  # fmt: skip
    if np.nanmin(bars.values) == np.nanmax(bars.values):
        # Bars of 0 mm are not seen.
        told.append(subject.ends(about, bars.values, bars.starts))
    missing = bars.values.size - n - bars.found.crowded.count
    if missing:
        few = yearly.too_few(bars.step, "the")
        told.append(f"Grey: {phrases.count(missing, bars.step)} with {few}.")
    told.append(left_out(bars.found.crowded, bars.step))
    if bars.found.is_unfinished:
        told.append(f"{name_of(bars, bars.values.size)} is unfinished and left out.")
    return [*told, about.left_out()]


def values_in(bars: Bars) -> int:
    counts = bars.found.means.counts[: bars.values.size]
    return int(counts[~np.isnan(bars.values)].sum())


def name_of(bars: Bars, place: int) -> str:
    """A bar's day, month or year, as ISO writes it."""
    unit = {"day": "D", "month": "M", "year": "Y"}[bars.step]
    return str(bars.found.means.periods[place].astype(f"datetime64[{unit}]"))


def period(bars: Bars) -> str:
    first, last = name_of(bars, 0), name_of(bars, bars.values.size - 1)
    return first if first == last else f"{first} to {last}"


def alt_text(about: Subject, bars: Bars) -> str:
    unit = {"day": "D", "month": "M", "year": "Y"}[bars.step]
    told = f"Bars: {about.title}, {bars.noun} of each {bars.step}, {period(bars)}."
    starts = bars.starts.astype(f"datetime64[{unit}]")
    missing = int(np.isnan(bars.values).sum())
    told += f" {subject.ends(about, bars.values, starts, at='on' if bars.step == 'day' else 'in')}"
    return f"{told} {phrases.count(missing, bars.step)} without a bar." if missing else told


kinds.add(
    Kind(
        name="bars",
        title="Bars",
        description="One bar a day, month or year from zero to its mean, total, lowest or highest "
        "value. Steps with too few values are grey strokes; an unfinished last one is left out.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            "step": {
                "type": "string",
                "enum": ["auto", *STEPS],
                "default": "auto",
                "description": "What one bar stands for; auto takes the finest step of at most "
                f"{GOOD_BARS} bars.",
            },
            "statistic": {
                "type": "string",
                "enum": ["auto", *NOUNS],
                "default": "auto",
                "description": "Height of a bar; auto takes the total of amounts of rain and the "
                "mean of all else.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_bars,
    )
)
