"""Normals against pandas groupby."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.climatology import climatology
from datasets.series import Series

LAWS = settings(max_examples=10, deadline=None, database=None)
NUMBERS = ("mean", "std", "min", "p10", "p50", "p90", "max")


def daily(start, end, *, kept=None, seed=1, interval="P1D"):
    """Noise on the seasons, from the first to before the last day."""
    stamps = np.arange(start, end, dtype="datetime64[D]").astype("datetime64[us]")
    values = np.random.default_rng(seed).normal(size=stamps.size)
    values += 10 * np.sin(np.arange(stamps.size) / 58.13)
    mask = np.ones(stamps.size, bool) if kept is None else kept(pd.DatetimeIndex(stamps))
    return Series("TAVG", "degC", "X", stamps[mask], values[mask], interval=interval)


def answer(series, **parameters):
    result = climatology(series, **parameters)
    json.dumps(result, allow_nan=False)
    return result


def table_of(series):
    return pd.Series(series.values, index=pd.DatetimeIndex(series.timestamps))


def column(result, name):
    return [entry[name] for entry in result["normals"]]


def test_monthly_normals_are_the_means_of_monthly_means_of_pandas():
    series = daily("1985-01-01", "2023-01-01")
    months = table_of(series)["1991":"2020"].resample("MS").mean()
    grouped = months.groupby(months.index.month)
    result = answer(series)
    assert column(result, "mean") == pytest.approx(grouped.mean().to_list())
    assert column(result, "std") == pytest.approx(grouped.std().to_list())
    assert column(result, "p10") == pytest.approx(grouped.quantile(0.1).to_list())
    assert column(result, "p90") == pytest.approx(grouped.quantile(0.9).to_list())
    assert column(result, "max") == pytest.approx(grouped.max().to_list())
    assert column(result, "years") == [30] * 12
    assert [result["n"], result["start"]] == [10958, "1991-01-01T00:00:00Z"]


@pytest.mark.parametrize(("window", "spot"), [(1, 200), (5, 2), (15, 364), (61, 59)])
def test_daily_normals_are_those_of_pandas_over_the_window(window, spot):
    series = daily("1991-01-01", "2021-01-01")
    table = table_of(series)
    leap = table.index.strftime("2000-%m-%d").to_numpy().astype("datetime64[D]")
    day = (leap - np.datetime64("2000-01-01")).astype(int)
    apart = (day - spot + 183) % 366 - 183
    wanted = table[np.abs(apart) <= window // 2]
    entry = answer(series, by="day_of_year", window_days=window)["normals"][spot]
    found = [entry[name] for name in ("n", "mean", "std", "p10", "p50")]
    quantiles = wanted.quantile([0.1, 0.5]).to_list()
    assert found == pytest.approx([wanted.size, wanted.mean(), wanted.std(), *quantiles])


def test_29_february_has_a_normal_and_its_real_days_are_counted():
    result = answer(daily("1991-01-01", "2021-01-01"), by="day_of_year")
    assert len(result["normals"]) == 366
    entry = result["normals"][59]
    assert [entry["period"], entry["years"], result["februaries_29"]] == ["02-29", 30, 8]
    assert result["normals"][60]["period"] == "03-01"


def test_29_february_without_a_window_has_only_its_own_days():
    result = answer(daily("1991-01-01", "2021-01-01"), by="day_of_year", window_days=1)
    assert [result["normals"][59]["years"], result["normals"][58]["years"]] == [8, 30]


def test_the_normal_period_is_taken_where_four_fifths_of_it_are_there():
    assert answer(daily("1997-01-01", "2021-01-01"))["reference"] == {
        "start": 1991,
        "end": 2020,
        "chosen": "the climatological standard normal period of the WMO",
    }


def test_else_all_complete_years_are_taken():
    reference = answer(daily("1997-06-01", "2019-11-30"))["reference"]
    assert [reference["start"], reference["end"]] == [1998, 2018]
    assert "complete year" in reference["chosen"]


def test_asked_years_are_taken():
    series = daily("1991-01-01", "2021-01-01")
    assert answer(series, reference_start=2001, reference_end=2010)["reference"] == {
        "start": 2001,
        "end": 2010,
        "chosen": "as asked",
    }
    assert answer(series, reference_start=2001)["reference"]["end"] == 2020
    assert answer(series, reference_end=2001)["reference"]["start"] == 1991


def test_a_month_with_too_many_gaps_does_not_count():
    def kept(index):
        return ~((index.year == 2003) & (index.month == 6) & (index.day > 20))

    result = answer(daily("2001-01-01", "2011-01-01", kept=kept))
    assert column(result, "years") == [10] * 5 + [9] + [10] * 6
    result = answer(daily("2001-01-01", "2011-01-01", kept=kept), min_coverage=0.6)
    assert column(result, "years") == [10] * 12


def test_seasonal_normals_are_the_means_of_seasonal_means_of_pandas():
    table = table_of(daily("1985-01-01", "2023-01-01"))["1990-12":"2020-11"]
    seasons = table.resample("QS-DEC").mean()
    grouped = seasons.groupby(seasons.index.month, sort=False)
    result = answer(daily("1985-01-01", "2023-01-01"), by="season")
    assert column(result, "period") == ["DJF", "MAM", "JJA", "SON"]
    assert column(result, "mean") == pytest.approx(grouped.mean().to_list())
    assert column(result, "std") == pytest.approx(grouped.std().to_list())
    assert column(result, "p90") == pytest.approx(grouped.quantile(0.9).to_list())
    assert column(result, "years") == [30] * 4
    assert [result["n"], result["start"]] == [table.size, "1990-12-01T00:00:00Z"]


def test_the_first_winter_wants_its_december():
    result = answer(daily("1997-01-01", "2021-01-01"), by="season")
    assert column(result, "years") == [23, 24, 24, 24]


def test_a_month_with_too_few_years_has_no_normal_and_a_reason():
    result = answer(daily("2001-01-01", "2005-01-01", kept=lambda i: (i.month != 7) | (i.year < 3)))
    july = result["normals"][6]
    assert {july[name] for name in NUMBERS} == {None}
    assert july["reason"] == "At least 3 years are needed, and there are 0."
    assert result["reason"] is None
    assert result["normals"][7]["reason"] is None


def test_monthly_values_are_their_own_monthly_means():
    stamps = np.arange("1991-01", "2021-01", dtype="datetime64[M]").astype("datetime64[us]")
    series = Series("T", "K", "X", stamps, np.tile(np.arange(12.0), 30), interval="P1M")
    assert column(answer(series), "mean") == list(range(12))
    assert "too far for means of each day" in answer(series, by="day_of_year")["reason"]


@pytest.mark.parametrize("count", [0, 1, 2, 700])
@pytest.mark.parametrize("by", ["month", "season", "day_of_year"])
@pytest.mark.parametrize("interval", ["P1D", ""])
def test_too_little_has_no_normals_and_a_reason(count, by, interval):
    end = str(np.datetime64("2001-01-01") + count)
    result = answer(daily("2001-01-01", end, interval=interval), by=by)
    assert result["reason"].endswith(".")
    assert {entry["mean"] for entry in result["normals"]} <= {None}


def test_a_reference_without_values_has_no_normals():
    result = answer(daily("2001-01-01", "2011-01-01"), reference_start=1961, reference_end=1990)
    assert [result["n"], result["start"]] == [0, None]
    assert result["reason"] == "No month of the year has 3 years with enough values."


def test_equal_values_have_equal_normals():
    series = daily("2001-01-01", "2006-01-01")
    series.values[:] = 4
    result = answer(series)
    assert {entry["mean"] for entry in result["normals"]} == {4.0}
    assert {entry["std"] for entry in result["normals"]} == {0.0}


@LAWS
@given(st.integers(0, 1000), st.floats(-100, 100))
def test_a_constant_added_is_added_to_the_normals(seed, shift):
    series = daily("2001-01-01", "2005-01-01", seed=seed)
    before = answer(series)
    series.values[:] += shift
    after = answer(series)
    assert column(after, "p50") == pytest.approx([x + shift for x in column(before, "p50")])
    assert column(after, "std") == pytest.approx(column(before, "std"))


@LAWS
@given(st.integers(0, 1000), st.sampled_from(["month", "season", "day_of_year"]))
def test_percentiles_of_a_normal_are_in_order(seed, by):
    for entry in answer(daily("2001-01-01", "2005-01-01", seed=seed), by=by)["normals"]:
        ordered = [entry[name] for name in ("min", "p10", "p50", "p90", "max")]
        assert ordered == sorted(ordered)
