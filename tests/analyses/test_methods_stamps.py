"""Monthly values stamped in mid-month or at month ends without a declared interval."""

import json

import numpy as np
import pandas as pd
import pytest

from analyses.methods.calendar import Interval, infer_interval, period_means
from analyses.methods.climatology import climatology
from analyses.methods.correlation import correlation
from analyses.methods.drought import drought
from analyses.methods.gaps import gaps
from analyses.methods.regression import regression
from analyses.methods.trend import trend
from datasets.series import Series


def firsts(start, count):
    return pd.date_range(start, periods=count + 1, freq="MS")


def middles(start, count):
    """As CMIP has them: 16 January 12:00, 15 February or 12:00 of it, 16 March 12:00."""
    edges = firsts(start, count)
    return edges[:-1] + (edges[1:] - edges[:-1]) / 2


def ends(start, count):
    return firsts(start, count)[:-1] + pd.offsets.MonthEnd(0)


def last_workdays(start, count):
    return firsts(start, count)[:-1] + pd.offsets.BMonthEnd(0)


STAMPS = {
    "middles": middles,
    "days of middles": lambda *span: middles(*span).normalize(),
    "ends": ends,
    "last workdays": last_workdays,
}


def series_of(stamps, values, **facts):
    stamps = stamps.to_numpy().astype("datetime64[us]")
    given = {"variable": "T", "unit": "degC", "station": "A"} | facts
    return Series(timestamps=stamps, values=np.asarray(values, float), **given)


@pytest.fixture(params=list(STAMPS))
def stamps(request):
    return STAMPS[request.param]("1951-01-01", 840)


@pytest.mark.parametrize("gap", [slice(0, 0), slice(100, 107), slice(1, 2)])
def test_they_are_monthly(stamps, gap):
    kept = stamps.delete(np.arange(840)[gap]).to_numpy().astype("datetime64[us]")
    for count in (8, 839 - 8):
        assert str(infer_interval(kept[:count])) == "P1M"


@pytest.mark.parametrize(
    ("stamps", "text"),
    [
        # What 30 days drift in four months is no more than middles of months differ.
        (pd.date_range("2001-01-15", periods=5, freq="30D"), "P30D"),
        (pd.date_range("2001-01-15", periods=6, freq="30D").delete(2), "P30D"),
        (pd.date_range("2001-01-28", periods=40, freq="28D"), "P28D"),
        (pd.date_range("2001-01-02", periods=40, freq="W"), "P7D"),
        (middles("2001-01-01", 60)[::3], "P3M"),
        (pd.DatetimeIndex(["2001-01-10", "2001-02-25", "2001-03-01", "2001-04-16"]), "P46D"),
    ],
)
def test_other_spacings_are_what_they_are(stamps, text):
    assert str(infer_interval(stamps.to_numpy().astype("datetime64[us]"))) == text


@pytest.mark.parametrize(("step", "rule"), [("year", "YS"), ("month", "MS")])
def test_each_year_wants_twelve_and_each_month_one(stamps, step, rule):
    some = series_of(stamps, np.arange(840))
    found = period_means(some, step)
    wanted = pd.Series(some.values, stamps).resample(rule)
    assert found.expected.tolist() == wanted.count().tolist()
    assert found.complete(1.0).all()
    assert found.means == pytest.approx(wanted.mean().to_numpy())


def test_analyses_take_them_as_months(stamps):
    values = 10 + np.sin(np.arange(840) * np.pi / 6) + np.random.default_rng(1).normal(size=840)
    some = series_of(stamps, values)
    normals = json.loads(json.dumps(climatology(some, reference_start=1951, reference_end=2020)))
    assert normals["reason"] is None
    wanted = pd.Series(values, stamps).groupby(stamps.month).mean()
    assert [row["mean"] for row in normals["normals"]] == pytest.approx(wanted.tolist())
    assert trend(some, step="month")["n"] == 840
    rain = series_of(stamps, np.exp(values / 5), unit="mm")
    assert drought(precipitation=rain, scales=[1])["reason"] is None


@pytest.mark.parametrize("months", [1, 3, 12])
def test_a_month_later_is_that_of_pandas(months):
    stamps = pd.date_range("1999-12-25T06:30", "2001-03-31T06:30")
    wanted = [stamp + pd.DateOffset(months=months) for stamp in stamps]
    found = Interval(months=months).after(stamps.to_numpy().astype("datetime64[us]"))
    assert found.tolist() == [stamp.to_pydatetime() for stamp in wanted]


@pytest.mark.parametrize("place", range(1, 13))
def test_what_a_gap_misses_stands_in_the_months_that_are_missing(stamps, place):
    left = stamps.delete([place, place + 1])
    found = gaps(series_of(left, np.arange(838)), fill="interpolation")
    wanted = [str(stamp)[:7] for stamp in stamps[[place, place + 1]]]
    assert [stamp[:7] for stamp in found["filled"]["timestamps"]] == wanted


def two(stamps, size=360):
    """The second leads the first by two months."""
    noise = np.random.default_rng(1).normal(size=(2, size + 2))
    first = series_of(stamps[:size], 0.9 * noise[1, :-2] + 0.4 * noise[0, 2:])
    return first, series_of(stamps[:size], noise[1, 2:], variable="X")


def test_every_month_has_the_one_so_many_months_before_it(stamps):
    some, other = two(stamps)
    found = correlation(some, others=[other], max_lag=6)["lags"][0]
    one, another = pd.Series(some.values), pd.Series(other.values)
    assert found["n"] == [360 - abs(lag) for lag in range(-6, 7)]
    assert found["r"] == pytest.approx([one.corr(another.shift(lag)) for lag in range(-6, 7)])
    assert found["strongest"]["lag"] == 2


def test_a_month_that_is_missing_is_missed_alone(stamps):
    some, other = two(stamps)
    left = series_of(stamps[:360].delete([0, 50, 51]), np.delete(some.values, [0, 50, 51]))
    found = correlation(left, others=[other], max_lag=2)["lags"][0]
    assert found["n"] == [355, 356, 357, 357, 356]


def test_a_regression_has_every_month_after_the_first(stamps):
    some, other = two(stamps)
    found = regression(some, predictors=[other], step="raw", lag=2)
    assert found["n"] == 358
    line = np.polyfit(other.values[:-2], some.values[2:], 1)
    assert [row["coefficient"] for row in found["terms"][::-1]] == pytest.approx(line.tolist())


def test_values_on_other_days_of_the_month_are_not_those_of_the_month():
    some, _ = two(middles("1951-01-01", 360))
    _, other = two(firsts("1951-01-01", 360))
    assert correlation(some, others=[other], max_lag=2)["lags"][0]["n"] == [0] * 5
