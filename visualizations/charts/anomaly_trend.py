"""Bars of yearly differences from a base period, with the Theil–Sen line and its band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analyses.methods import rain
from analyses.methods.calendar import year_of
from analyses.methods.trend import trend
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, words, yearly
from visualizations.charts.look import Spec
from visualizations.charts.yearly import Anomalies
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

# Under ten years no line is drawn, and under thirty a warning stands beside it.
LINE_YEARS, CLIMATE_YEARS = 10, 30
BAR_HALF_YEAR = 0.4
SIGNED_LABEL = "abs(datum.value) < 1e-12 ? '0' : datum.value > 0 ? '+' + datum.label : datum.label"


@dataclass(frozen=True)
class Fit:
    """The trend of the years from one to another; slopes are per decade.

    `line` and `band` are differences from the base, at the year each number stands for.
    """

    first: int
    last: int
    n: int
    slope: float
    lower: float
    upper: float
    tau: float
    p: float
    factor: float
    line: list[tuple[float, float]]
    band: list[tuple[float, float, float]]


def compile_anomaly_trend(
    series: Sequence[Series], options: Mapping[str, Any], facts: Facts
) -> Drawing:
    found = yearly.anomalies("Bars of differences", series, options, facts)
    if isinstance(found, Drawing):
        return found
    fit = fit_of(found, options)
    ours = "" if words.plain(facts.title) else f", difference from the {found.base.years} mean"
    spec = look.picture(
        facts,
        title=found.title + ours,
        subtitle=subtitle(found, fit, is_told=bool(ours)),
        layer=layers(found, fit),
    )
    return Drawing(spec, alt_text(found, fit), table(found, fit))


def chosen(found: Anomalies, options: Mapping[str, Any]) -> Series:
    """The complete years from the reader's first year on."""
    one = found.years.series
    first = np.searchsorted(year_of(one.timestamps), options.get("trend_start", 0))
    return replace(one, timestamps=one.timestamps[first:], values=one.values[first:])


def fit_of(found: Anomalies, options: Mapping[str, Any]) -> Fit | str:
    """The trend, or a sentence that says why no line is drawn."""
    one = chosen(found, options)
    n = one.values.size
    since = f" from {options['trend_start']} on" if "trend_start" in options else ""
    if n < LINE_YEARS:
        there = phrases.count(n, "complete year")
        return f"No trend line: it needs {LINE_YEARS} years, and there are {there}{since}."
    # The subtitle names this correction.
    result = trend(one, step="raw", autocorrelation="yue_wang")
    if result["reason"]:
        return f"No trend line. {result['reason']}"
    sen, test, level = result["theil_sen"], result["mann_kendall"], found.base.level
    years = year_of(one.timestamps)
    return Fit(
        first=int(years[0]),
        last=int(years[-1]),
        n=n,
        slope=sen["per_decade"],
        lower=sen["corrected_per_decade_lower"],
        upper=sen["corrected_per_decade_upper"],
        tau=test["tau"],
        p=test["corrected_p"],
        factor=test["factor"],
        line=[(year_at(t), v - level) for t, v in result["line"]],
        band=[(year_at(t), lo - level, hi - level) for t, lo, hi in result["band"]],
    )


def year_at(timestamp: str) -> float:
    """An instant as a year with its fraction."""
    at = np.datetime64(timestamp.removesuffix("Z"), "us")
    year = at.astype("datetime64[Y]")
    start, end = year.astype("datetime64[us]"), (year + 1).astype("datetime64[us]")
    return float(year.astype(np.int64) + 1970 + (at - start) / (end - start))


def subtitle(found: Anomalies, fit: Fit | str, *, is_told: bool) -> list[str]:
    missing = yearly.left_out(found.years, shown_as="Without a bar")
    told = [yearly.opening(found, "One bar a year", is_told=is_told), found.base.note, missing]
    if isinstance(fit, str):
        return [*told, fit]
    told += [f"Trend: {slope_text(found, fit)}, {words.years(fit.first, fit.last)}"]
    correction = (
        f"after correction for autocorrelation (Yue–Wang, variance × {fit.factor:.1f})"
        if fit.factor > 1
        else "no autocorrelation to correct for (Yue–Wang)"
    )
    test = f"Mann–Kendall τ = {words.number(fit.tau, 2)}, {phrases.probability(fit.p)}"
    told += [f"Theil–Sen slope; {test}, {correction}, n = {fit.n} years"]
    if fit.n < CLIMATE_YEARS:
        told += [f"Under {CLIMATE_YEARS} years a trend says little about the climate."]
    return told


def slope_text(found: Anomalies, fit: Fit) -> str:
    digits = words.decimals(fit.slope, fit.lower, fit.upper)
    slope, lower, upper = (words.signed(v, digits) for v in (fit.slope, fit.lower, fit.upper))
    slope = words.with_unit(slope, found.years.series.unit)
    return f"{slope} per decade (95 % interval {lower} to {upper})"


def layers(found: Anomalies, fit: Fit | str) -> list[Spec]:
    years = found.years.years
    low, high = span(found, fit)
    x = look.year_axis(int(years[0]), int(years[-1]), margin=0.7)
    unit = words.unit(found.years.series.unit)
    per = " a year" if found.years.is_total else ""
    axis = {
        "title": f"{unit}{per}" if unit else "no unit given",
        "labelExpr": SIGNED_LABEL,
        "tickCount": {"expr": "max(2, ceil(height / 50))"},
    }
    scale = {"domain": [low, high], "nice": False, "zero": False, "clamp": True}
    y = {"type": "quantitative", "scale": scale, "axis": axis}
    drawn = [bars(found, x=x, y=y), zero_line(y)]
    return drawn if isinstance(fit, str) else drawn + trend_marks(fit, x=x, y=y)


def span(found: Anomalies, fit: Fit | str) -> tuple[float, float]:
    """Round limits around bars, band and zero."""
    shown = [0.0, *found.differences[~np.isnan(found.differences)].tolist()]
    if isinstance(fit, Fit):
        shown += [edge for _, *edges in fit.band for edge in edges]
    low, high = min(shown), max(shown)
    return look.nice(low, high) if low < high else (-1.0, 1.0)


def bars(found: Anomalies, *, x: Spec, y: Spec) -> Spec:
    below, above = (
        (look.DRY, look.WET) if rain.is_rain(found.years.series) else (look.BELOW, look.ABOVE)
    )
    there = ~np.isnan(found.differences)
    years = found.years.years[there]
    return {
        "data": {
            "values": look.rows(
                t=years.tolist(),
                lo=(years - BAR_HALF_YEAR).tolist(),
                hi=(years + BAR_HALF_YEAR).tolist(),
                v=found.differences[there].tolist(),
            )
        },
        "mark": {"type": "rect"},
        "encoding": {
            "x": {"field": "lo", "type": "quantitative", **x},
            "x2": {"field": "hi"},
            "y": {"field": "v", **y},
            "y2": {"datum": 0},
            "color": {"condition": {"test": "datum.v < 0", "value": below}, "value": above},
        },
    }


def zero_line(y: Spec) -> Spec:
    return {
        "data": {"values": [{"v": 0}]},
        "mark": {"type": "rule", "color": look.AXIS},
        "encoding": {"y": {"field": "v", **y}},
    }


def trend_marks(fit: Fit, *, x: Spec, y: Spec) -> list[Spec]:
    across = {"field": "t", "type": "quantitative", **x}
    band = look.rows(
        t=[t for t, _, _ in fit.band],
        lo=[low for _, low, _ in fit.band],
        hi=[high for _, _, high in fit.band],
    )
    line = look.rows(t=[t for t, _ in fit.line], v=[v for _, v in fit.line])
    return [
        {
            "data": {"values": band},
            "mark": {"type": "area", "color": look.TEXT, "opacity": 0.28},
            "encoding": {"x": across, "y": {"field": "lo", **y}, "y2": {"field": "hi"}},
        },
        {
            "data": {"values": line},
            "mark": {"type": "line", "color": look.TEXT, "strokeWidth": 3.5},
            "encoding": {"x": across, "y": {"field": "v", **y}},
        },
    ]


def table(found: Anomalies, fit: Fit | str) -> dict[str, Column]:
    columns = yearly.table(found)
    if isinstance(fit, str):
        return columns
    years = found.years.years.astype(np.float64)
    within = (years >= fit.first) & (years <= fit.last)
    drawn = {
        "trend": [(t, v) for t, v in fit.line],
        "trend lower": [(t, low) for t, low, _ in fit.band],
        "trend upper": [(t, high) for t, _, high in fit.band],
    }
    for name, points in drawn.items():
        at, level = np.array(points).T
        columns[f"{name} ({found.years.series.unit})"] = np.where(
            within, np.interp(years, at, level), np.nan
        )
    return columns


def alt_text(found: Anomalies, fit: Fit | str) -> str:
    years = words.years(int(found.years.years[0]), int(found.years.years[-1]))
    told = (
        f"Bars: {found.title}, each year as difference from the {found.base.years} mean, {years}. "
        f"{yearly.extremes(found)}"
    )
    if isinstance(fit, str):
        return f"{told} {fit}"
    line = f"Trend line: {slope_text(found, fit)}, {words.years(fit.first, fit.last)}."
    return f"{told} {line}"


kinds.add(
    Kind(
        name="anomaly_trend",
        title="Yearly differences and trend",
        description="One bar a year for its difference from the mean of a base period, with the "
        "Theil–Sen line, the 95 % band of its slope and the Mann–Kendall test.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            **yearly.reference_options(1961, 1990),
            "trend_start": {
                "type": "integer",
                "minimum": yearly.FIRST_YEAR,
                "maximum": yearly.LAST_YEAR,
                "description": "First year of the trend line; left out, the line begins with the "
                "series.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_anomaly_trend,
        references=(
            "Theil 1950, Proc. Kon. Ned. Akad. v. Wetensch. A 53, 386–392",
            "Sen 1968, doi:10.1080/01621459.1968.10480934",
            "Mann 1945, doi:10.2307/1907187",
            "Yue and Wang 2004, doi:10.1023/B:WARM.0000043140.61082.60",
        ),
    )
)
