"""Values that are denser in some years than at the interval of the series."""

import numpy as np
import pandas as pd
import pytest

from analyses.methods.calendar import interval_of, period_means
from analyses.methods.drought import drought
from analyses.methods.extreme_samples import find_peaks, part_of, values_at
from analyses.methods.extremes import extremes
from analyses.methods.trend import explain
from datasets.series import Series


def series_of(values, **facts):
    stamps = values.index.to_numpy().astype("datetime64[us]")
    return Series("RR", values=values.to_numpy(float), timestamps=stamps, **facts)


@pytest.fixture(scope="module")
def rain():
    """By the day until 2018, by the hour since; whoever adds up by month has the truth."""
    days = pd.date_range("1961-01-01", "2018-12-31")
    hours = pd.date_range("2019-01-01", "2020-12-31T23:00", freq="h")
    drawn = np.random.default_rng(1)
    by_day = pd.Series(drawn.gamma(0.3, 8, days.size), days)
    return pd.concat([by_day, pd.Series(drawn.gamma(0.02, 5, hours.size), hours)])


@pytest.mark.parametrize(("step", "rule"), [("day", "D"), ("month", "MS"), ("year", "YS")])
def test_only_periods_at_the_interval_are_complete(rain, step, rule):
    some, wanted = series_of(rain, unit="mm", station="A"), rain.resample(rule).mean()
    found = period_means(some, step)
    assert (found.complete(0.8) == (wanted.index.year < 2019)).all()
    assert found.means == pytest.approx(wanted.to_numpy())


def test_a_few_days_by_the_hour_make_no_mean_of_their_month_and_year(rain):
    kept = rain[:"2019-01-03"]
    kept = pd.concat([kept, pd.Series(1.0, pd.date_range("2019-01-04", "2019-12-31"))])
    some = series_of(kept["2019":], unit="mm", station="A", interval="P1D")
    assert np.flatnonzero(~period_means(some, "month").complete(0.8)).tolist() == [0]
    assert not period_means(some, "year").complete(0.8).any()


def test_values_that_are_out_of_step_with_the_calendar_are_not_too_many():
    # Every sixteen days from each 1 January on: one or two a month.
    stamps = [d for y in range(2001, 2021) for d in pd.date_range(f"{y}", f"{y}-12-31", freq="16D")]
    some = series_of(pd.Series(1.0, pd.DatetimeIndex(stamps)), unit="1", station="A")
    assert not np.any(period_means(some, "month").crowded)
    assert not np.any(period_means(some, "year").crowded)


def test_droughts_have_no_number_where_the_amount_is_not_known(rain):
    some = series_of(rain, unit="mm", station="A")
    found = drought(precipitation=some, scales=[12])
    values = np.array(found["values"]["12"], float)
    assert np.isfinite(values[11:-24]).all()
    assert np.isnan(values[-24:]).all()


def test_it_is_told_why_they_are_left_out(rain):
    told = explain(series_of(rain, unit="mm", station="A"), (), step="year")
    assert set(np.array(told.reasons)[told.codes[-17544:]]) == {
        "Its year is not complete: too few or far too many values, or the series ends within it."
    }


def storms():
    """Wind every three hours for forty years, by the hour for twenty; three storms a year."""
    before = pd.date_range("1961-01-01", "2000-12-31T21:00", freq="3h")
    since = pd.date_range("2001-01-01", "2020-12-31T23:00", freq="h")
    wind = pd.Series(5.0, before.append(since))
    for year in range(1961, 2021):
        for month in (1, 5, 11):
            wind[pd.Timestamp(year, month, 10)] = 20 + np.random.default_rng(year).random()
    return wind


def test_years_of_observation_are_years_at_any_spacing():
    some = series_of(storms(), unit="m s-1", station="A")
    found = extremes(some, approach="peaks_over_threshold", threshold=15.0, resamples=50)[
        "threshold"
    ]
    assert found["years"] == pytest.approx(60, abs=0.01)
    assert found["per_year"] == pytest.approx(3, abs=0.001)
    winter = find_peaks(some, part_of("DJF", 1), threshold=15.0, run_days=2)
    assert winter.observed == pytest.approx(60, abs=0.05)


@pytest.mark.parametrize("rule", ["10min", "h", "3h", "D", "7D", "14D", "28D", "MS", "QS", "YS"])
@pytest.mark.parametrize("share", [1, 0.9])
def test_values_at_one_spacing_are_counted_as_they_are(rule, share):
    stamps = pd.date_range("2000-01-01", "2003-12-31T23:50", freq=rule)
    kept = stamps[np.random.default_rng(1).random(stamps.size) < share]
    some = series_of(pd.Series(1.0, kept), unit="1", station="A")
    interval = interval_of(some)
    assert interval
    assert values_at(interval, some.timestamps) == pytest.approx(kept.size)
