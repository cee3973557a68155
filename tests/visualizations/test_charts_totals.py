"""Totals of amounts of rain by month and year, beside sums that pandas makes."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from datasets.series import Series
from tests.visualizations.single import drawn, sentence, words
from visualizations.charts import subject, yearly


def rain(values: pd.Series, **facts: Any) -> Series:
    """No interval is declared: it is taken from the times."""
    stamps = values.index.to_numpy().astype("datetime64[us]")
    given = {"station": "A", "unit": "mm", "standard_name": "precipitation_amount"} | facts
    return Series("RR", timestamps=stamps, values=values.to_numpy(float), **given)


def middles(start: str, count: int) -> pd.DatetimeIndex:
    edges = pd.date_range(start, periods=count + 1, freq="MS")
    return edges[:-1] + (edges[1:] - edges[:-1]) / 2


@pytest.mark.parametrize("offset", [pd.offsets.MonthBegin(0), pd.offsets.MonthEnd(0), None])
def test_a_hundred_millimetres_a_month_are_1200_a_year(offset: pd.DateOffset | None) -> None:
    stamps = middles("1951-01-01", 840)
    stamps = stamps if offset is None else pd.date_range("1951-01-01", periods=840, freq="MS")
    stamps = stamps if offset is None else stamps + offset
    some = rain(pd.Series(100.0, stamps))
    sums = pd.Series(100.0, stamps).resample("YS").sum()
    assert subject.periods(some, "year").values == pytest.approx(sums.to_numpy())
    assert yearly.yearly(some, {}).values == pytest.approx(sums.to_numpy())


def test_years_by_the_hour_after_years_by_the_day_have_no_total() -> None:
    days = pd.Series(2.0, pd.date_range("1961-01-01", "2018-12-31"))
    hours = pd.Series(2 / 24, pd.date_range("2019-01-01", "2020-12-31T23:00", freq="h"))
    found = subject.periods(rain(pd.concat([days, hours])), "year")
    sums = days.resample("YS").sum()
    assert found.values[:-2] == pytest.approx(sums.to_numpy())
    assert np.isnan(found.values[-2:]).all()
    assert yearly.yearly(rain(pd.concat([days, hours])), {}).years[-1] == 2018


def test_a_month_of_five_weeks_is_no_wetter() -> None:
    weeks = pd.Series(7.0, pd.date_range("2001-01-01", "2020-12-28", freq="7D"))
    days = pd.Series(1.0, pd.date_range("2001-01-01", "2020-12-31"))
    by_month = days.resample("MS").sum().to_numpy()
    assert subject.periods(rain(weeks), "month").values == pytest.approx(by_month)
    sums = days.resample("YS").sum().to_numpy()
    assert subject.periods(rain(weeks), "year").values == pytest.approx(sums)
    assert yearly.yearly(rain(weeks), {}).values == pytest.approx(sums)


def test_dekads_are_added_up() -> None:
    days = pd.date_range("1981-01-01", "2020-12-31")
    dekads = pd.Series(30.0, days[days.day.isin([1, 11, 21])])
    assert subject.periods(rain(dekads), "month").values.tolist() == [90] * 480
    assert yearly.yearly(rain(dekads), {}).values.tolist() == [1080] * 40


def crowded(kind: str, **more: Any) -> str:
    """What is said of rain by the day from 1996 on, with a gap, that is by the hour since 2019."""
    days = pd.Series(2.0, pd.date_range("1996-01-01", "2018-12-31")).drop(
        pd.date_range("2010-03-01", "2010-09-30")
    )
    hours = pd.Series(2 / 24, pd.date_range("2019-01-01", "2020-12-31T23:00", freq="h"))
    return words(drawn(kind, rain(pd.concat([days, hours]), interval="P1D"), **more))


@pytest.mark.parametrize("kind", ["stripes", "anomaly_trend", "bars"])
def test_years_with_too_many_values_are_not_said_to_have_too_few(kind: str) -> None:
    told = crowded(kind, step="year")
    assert "1 year with under 80 % of the values or under half of those of a month." in told
    assert "2 years with far too many values for one value a day are left out." in told


def test_days_with_too_many_values_are_not_said_to_have_none() -> None:
    told = crowded("calendar")
    assert "1,461 days, none of them without a value" in told
    assert "731 days with far too many values for one value a day are left out." in told
    days = pd.Series(1.0, pd.date_range("2001-01-01", "2003-12-31")).drop(pd.Timestamp(2003, 5, 5))
    twice = pd.Series(1.0, pd.date_range("2003-02-01T12", "2003-02-03T12"))
    year = words(drawn("ribbon", rain(pd.concat([days, twice]).sort_index())))
    assert "1 day without a value." in year
    assert "3 days with far too many values for one value a day are left out." in year


@pytest.mark.parametrize(("kind", "step"), [("bars", "month"), ("stripes", "year")])
def test_where_nothing_is_complete_too_many_is_said(kind: str, step: str) -> None:
    hours = pd.Series(1.0, pd.date_range("2001-01-01", "2001-12-31T23:00", freq="h"))
    told = sentence(drawn(kind, rain(hours, interval="P1D"), step=step))
    assert told.startswith(f"No {step} is complete: each has under 80 % of its values")
    assert " or far too many for one value a day, or has not ended." in told
    few = sentence(drawn(kind, rain(hours[:3], interval="PT1H"), step=step))
    assert "too many" not in few
