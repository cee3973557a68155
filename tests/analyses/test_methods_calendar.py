"""Calendar periods against pandas, and intervals by the text of ISO 8601."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.calendar import (
    Interval,
    infer_interval,
    leap_day_of,
    parse_interval,
    period_means,
)
from analyses.methods.results import timestamps_of
from datasets.series import Series

LAWS = settings(max_examples=15, deadline=None, database=None)
HOUR = 3600 * 10**6


def series(stamps, values=None, interval=""):
    stamps = np.asarray(stamps, "datetime64[us]")
    values = np.arange(stamps.size) if values is None else values
    return Series("TAVG", "degC", "X", stamps, np.asarray(values, float), interval=interval)


def days(start, count):
    return np.datetime64(start) + np.arange(count)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("PT1H", Interval(microseconds=HOUR)),
        ("PT10M", Interval(microseconds=HOUR // 6)),
        ("PT0.5S", Interval(microseconds=500_000)),
        ("P1D", Interval(microseconds=24 * HOUR)),
        ("P7D", Interval(microseconds=168 * HOUR)),
        ("P1W", Interval(microseconds=168 * HOUR)),
        ("P1M", Interval(months=1)),
        ("P1Y", Interval(months=12)),
        ("P1Y6M", Interval(months=18)),
        *[(text, None) for text in ("", "P", "PT", "1D", "P0D", "P1M1D", "P-1D", "P1D ")],
        *[(text, None) for text in ("P9999999999999999D", "P501Y", "PT99999999999999999S")],
    ],
)
def test_an_interval_is_read_or_refused(text, interval):
    assert parse_interval(text) == interval


@pytest.mark.parametrize("text", ["PT1H", "PT90M", "PT30S", "P1D", "P7D", "P1M", "P3M", "P1Y"])
def test_an_interval_is_written_as_it_was_read(text):
    assert str(parse_interval(text)) == text


@pytest.mark.parametrize(
    ("stamps", "text"),
    [
        (np.arange("2001-01", "2003-01", dtype="datetime64[M]"), "P1M"),
        (["2001-01-31", "2001-02-28", "2001-03-31", "2001-04-30"], "P1M"),
        (["2001-01-15", "2001-02-15", "2001-05-15", "2001-06-15"], "P1M"),
        (["1999-07-01", "2000-07-01", "2001-07-01"], "P1Y"),
        (days("2001-01-01", 9)[[0, 1, 2, 5, 8]], "P1D"),
        (["2001-01-01T00", "2001-01-01T06", "2001-01-01T12", "2001-01-02"], "PT6H"),
        (["2001-01-28", "2001-01-29", "2001-01-30"], "P1D"),
        (np.datetime64("2001-01-01") + 7 * np.arange(9), "P7D"),
    ],
)
def test_an_interval_is_inferred_from_the_most_common_spacing(stamps, text):
    found = infer_interval(np.asarray(stamps, "datetime64[us]"))
    assert found is not None
    assert [str(found), found.inferred] == [text, True]


@LAWS
@given(st.integers(0, 10_000), st.sampled_from([("day", "D"), ("month", "MS"), ("year", "YS")]))
def test_means_and_counts_are_those_of_pandas_resample(seed, step):
    generator = np.random.default_rng(seed)
    hours = np.sort(generator.choice(24 * 900, 400, replace=False))
    some = series(
        np.datetime64("1967-05-05T03") + hours, generator.normal(1000, 1, size=400), "PT1H"
    )
    name, rule = step
    wanted = pd.Series(some.values, index=some.timestamps).resample(rule)
    found = period_means(some, name)
    assert found.means == pytest.approx(wanted.mean().to_numpy(), nan_ok=True)
    assert found.counts.tolist() == wanted.count().tolist()
    assert (found.periods == wanted.mean().index.to_numpy()).all()


def test_expected_counts_follow_the_calendar():
    hourly = period_means(series(["2000-01-01", "2000-12-31T23"], interval="PT1H"), "month")
    assert hourly.expected[:3].tolist() == [744, 696, 744]
    weekly = period_means(series(["2001-01-01", "2001-12-31"], interval="P7D"), "month")
    assert weekly.expected.tolist() == [5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 5]
    assert period_means(series(["1999", "2000"], interval="P1M"), "year").expected[0] == 12


@pytest.mark.parametrize(
    ("last", "finished"), [("2001-12-31", True), ("2001-12-30", False), ("2001-12-31T18", True)]
)
def test_a_year_is_finished_when_its_last_value_is_there(last, finished):
    found = period_means(series(["2000-01-01", last], interval="P1D"), "year")
    assert found.finished.tolist() == [True, finished]


def test_an_unfinished_year_is_not_complete_however_full_it_is():
    found = period_means(series(days("2001-01-01", 364), interval="P1D"), "year")
    assert found.coverage[0] > 0.99
    assert not found.complete(0.8).any()


def test_coverage_decides_at_its_limit():
    some = series(days("2001-06-01", 61)[np.r_[0:24, 30:53, 60]], interval="P1D")
    assert period_means(some, "month").complete(0.8).tolist() == [True, False]


@pytest.mark.parametrize(("missing", "counts"), [(14, True), (20, False)])
@pytest.mark.parametrize(("step", "share"), [("season", 0.7), ("year", 0.8)])
def test_a_year_or_season_wants_half_of_each_of_its_months(step, share, missing, counts):
    # All of January would be 9 % of the year, and its mean warmer by a twelfth of the winter.
    stamps = np.delete(days("2000-12-01", 396), np.arange(31, 31 + missing))
    found = period_means(series(stamps, interval="P1D"), step)
    place = {"season": 0, "year": 1}[step]
    assert found.coverage[place] > share
    assert found.complete(share)[place] == counts


def test_a_year_of_monthly_values_wants_all_twelve():
    months = np.arange("2001-01", "2003-01", dtype="datetime64[M]")
    found = period_means(series(np.delete(months, 6), interval="P1M"), "year")
    assert found.coverage[0] > 0.9
    assert found.complete(0.8).tolist() == [False, True]


def test_a_year_of_quarters_knows_nothing_of_its_months():
    quarters = np.arange("2001-01", "2003-01", 3, dtype="datetime64[M]")
    found = period_means(series(quarters, interval="P3M"), "year")
    assert found.complete(0.8).tolist() == [True, True]


def test_a_month_in_a_gap_has_no_mean():
    found = period_means(series(["2001-01-05", "2001-03-05"], interval="P1D"), "month")
    assert np.isnan(found.means).tolist() == [False, True, False]


def test_large_values_keep_their_digits():
    some = series(days("2001-01-01", 31), 10_000_000 + np.tile([0.1, 0.3], 16)[:31], "P1D")
    mean = 10_000_000.2 - 0.1 / 31
    assert period_means(some, "month").means[0] == pytest.approx(mean, rel=1e-14)


def test_nothing_has_no_periods():
    found = period_means(series([]), "year")
    assert found.periods.size == found.complete(0.8).size == found.coverage.size == 0


def test_the_day_of_a_leap_year_leaves_out_29_february_in_other_years():
    stamps = np.array(["2001-02-28", "2001-03-01", "2000-02-29", "2000-03-01", "2001-12-31"])
    found = leap_day_of(stamps.astype("datetime64[us]"))
    assert found.tolist() == [58, 60, 59, 60, 365]


def test_times_are_printed_by_rfc_3339():
    stamps = np.array(["2001-02-03T04:05:06", "1850-01-01"], "datetime64[us]")
    assert timestamps_of(stamps) == ["2001-02-03T04:05:06Z", "1850-01-01T00:00:00Z"]
    stamps = np.array(["2001-02-03T04:05:06.5"], "datetime64[us]")
    assert timestamps_of(stamps) == ["2001-02-03T04:05:06.500000Z"]


def test_the_means_of_seasons_are_those_of_pandas():
    found = period_means(series(days("2001-01-20", 900), interval="P1D"), "season")
    frame = pd.Series(np.arange(900.0), pd.date_range("2001-01-20", periods=900))
    wanted = frame.resample("QS-DEC")
    assert found.means == pytest.approx(wanted.mean().to_numpy())
    assert found.counts.tolist() == wanted.count().tolist()
    assert found.expected[1:-1].tolist() == [92, 92, 91, 90, 92, 92, 91, 90, 92]
    assert timestamps_of(found.periods[:2]) == ["2000-12-01T00:00:00Z", "2001-03-01T00:00:00Z"]
    assert found.complete(0.8)[[0, 1, -1]].tolist() == [False, True, False]
