"""Weeks, and dekads and pentads that begin anew with each month, beside sums by the day."""

import numpy as np
import pandas as pd
import pytest

from analyses.methods.calendar import infer_interval, interval_of, period_means, totals_of
from analyses.methods.correlation import correlation
from analyses.methods.drought_months import totals
from analyses.methods.gaps import gaps
from analyses.methods.summary import summary
from datasets.series import Series

BEGINNINGS = {"P5D": range(1, 27, 5), "P10D": (1, 11, 21), "P15D": (1, 16)}


def stamps_of(text, start="1981-01-01", end="2020-12-31"):
    days = pd.date_range(start, end)
    return days[days.day.isin(BEGINNINGS[text])]


def series_of(stamps, values, **facts):
    given = {"unit": "mm", "station": "A"} | facts
    stamps = pd.DatetimeIndex(stamps).to_numpy().astype("datetime64[us]")
    return Series("RR", timestamps=stamps, values=np.asarray(values, float), **given)


def test_seven_millimetres_a_week_are_one_a_day():
    weeks = pd.date_range("2001-01-01", "2020-12-28", freq="7D")
    some = series_of(weeks, np.full(weeks.size, 7))
    starts, rain = totals(some, max_missing_days=0)
    wanted = pd.DatetimeIndex(starts).days_in_month
    assert rain[:-1] == pytest.approx(wanted[:-1].to_numpy())
    means = period_means(some, "year")
    days = pd.Series(1.0, pd.date_range("2001-01-01", "2020-12-31")).resample("YS").sum()
    assert totals_of(some, means) == pytest.approx(days.to_numpy())


@pytest.mark.parametrize("text", list(BEGINNINGS))
@pytest.mark.parametrize("declared", [True, False])
def test_amounts_of_parts_of_months_add_up(text, declared):
    stamps = stamps_of(text)
    values = np.random.default_rng(1).gamma(1, 10, stamps.size)
    some = series_of(stamps, values, interval=text if declared else "")
    found = interval_of(some)
    assert found
    assert [str(found), found.parts] == [text, len(BEGINNINGS[text])]
    _, rain = totals(some, max_missing_days=0)
    assert rain == pytest.approx(pd.Series(values, stamps).resample("MS").sum().to_numpy())
    means = period_means(some, "year")
    assert means.complete(1.0).all()
    by_year = pd.Series(values, stamps).resample("YS").sum()
    assert totals_of(some, means) == pytest.approx(by_year.to_numpy())


def test_dekads_of_thirty_millimetres_are_ninety_a_month():
    stamps = stamps_of("P10D")
    _, rain = totals(series_of(stamps, np.full(stamps.size, 30)), max_missing_days=0)
    assert rain.tolist() == [90] * 480


@pytest.mark.parametrize("text", list(BEGINNINGS))
def test_a_month_that_misses_a_part_has_no_total_and_the_part_is_named(text):
    stamps = stamps_of(text)
    gone = stamps.get_loc(pd.Timestamp("2001-02-01")) - 1
    kept = stamps.delete([gone, gone + 1])
    some = series_of(kept, np.ones(kept.size))
    starts, rain = totals(some, max_missing_days=0)
    months = np.datetime_as_string(starts[np.isnan(rain)]).tolist()
    assert months == ["2001-01", "2001-02"]
    found = gaps(some, fill="interpolation")
    assert [found["missing"], found["expected"]] == [2, stamps.size]
    wanted = [f"{stamp:%Y-%m-%dT%H:%M:%SZ}" for stamp in stamps[[gone, gone + 1]]]
    assert found["filled"]["timestamps"] == wanted
    assert summary(some)["expected"] == stamps.size


@pytest.mark.parametrize("end", ["2020-12-20", "2020-12-31"])
def test_a_year_ends_with_its_last_part(end):
    stamps = stamps_of("P10D", end=end)
    found = period_means(series_of(stamps, np.ones(stamps.size)), "year")
    assert found.finished[-1] == (end == "2020-12-31")


@pytest.mark.parametrize("text", list(BEGINNINGS))
def test_every_part_has_the_one_so_many_parts_before_it(text):
    stamps = stamps_of(text, end="1990-12-31")
    one, other = np.random.default_rng(1).normal(size=(2, stamps.size))
    found = correlation(
        series_of(stamps, one), others=[series_of(stamps, other, unit="K")], max_lag=4
    )["lags"][0]
    assert found["n"] == [stamps.size - abs(lag) for lag in range(-4, 5)]
    first, second = pd.Series(one), pd.Series(other)
    assert found["r"] == pytest.approx([first.corr(second.shift(lag)) for lag in range(-4, 5)])


@pytest.mark.parametrize("days", [5, 10, 15])
def test_values_so_many_days_apart_all_year_are_no_parts(days):
    stamps = pd.date_range("2001-01-01", periods=100, freq=f"{days}D")
    found = interval_of(series_of(stamps, np.ones(100)))
    assert found == infer_interval(stamps.to_numpy().astype("datetime64[us]"))
