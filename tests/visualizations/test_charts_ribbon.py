"""Ribbons: a year over what is usual, 29 February among it, with the days outside marked."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.visualizations.single import drawn, layers, rain, rows, sentence, series_of, words

DAYS = pd.date_range("1989-01-01", "2023-12-31")
VALUES = pd.Series(
    10 - 8 * np.cos(DAYS.day_of_year / 58.1) + np.random.default_rng(4).normal(0, 3, DAYS.size),
    DAYS,
)
SHARES = {"lowest": 0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "highest": 1}


def around(day: str, first: int = 1991, last: int = 2020) -> pd.Series:
    """The fifteen days around a day of the base years, by pandas; days of a leap year."""
    base = VALUES[f"{first}" : f"{last}"]
    leap = pd.to_datetime("2000-" + base.index.strftime("%m-%d"))
    middle = pd.Timestamp(f"2000-{day}")
    apart = np.abs((leap - middle).days)
    return base[np.minimum(apart, 366 - apart) <= 7]


@pytest.mark.parametrize("day", ["01-01", "02-28", "03-01", "07-15", "12-31"])
def test_the_bands_agree_with_pandas(day: str) -> None:
    columns = drawn("ribbon", series_of(VALUES, start="1989-01-01")).columns
    at = list(columns["timestamp"]).index(f"2023-{day}T00:00:00Z")
    for name, share in SHARES.items():
        expected = around(day).quantile(share)
        assert columns[f"base {name} (degC)"][at] == pytest.approx(expected)


def test_29_february_has_its_own_place_in_a_leap_year_and_none_in_others() -> None:
    series = series_of(VALUES, start="1989-01-01")
    leap, other = (drawn("ribbon", series, year=year).columns for year in (2020, 2021))
    assert (len(leap["timestamp"]), len(other["timestamp"])) == (366, 365)
    at = list(leap["timestamp"]).index("2020-02-29T00:00:00Z")
    assert leap["base median (degC)"][at] == pytest.approx(around("02-29").median())
    # From 1 March on both stand on the same day of the calendar.
    np.testing.assert_array_equal(leap["base 90 % (degC)"][60:], other["base 90 % (degC)"][59:])


def test_the_line_is_the_year_and_days_outside_are_marked_and_counted() -> None:
    drawing = drawn("ribbon", series_of(VALUES, start="1989-01-01"))
    own = VALUES["2023"].to_numpy()
    np.testing.assert_array_equal(drawing.columns["mean (degC)"], own)
    above = own > drawing.columns["base 90 % (degC)"]
    below = own < drawing.columns["base 10 % (degC)"]
    by_shape = {
        one["mark"]["shape"]: [row["v"] for row in one["data"]["values"]]
        for one in layers(drawing, "point")
    }
    assert by_shape == {"triangle-up": own[above].tolist(), "triangle-down": own[below].tolist()}
    assert f"▲ {above.sum()} days above the 90 % line ▼ {below.sum()} days below" in words(drawing)
    assert "15-day window, 1991–2020 (30 years)" in words(drawing)
    assert "2023 against 1991–2020" in words(drawing)


def test_a_base_that_is_not_covered_gives_way_to_all_other_years_and_says_so() -> None:
    series = series_of(VALUES["2012":"2015"], start="2012-01-01")
    drawing = drawn("ribbon", series)
    assert "Under 80 % of 1991–2020 is complete" in words(drawing)
    assert "2012–2014 (3 years only; a climate normal needs 30)" in words(drawing)
    at = list(drawing.columns["timestamp"]).index("2015-07-15T00:00:00Z")
    expected = around("07-15", 2012, 2014).quantile(0.9)
    assert drawing.columns["base 90 % (degC)"][at] == pytest.approx(expected)


def test_under_three_years_there_are_no_bands_and_a_sentence_says_so() -> None:
    drawing = drawn("ribbon", series_of(VALUES["2012":"2013"], start="2012-01-01"))
    assert "No bands: they need 3 base years, and there is 1." in words(drawing)
    assert not layers(drawing, "area")
    assert len(rows(drawing, "line")) == 365


def test_a_gap_breaks_the_line_and_a_day_between_gaps_is_a_dot() -> None:
    values = VALUES.copy()
    values["2023-03-01":"2023-03-10"] = np.nan
    values["2023-03-12":"2023-03-14"] = np.nan
    drawing = drawn("ribbon", series_of(values, start="1989-01-01"))
    path = layers(drawing, "line")[-1]["data"]["values"]
    assert sum(row["v"] is None for row in path) == 13
    dots = [one for one in layers(drawing, "point") if "shape" not in one["mark"]]
    assert [row["t"] for row in dots[0]["data"]["values"]] == ["2023-03-11T00:00:00Z"]
    assert "13 days without a value." in words(drawing)


def test_an_unfinished_year_is_said_to_be_one() -> None:
    series = series_of(VALUES[:"2023-05-03"], start="1989-01-01")
    drawing = drawn("ribbon", series)
    assert "2023 is unfinished: to 2023-05-03." in words(drawing)
    assert "without a value" not in words(drawing)


def test_rain_is_added_up_by_day_and_has_no_room_below_zero() -> None:
    hours = np.random.default_rng(5).gamma(0.1, 3, 24 * 1461)
    drawing = drawn("ribbon", rain(hours, step="h"), year=2004)
    np.testing.assert_allclose(
        drawing.columns["total (mm)"], hours.reshape(-1, 24).sum(axis=1)[-366:]
    )
    assert layers(drawing, "area")[0]["encoding"]["y"]["scale"]["domain"][0] == 0
    totals = pd.Series(hours.reshape(-1, 24).sum(axis=1), pd.date_range("2001", periods=1461))
    middle = totals[:"2003-12-31"]
    july = middle[(middle.index.month == 7) & (abs(middle.index.day - 15) <= 7)]
    at = list(drawing.columns["timestamp"]).index("2004-07-15T00:00:00Z")
    assert drawing.columns["base highest (mm)"][at] == pytest.approx(july.max())


@pytest.mark.parametrize(("more", "told"), [({"year": 1950}, "no complete days in 1950")])
def test_a_year_without_days_is_said(more: dict[str, Any], told: str) -> None:
    assert told in sentence(drawn("ribbon", series_of(VALUES["2012"], start="2012-01-01"), **more))
