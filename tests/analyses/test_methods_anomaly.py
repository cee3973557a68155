"""Anomalies against pandas groupby."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.anomaly import anomaly
from analyses.methods.climatology import climatology
from datasets.series import Series

LAWS = settings(max_examples=10, deadline=None, database=None)
COLUMNS = ("timestamps", "values", "means", "normals", "n_values", "coverage")


def daily(start, end, *, kept=None, seed=1, interval="P1D"):
    """Noise on the seasons around 20, from the first to before the last day."""
    stamps = np.arange(start, end, dtype="datetime64[D]").astype("datetime64[us]")
    values = np.random.default_rng(seed).normal(20, 1, size=stamps.size)
    values += 10 * np.sin(np.arange(stamps.size) / 58.13)
    mask = np.ones(stamps.size, bool) if kept is None else kept(pd.DatetimeIndex(stamps))
    return Series("TAVG", "degC", "X", stamps[mask], values[mask], interval=interval, left_out=3)


def answer(series, **parameters):
    result = anomaly(series, **parameters)
    json.dumps(result, allow_nan=False)
    assert len({len(result[name]) for name in COLUMNS}) == 1
    return result


def table_of(series):
    return pd.Series(series.values, index=pd.DatetimeIndex(series.timestamps))


def test_months_are_compared_with_their_normals_as_by_pandas():
    series = daily("1981-01-01", "2021-01-01")
    months = table_of(series).resample("MS").mean()
    reference = months["1991":"2020"]
    normals = reference.groupby(reference.index.month).mean()
    wanted = months - normals.loc[months.index.month].to_numpy()
    result = answer(series)
    assert result["values"] == pytest.approx(wanted.to_list())
    assert result["timestamps"][:2] == ["1981-01-01T00:00:00Z", "1981-02-01T00:00:00Z"]
    assert [result["n_periods"], result["missing_periods"]] == [480, 0]
    assert [result["units"]["values"], result["left_out"]] == ["degC", 3]


def test_years_are_compared_with_the_mean_of_years_as_by_pandas():
    series = daily("1981-01-01", "2021-01-01")
    years = table_of(series).resample("YS").mean()
    wanted = years - years["1991":"2020"].mean()
    assert answer(series, step="year")["values"] == pytest.approx(wanted.to_list())


def test_days_are_compared_with_the_same_day_of_other_years_as_by_pandas():
    series = daily("1991-01-01", "2011-01-01")
    table = table_of(series)
    wanted = table - table.groupby(table.index.strftime("%m-%d")).transform("mean")
    result = answer(series, step="day", window_days=1)
    assert result["values"] == pytest.approx(wanted.to_list())


@pytest.mark.parametrize(("step", "by"), [("month", "month"), ("day", "day_of_year")])
def test_normals_are_those_of_the_climatology(step, by):
    series = daily("2001-01-01", "2009-01-01")
    normals = {entry["period"]: entry["mean"] for entry in climatology(series, by=by)["normals"]}
    result = answer(series, step=step)
    length = 7 if step == "month" else 10
    wanted = [normals[stamp[5:length]] for stamp in result["timestamps"]]
    assert result["normals"] == wanted


def test_an_unfinished_year_is_never_a_year():
    result = answer(daily("2001-01-01", "2010-12-31"), step="year", min_coverage=0.1)
    assert result["values"][-1] is result["means"][-1] is None
    assert [result["n_values"][-1], result["n_periods"]] == [364, 9]
    assert result["reference"]["end"] == 2009


def test_an_unfinished_month_is_no_month():
    result = answer(daily("2001-01-01", "2010-12-31"))
    assert result["values"][-1] is None
    assert result["coverage"][-1] == pytest.approx(30 / 31)


def test_a_month_with_too_few_values_has_no_anomaly_but_its_place():
    def kept(index):
        return ~((index.year == 2003) & (index.month.isin([6, 7])) & (index.day > 10))

    result = answer(daily("2001-01-01", "2006-01-01", kept=kept))
    place = result["timestamps"].index("2003-06-01T00:00:00Z")
    assert result["values"][place : place + 2] == [None, None]
    assert result["n_values"][place] == 10
    assert result["normals"][place] is not None
    assert [result["n_periods"], result["missing_periods"]] == [58, 2]


def test_a_ratio_is_a_share_of_the_normal():
    series = daily("2001-01-01", "2006-01-01")
    result = answer(series, kind="ratio")
    wanted = np.array(result["means"]) / np.array(result["normals"])
    assert result["values"] == pytest.approx(wanted.tolist())
    assert result["units"]["values"] == "1"


def test_there_is_no_ratio_to_a_normal_of_zero():
    series = daily("2001-01-01", "2006-01-01")
    series.values[pd.DatetimeIndex(series.timestamps).month == 7] = 0
    result = answer(series, kind="ratio")
    assert [result["values"][6], result["normals"][6], result["reason"]] == [None, 0, None]
    nothing = answer(replace(series, values=np.zeros(series.values.size)), kind="ratio")
    assert "above zero" in nothing["reason"]


@pytest.mark.parametrize("count", [0, 1, 2, 700])
@pytest.mark.parametrize("step", ["day", "month", "year"])
@pytest.mark.parametrize("interval", ["P1D", ""])
def test_too_little_has_no_anomaly_and_a_reason(count, step, interval):
    end = str(np.datetime64("2001-01-01") + count)
    result = answer(daily("2001-01-01", end, interval=interval), step=step)
    assert result["reason"].endswith(".")
    assert set(result["values"]) <= {None}


def test_a_step_finer_than_the_values_is_refused():
    stamps = np.arange("1991", "2021", dtype="datetime64[Y]").astype("datetime64[us]")
    series = Series("T", "K", "X", stamps, np.arange(30.0), interval="P1Y")
    assert "too far" in answer(series, step="month")["reason"]
    assert answer(series, step="year")["values"][0] == pytest.approx(-14.5)


def test_equal_values_have_no_anomaly_but_zero():
    series = daily("2001-01-01", "2006-01-01")
    series.values[:] = 4
    assert set(answer(series)["values"]) == {0.0}


@LAWS
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-100, 100))
def test_a_difference_does_not_see_the_zero_and_follows_the_unit(seed, scale, shift):
    series = daily("2001-01-01", "2005-01-01", seed=seed)
    before = np.array(answer(series)["values"])
    series.values[:] = series.values * scale + shift
    assert answer(series)["values"] == pytest.approx((before * scale).tolist(), abs=1e-9)


@LAWS
@given(st.integers(0, 1000))
def test_the_anomalies_of_the_reference_add_up_to_nothing(seed):
    result = answer(daily("2001-01-01", "2005-01-01", seed=seed))
    assert sum(result["values"]) == pytest.approx(0, abs=1e-9)
