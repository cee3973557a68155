"""Bars: means, totals and extremes of complete steps, from zero, with none for the unfinished."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.visualizations.samples import least
from tests.visualizations.single import FACTS, drawn, layers, rain, rows, sentence, series_of, words
from visualizations import options
from visualizations.charts import bars, look
from visualizations.registry import kinds

DAYS = pd.date_range("2001-01-01", "2004-03-10")
VALUES = pd.Series(np.random.default_rng(1).normal(3, 9, DAYS.size), DAYS)


@pytest.mark.parametrize(
    ("statistic", "told"), [("mean", "mean"), ("lowest", "min"), ("highest", "max")]
)
@pytest.mark.parametrize(("step", "rule", "whole"), [("month", "MS", 38), ("year", "YS", 3)])
def test_bars_agree_with_pandas(
    statistic: str, told: str, step: str, rule: str, whole: int
) -> None:
    drawing = drawn("bars", series_of(VALUES), step=step, statistic=statistic)
    expected = VALUES.resample(rule).agg(told)[:whole]
    np.testing.assert_allclose(drawing.columns[f"{statistic} (degC)"], expected)
    assert drawing.columns["timestamp"][0] == "2001-01-01T00:00:00Z"
    np.testing.assert_allclose([row["v"] for row in rows(drawing, "rect")], expected)


def test_rain_is_added_up_and_a_gap_is_made_up_for() -> None:
    values = VALUES.abs()
    drawing = drawn("bars", rain(values), step="month")
    np.testing.assert_allclose(drawing.columns["total (mm)"], values.resample("MS").sum()[:38])
    values["2002-01-01":"2002-01-04"] = np.nan
    total = drawn("bars", rain(values), step="month").columns["total (mm)"][12]
    assert total == pytest.approx(values["2002-01"].mean() * 31)
    assert "Total of each month, mm, 2001-01 to 2004-02: 38 months" in words(drawing)


def test_a_step_with_too_few_values_is_a_grey_stroke_and_counted() -> None:
    values = VALUES.copy()
    values["2002-02-01":"2002-02-10"] = np.nan
    drawing = drawn("bars", series_of(values), step="month")
    (stroke,) = [one for one in layers(drawing, "rule") if one["mark"]["color"] == look.NO_VALUE]
    assert len(stroke["data"]["values"]) == 1
    assert len(rows(drawing, "rect")) == 37
    assert np.isnan(drawing.columns["mean (degC)"][13])
    assert "Grey: 1 month with under 80 % of the values." in words(drawing)


def test_a_year_that_only_one_month_is_missing_of_says_so() -> None:
    """Eleven months are 92 % of a year."""
    values = VALUES.copy()
    values["2002-02"] = np.nan
    drawing = drawn("bars", series_of(values), step="year")
    reason = "under 80 % of the values or under half of those of a month"
    assert f"Grey: 1 year with {reason}." in words(drawing)
    values["2001-03"] = values["2003-03"] = np.nan
    only = drawn("bars", series_of(values), step="year")
    assert "each has under 80 % of its values or under half of those of a month" in sentence(only)


def test_an_unfinished_year_is_never_a_bar() -> None:
    drawing = drawn("bars", series_of(VALUES), step="year")
    assert len(rows(drawing, "rect")) == 3
    assert "2004 is unfinished and left out." in words(drawing)
    only = drawn("bars", series_of(VALUES["2004"], start="2004-01-01"), step="year")
    assert "No year is complete" in sentence(only)


@pytest.mark.parametrize("sign", [1, -1])
def test_bars_stand_on_zero(sign: int) -> None:
    drawing = drawn("bars", series_of(sign * (VALUES.abs() + 1000)), step="year")
    low, high = layers(drawing, "rect")[0]["encoding"]["y"]["scale"]["domain"]
    assert (low if sign > 0 else high) == 0
    assert layers(drawing, "rect")[0]["encoding"]["y2"] == {"datum": 0}


def test_months_that_are_all_dry_are_said_to_be() -> None:
    assert "All are 0 mm." in words(drawn("bars", rain(np.zeros(400))))


@pytest.mark.parametrize(("n", "step"), [(150, "day"), (1000, "month"), (9000, "year")])
def test_the_step_is_the_finest_that_makes_few_bars(n: int, step: str) -> None:
    assert f"Mean of each {step}" in words(drawn("bars", series_of(np.ones(n))))


@pytest.mark.parametrize(
    ("series", "step", "told"),
    [
        (
            series_of(np.ones(2000)),
            "day",
            "One bar a day would be more than 1,000, so there is one",
        ),
        (
            series_of(np.ones(40), step="M"),
            "day",
            "There is one value a month, so there is one bar a month.",
        ),
    ],
    ids=["too many", "too few"],
)
def test_a_step_that_cannot_be_drawn_gives_way_and_says_so(
    series: Any, step: str, told: str
) -> None:
    drawing = drawn("bars", series, step=step)
    assert told in words(drawing)
    assert len(rows(drawing, "rect")) <= bars.MOST_BARS


def test_a_bar_stands_in_the_middle_over_its_label() -> None:
    drawing = drawn("bars", series_of(VALUES), step="month")
    first = rows(drawing, "rect")[0]
    middle = (first["lo"] + first["hi"]) / 2
    # A month has not the length of its neighbour.
    assert abs(middle - np.datetime64("2001-01-01", "ms").astype(int)) < 86_400_000


def test_the_alternative_text_has_the_highest_and_the_lowest() -> None:
    means = VALUES.resample("MS").mean()[:38]
    text = drawn("bars", series_of(VALUES), step="month").alt
    assert f"in {means.idxmax():%Y-%m}; lowest" in text
    assert text.endswith(f"in {means.idxmin():%Y-%m}.")


@pytest.mark.parametrize(
    "kind", ["line", "anomaly_trend", "stripes", "bars", "histogram", "scatter", "wind_rose"]
)
def test_what_failed_quality_control_is_said(kind: str) -> None:
    """In every picture of values: nothing is hidden."""
    values = np.resize(np.arange(12.0), 366 * 2)
    failed = series_of(values, left_out=3, unit="m s-1")
    wind = series_of(values, left_out=0, variable="WD", unit="degree")
    taken = {"scatter": [failed, wind], "wind_rose": [wind, failed]}.get(kind, [failed])
    chosen = options.check(kinds[kind], least(kinds[kind]))
    drawing = kinds[kind].compile(taken, chosen, FACTS)
    assert "3 values failed quality control and are left out." in words(drawing)


RAINFALL = "lwe_thickness_of_precipitation_amount"


@pytest.mark.parametrize(
    ("facts", "total"),
    [
        ({"standard_name": RAINFALL, "cell_method": "time: sum"}, True),
        ({"standard_name": RAINFALL}, True),
        # The greatest day of each month.
        ({"standard_name": RAINFALL, "cell_method": "time: maximum within months"}, False),
        ({"variable": "PRCP"}, True),
        ({"variable": "sea_level"}, False),
    ],
)
def test_only_amounts_that_are_sums_are_added_up(facts: dict[str, str], total: bool) -> None:
    months = series_of(np.full(36, 50.0), start="2001-01", step="M", unit="mm", **facts)
    found = bars.bars_of(months, {"step": "year", "statistic": "auto"})
    assert isinstance(found, bars.Bars)
    np.testing.assert_allclose(found.values, 600 if total else 50)


@pytest.mark.parametrize("kind", ["bars", "box_by_month", "calendar", "ribbon", "stripes"])
def test_a_direction_has_no_mean(kind: str) -> None:
    """350° and 10° by turns are north, and never south."""
    values = np.resize([350.0, 10.0], 730)
    wind = series_of(values, standard_name="wind_from_direction", unit="degree")
    assert "turns round" in sentence(drawn(kind, wind))
