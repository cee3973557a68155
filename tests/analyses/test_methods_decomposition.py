"""Decompositions against STL and MSTL of statsmodels, and the laws of their parts."""

import json
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.seasonal import MSTL, STL

from analyses.methods.decomposition import decomposition, explain
from analyses.methods.regular_rows import bridged
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.timing import assert_within, seconds_of

LAWS = settings(max_examples=8, deadline=None, database=None)


def monthly(values, *, start="1980-01", kept=None):
    kept = np.arange(len(values)) if kept is None else kept
    stamps = (np.datetime64(start, "M") + kept).astype("datetime64[us]")
    values = np.asarray(values, float)[kept]
    return Series("TAVG", "degC", "X", stamps, values, interval="P1M", left_out=3)


def daily(values, *, start="2001-01-01"):
    stamps = (np.datetime64(start) + np.arange(len(values))).astype("datetime64[us]")
    return Series("TAVG", "degC", "X", stamps, np.asarray(values, float), interval="P1D")


def wave(n, seed=1, *, period=12):
    at = np.arange(n)
    noise = np.random.default_rng(seed).normal(size=n)
    return 20 + 0.02 * at + 8 * np.sin(2 * np.pi * at / period) + noise


def answer(series, **parameters):
    result = decomposition(series, **parameters)
    json.dumps(result, allow_nan=False)
    return result


def column(result, name):
    found = result["seasons"][0]["values"] if name == "season" else result[name]
    return np.array(found, float)


@pytest.mark.parametrize("robust", [False, True])
def test_the_parts_are_those_of_stl_of_statsmodels(robust):
    # Which is tested there against the authors' own program (netlib.org/a/stl).
    y = wave(240)
    wanted = STL(y, period=12, seasonal=11, robust=robust).fit()
    found = answer(monthly(y), robust=robust)
    assert column(found, "trend") == pytest.approx(wanted.trend)
    assert column(found, "season") == pytest.approx(wanted.seasonal, abs=1e-9)
    assert column(found, "remainder") == pytest.approx(wanted.resid, abs=1e-9)


def test_several_seasons_are_those_of_mstl_of_statsmodels():
    # Which is tested there against R's forecast::mstl.
    y = wave(300) + 3 * np.cos(2 * np.pi * np.arange(300) / 28)
    wanted = MSTL(y, periods=(12, 28), windows=(11, 15)).fit()
    found = answer(monthly(y), periods=[28, 12])
    assert [found["periods"], found["seasonal_windows"]] == [[12, 28], [11, 15]]
    assert column(found, "trend") == pytest.approx(wanted.trend)
    for season, one in zip(found["seasons"], wanted.seasonal.T, strict=True):
        assert season["values"] == pytest.approx(one, abs=1e-9)


def test_windows_are_those_that_are_asked_for():
    y = wave(240)
    wanted = STL(y, period=12, seasonal=35, trend=49).fit()
    found = answer(monthly(y), seasonal_window=35, trend_window=49)
    assert column(found, "trend") == pytest.approx(wanted.trend)
    assert [found["seasonal_windows"], found["trend_window"]] == [[35], 49]


def test_places_between_which_wide_smoothers_are_interpolated_change_nothing_to_be_seen():
    y = wave(1150, period=365)
    wanted = STL(y, period=365, seasonal=11).fit()
    found = answer(daily(y), step="day")
    assert column(found, "trend") == pytest.approx(wanted.trend, abs=0.001)
    assert column(found, "season") == pytest.approx(wanted.seasonal, abs=0.001)


def test_strengths_are_those_of_hyndman_and_athanasopoulos():
    found = answer(monthly(wave(240)))
    trend, season, rest = (column(found, name) for name in ("trend", "season", "remainder"))
    assert found["strength"]["trend"] == pytest.approx(1 - np.var(rest) / np.var(trend + rest))
    assert found["strength"]["seasons"] == [pytest.approx(1 - np.var(rest) / np.var(season + rest))]


def test_carbon_dioxide_at_mauna_loa_has_a_strong_trend_and_season():
    table = sm.datasets.co2.load_pandas().data["co2"]["1965":].dropna()
    stamps = table.index.to_numpy().astype("datetime64[us]")
    found = answer(Series("co2", "ppm", "MLO", stamps, table.to_numpy(float), interval="P7D"))
    assert found["strength"]["trend"] > 0.999
    assert found["strength"]["seasons"][0] > 0.97
    season = column(found, "season")[: 36 * 12].reshape(-1, 12)
    # Highest in May, lowest in September and October (Keeling 1960).
    assert set(np.nanargmax(season, axis=1)) == {4}
    assert set(np.nanargmin(season, axis=1)) <= {8, 9}
    assert found["missing_periods"] > 0


def test_noise_has_no_season():
    noise = np.random.default_rng(2).normal(size=600)
    found = answer(monthly(noise), seasonal_window=999)
    assert found["strength"]["seasons"][0] < 0.2


def test_one_value_that_stands_out_bends_a_robust_fit_less():
    y = wave(240)
    bent = y.copy()
    bent[100] += 60
    moved = [
        np.abs(
            column(answer(monthly(bent), robust=robust), "trend")
            - column(answer(monthly(y), robust=robust), "trend")
        ).max()
        for robust in (False, True)
    ]
    assert moved[1] < 0.1 * moved[0]


def test_a_short_gap_is_bridged_for_the_fit_and_null_in_the_result():
    y = wave(240)
    kept = np.delete(np.arange(240), [50, 51, 120])
    found = answer(monthly(y, kept=kept))
    assert [found["n"], found["n_periods"], found["missing_periods"]] == [237, 237, 3]
    for name in ("values", "trend", "season", "remainder"):
        assert np.flatnonzero(np.isnan(column(found, name))).tolist() == [50, 51, 120]
    whole = column(answer(monthly(y)), "trend")
    assert np.nanmax(np.abs(column(found, "trend") - whole)) < 0.5


def test_a_gap_in_a_pure_season_on_a_line_is_bridged_without_a_trace():
    at = np.arange(120)
    y = np.tile(np.arange(12.0), 10)
    gappy = y.copy()
    gappy[[0, 1, 30, 31, 32, 119]] = np.nan
    assert bridged(gappy, 12) == pytest.approx(y)
    assert bridged(y + at, 12) == pytest.approx(y + at)


@pytest.mark.parametrize(
    ("gone", "parameters", "words"),
    [
        (range(100, 104), {}, "longest gap has 4 months, and at most 3"),
        (range(100, 101), {"max_gap": 0}, "longest gap has 1 months"),
        (range(5, 235, 8), {}, "12.1% of all months are missing, more than 10.0%"),
        (range(6, 240, 12), {}, "One month of the season is missing in every season."),
    ],
)
def test_what_misses_too_much_is_refused_with_a_reason(gone, parameters, words):
    kept = np.setdiff1d(np.arange(240), list(gone))
    found = answer(monthly(wave(240), kept=kept), **parameters)
    assert words in found["reason"]
    assert found["trend"] == found["seasons"] == []
    assert found["strength"] == {"trend": None, "seasons": None}


def test_a_longer_gap_is_bridged_where_it_is_allowed():
    kept = np.delete(np.arange(240), slice(100, 110))
    found = answer(monthly(wave(240), kept=kept), max_gap=10)
    assert [found["reason"], found["missing_periods"]] == [None, 10]


def test_a_month_with_too_few_days_is_missing_and_the_ends_are_cut():
    series = daily(wave(1500), start="2001-01-20")
    days = series.timestamps.astype("datetime64[D]")
    kept = (days < np.datetime64("2002-05-10")) | (days >= np.datetime64("2002-05-31"))
    found = answer(replace(series, timestamps=days[kept], values=series.values[kept]))
    assert found["timestamps"][0] == "2001-02-01T00:00:00Z"
    assert found["timestamps"][-1] == "2005-01-01T00:00:00Z"
    assert found["trend"][15] is None
    assert found["missing_periods"] == 1
    assert found["start"] == "2001-02-01T00:00:00Z"


def test_29_february_is_left_out_where_the_year_is_the_only_season():
    found = answer(daily(wave(4 * 365 + 1, period=365)), step="day")
    place = found["timestamps"].index("2004-02-29T00:00:00Z")
    assert [found[name][place] for name in ("values", "trend", "remainder")] == [None] * 3
    assert [found["leap_days"], found["missing_periods"]] == [1, 0]
    week = answer(daily(wave(4 * 365 + 1, period=365)), step="day", periods=[7, 365])
    assert week["leap_days"] == 0
    assert week["trend"][place] is not None


@pytest.mark.parametrize("count", [0, 1, 2, 11, 24])
@pytest.mark.parametrize("step", ["month", "day"])
@pytest.mark.parametrize("interval", ["P1M", "P1D", "PT1H", "P1Y", ""])
def test_too_little_has_no_parts_and_a_reason(count, step, interval):
    found = answer(replace(monthly(wave(count)), interval=interval), step=step)
    assert found["reason"].endswith(".")
    assert found["timestamps"] == []


def test_25_months_are_enough():
    assert answer(monthly(wave(25)))["reason"] is None


def test_equal_values_have_nothing_to_decompose():
    assert "equal" in answer(monthly(np.full(100, 3.0)))["reason"]


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_huge_and_tiny_values_have_their_parts(scale):
    found = answer(monthly(scale * wave(120)))
    whole = column(found, "trend") + column(found, "season") + column(found, "remainder")
    assert whole == pytest.approx(column(found, "values"), rel=1e-9, abs=0)


def test_more_than_100_000_days_are_refused():
    found = answer(daily(np.arange(100_001.0), start="1700-01-01"), step="day", periods=[365])
    assert "at most 100000" in found["reason"]


@LAWS
@given(st.integers(0, 1000), st.sets(st.integers(1, 118), max_size=6), st.booleans())
def test_the_parts_add_up_to_the_values(seed, gone, robust):
    kept = np.setdiff1d(np.arange(120), list(gone))
    found = answer(monthly(wave(120, seed), kept=kept), robust=robust, max_gap=12)
    whole = column(found, "trend") + column(found, "season") + column(found, "remainder")
    assert whole == pytest.approx(column(found, "values"), nan_ok=True)


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1000, 1000))
def test_the_parts_follow_the_unit_and_only_the_trend_sees_the_zero(seed, scale, shift):
    series = monthly(wave(60, seed))
    before = answer(series)
    after = answer(replace(series, values=series.values * scale + shift))
    for name, level in (("trend", shift), ("season", 0), ("remainder", 0)):
        wanted = column(before, name) * scale + level
        assert column(after, name) == pytest.approx(wanted, abs=1e-6 * scale)
    assert after["strength"]["trend"] == pytest.approx(before["strength"]["trend"], abs=1e-6)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"periods": [0]}, "periods"),
        ({"periods": [1]}, "periods"),
        ({"periods": [10**9]}, "periods"),
        ({"periods": []}, "periods"),
        ({"periods": [12, 12]}, "periods"),
        ({"periods": [2, 3, 4, 5]}, "periods"),
        ({"periods": [1.5]}, "periods"),
        ({"seasonal_window": 12}, "seasonal_window"),
        ({"seasonal_window": 10**9 + 1}, "seasonal_window"),
        ({"trend_window": 24}, "trend_window"),
        ({"trend_window": 11}, "trend_window"),
        ({"trend_window": 21, "step": "day"}, "trend_window"),
        ({"trend_window": 10**9 + 1}, "trend_window"),
        ({"max_gap": -1}, "max_gap"),
        ({"max_missing": 0.9}, "max_missing"),
        ({"robust": "yes"}, "robust"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(given, wrong):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["decomposition"], {"variable": "T"} | given)
    assert list(caught.value.details) == [wrong]


def test_parameters_are_taken_as_declared():
    given = {"variable": "T", "step": "day", "periods": [7, 365], "trend_window": 731}
    method = analyses["decomposition"]
    checked = method.own(check(method, given))
    assert answer(daily(wave(1000)), **checked)["trend_window"] == 731


def test_the_values_that_are_fitted_are_told():
    series = daily(wave(4 * 365 + 1))
    found = explain(series, ("trend", 5), step="day")
    assert np.bincount(found.codes).tolist() == [1460, 0, 1]
    cut = explain(daily(wave(1500), start="2001-01-20"), ("remainder", 0), robust=True)
    assert (cut.codes == 0).sum() == decomposition(daily(wave(1500), start="2001-01-20"))["n"]
    assert cut.reasons[1].startswith("Its month is not complete")
    assert explain(daily([]), ()).codes.size == 0


@pytest.mark.slow
def test_27_years_of_days_take_under_two_seconds():
    series = daily(wave(10_000, period=365))
    assert_within(2, lambda: seconds_of(lambda: answer(series, step="day")))
