"""Trends by season and month, and the seasonal Kendall test, against pymannkendall and by hand."""

import itertools
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.seasonal_trend import covariances_of
from analyses.methods.trend import explain, trend
from analyses.registry import analyses
from datasets.series import Series

LAWS = settings(max_examples=10, deadline=None, database=None)
WAYS = analyses["trend"].parameters["autocorrelation"]["enum"]


def monthly(values, *, start="1980-01", kept=slice(None)):
    stamps = (np.datetime64(start, "M") + np.arange(len(values))).astype("datetime64[us]")
    return Series(
        "TAVG", "degC", "X", stamps[kept], np.asarray(values, float)[kept], interval="P1M"
    )


def daily(start, end, *, seed=1, slope=0.0):
    stamps = np.arange(start, end, dtype="datetime64[D]").astype("datetime64[us]")
    days = np.arange(stamps.size)
    noise = np.random.default_rng(seed).normal(size=stamps.size)
    return Series("TAVG", "degC", "X", stamps, noise + slope * days / 365.2425, interval="P1D")


def walk(n, seed, *, ar=0.0, slope=0.0):
    noise = np.random.default_rng(seed).normal(size=n)
    for place in range(1, n):
        noise[place] += ar * noise[place - 1]
    return noise + slope * np.arange(n)


def answer(series, **parameters):
    result = trend(series, **parameters)
    json.dumps(result, allow_nan=False)
    return result["seasonal"]


@pytest.mark.parametrize("decimals", [15, 0])
@pytest.mark.parametrize("missing", [0, 50])
def test_the_seasonal_test_and_slope_are_those_of_pymannkendall(decimals, missing):
    values = np.round(walk(240, 3, ar=0.3, slope=0.004), decimals)
    gone = np.random.default_rng(2).choice(240, missing, replace=False)
    table = values.copy()
    table[gone] = np.nan
    wanted = pymannkendall.seasonal_test(table, period=12)
    found = answer(monthly(values, kept=np.isfinite(table)), by="month", autocorrelation="none")
    test = found["mann_kendall"]
    assert [test["s"], found["n"]] == [wanted.s, 240 - missing]
    assert [test[name] for name in ("variance", "z", "p", "tau")] == pytest.approx(
        [wanted.var_s, wanted.z, wanted.p, wanted.Tau]
    )
    # Its slope is per cycle of twelve months: per year.
    assert found["theil_sen"]["per_year"] == pytest.approx(wanted.slope)
    assert [test["factor"], test["corrected_p"]] == [1, test["p"]]


@pytest.mark.parametrize("decimals", [15, 1])
def test_the_corrected_variance_is_that_of_the_correlated_test_of_pymannkendall(decimals):
    values = np.round(walk(360, 5, ar=0.6), decimals)
    wanted = pymannkendall.correlated_seasonal_test(values, period=12)
    found = answer(monthly(values), by="month")["mann_kendall"]
    assert found["corrected_variance"] == pytest.approx(wanted.var_s)
    assert found["factor"] > 1.5
    # Without the step towards zero that is made here for continuity.
    s, variance = found["s"], found["corrected_variance"]
    assert found["corrected_z"] == pytest.approx((abs(s) - 1) / variance**0.5 * np.sign(s))


def test_covariances_with_missing_years_are_those_of_hirsch_and_slack_by_hand():
    table = np.round(np.random.default_rng(4).normal(size=(9, 2)), 1)
    table[[2, 5], [0, 1]] = np.nan

    def sign(i, j, column):
        step = table[j, column] - table[i, column]
        return 0 if np.isnan(step) else np.sign(step)

    pairs = list(itertools.combinations(range(9), 2))
    k = sum(sign(i, j, 0) * sign(i, j, 1) for i, j in pairs)
    n = np.isfinite(table).sum(axis=0)
    ranks: Any = [
        [(n[c] + 1 + sum(sign(j, i, c) for j in range(9))) / 2 for i in range(9)] for c in (0, 1)
    ]
    wanted = (k + 4 * np.dot(*ranks) - 9 * (n[0] + 1) * (n[1] + 1)) / 3
    assert covariances_of(table)[0, 1] == pytest.approx(wanted)


def test_the_trend_of_one_month_is_that_of_its_values_alone():
    values = walk(30 * 12, 6, ar=0.4, slope=0.01)
    july = values[6::12]
    wanted = pymannkendall.original_test(july)
    found = answer(monthly(values), by="month", autocorrelation="none")["seasons"][6]
    assert [found["season"], found["n"]] == ["07", 30]
    assert found["theil_sen"]["per_year"] == pytest.approx(wanted.slope)
    assert found["mann_kendall"]["p"] == pytest.approx(wanted.p)


def test_winter_belongs_to_the_year_of_its_january_and_needs_its_december():
    series = daily("2001-01-01", "2011-12-01")
    found = answer(series, by="season")["seasons"]
    assert [one["season"] for one in found] == ["DJF", "MAM", "JJA", "SON"]
    assert [one["n"] for one in found] == [10, 11, 11, 11]


def test_a_season_that_warms_alone_is_told_and_is_not_like_the_others():
    series = daily("1981-01-01", "2011-01-01")
    months = series.timestamps.astype("datetime64[M]").astype(int) % 12
    years = series.timestamps.astype("datetime64[Y]").astype(int)
    summer = np.isin(months, [5, 6, 7])
    found = answer(replace(series, values=series.values + 0.1 * years * summer), by="season")
    slopes = [one["theil_sen"]["per_decade"] for one in found["seasons"]]
    assert slopes[2] == pytest.approx(1, abs=0.1)
    assert max(map(abs, np.delete(slopes, 2))) < 0.2
    assert found["homogeneity"]["p"] < 1e-3
    assert found["homogeneity"]["degrees"] == 3


def test_homogeneity_is_the_chi_square_of_van_belle_and_hughes():
    # Their total, the sum of the squares of Z, less that of the trend: seasons × mean of Z².
    values = walk(20 * 12, 8)
    z = [
        one.s / one.var_s**0.5 for one in map(pymannkendall.original_test, values.reshape(20, 12).T)
    ]
    found = answer(monthly(values), by="month")["homogeneity"]
    assert found["chi_squared"] == pytest.approx(np.square(z).sum() - 12 * np.mean(z) ** 2)


@pytest.mark.parametrize("way", WAYS)
def test_each_correction_is_made_within_each_season_too(way):
    found = answer(monthly(walk(12 * 40, 2, ar=0.9)), by="season", autocorrelation=way)
    for one in [found, *found["seasons"]]:
        assert one["mann_kendall"]["corrected_p"] >= one["mann_kendall"]["p"] or way.startswith("t")
        slope = one["theil_sen"]
        width = slope["per_year_upper"] - slope["per_year_lower"]
        wide = slope["corrected_per_year_upper"] - slope["corrected_per_year_lower"]
        assert wide >= width * 0.9


def test_nothing_is_added_where_it_is_not_asked_for():
    assert answer(monthly(walk(240, 1))) is None


@pytest.mark.parametrize("count", [0, 1, 2, 13, 25])
@pytest.mark.parametrize("by", ["season", "month"])
@pytest.mark.parametrize("interval", ["P1M", ""])
def test_what_is_too_short_says_why(count, by, interval):
    series = replace(monthly(walk(count, 1)), interval=interval)
    found = answer(series, by=by)
    if found["reason"] is None:
        assert {one["reason"] is None for one in found["seasons"]} == {True, False}
    else:
        assert found["mann_kendall"] is found["theil_sen"] is None
        assert found["reason"].endswith(".")


def test_equal_values_have_no_trend_in_any_season():
    found = answer(monthly(np.tile(np.arange(12.0), 10)), by="month")
    assert found["seasons"] == []
    assert found["reason"] == (
        "All values of each season or month are equal, so there is no trend to test."
    )


def test_a_month_that_is_always_dry_has_no_trend_and_the_others_have():
    values = walk(240, 4)
    values[6::12] = 0
    found = answer(monthly(values), by="month")
    assert found["seasons"][6]["theil_sen"] is None
    assert "equal" in found["seasons"][6]["reason"]
    assert found["homogeneity"]["degrees"] == 10


def test_values_further_apart_than_a_season_have_none():
    stamps = np.arange("1900", "2000", dtype="datetime64[Y]").astype("datetime64[us]")
    found = answer(Series("T", "K", "X", stamps, walk(100, 1), interval="P1Y"), by="season")
    # They stand in January, so winters have them; what says how often is their interval.
    assert [one["n"] for one in found["seasons"]] == [100, 0, 0, 0]


def test_huge_values_give_no_number_that_is_not_one():
    answer(monthly(1e300 * walk(240, 1)), by="month")


def test_a_series_of_a_thousand_years_and_more_is_refused():
    found = answer(monthly(np.arange(12_012.0), start="0900-01"), by="month")
    assert found["reason"] == "The series spans more than 1000 years."


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1000, 1000))
def test_it_follows_the_unit_and_does_not_see_the_zero(seed, scale, shift):
    series = monthly(np.round(walk(120, seed), 2))
    before = answer(series, by="season")
    after = answer(replace(series, values=series.values * scale + shift), by="season")
    assert after["theil_sen"]["per_year"] == pytest.approx(
        before["theil_sen"]["per_year"] * scale, abs=1e-9
    )


@LAWS
@given(st.integers(0, 1000), st.integers(0, 11))
def test_a_level_of_its_own_for_each_month_changes_nothing(seed, shift):
    values = walk(120, seed)
    levels = 10 * np.roll(np.arange(12.0), shift)
    before = answer(monthly(values), by="month")
    after = answer(monthly(values + np.tile(levels, 10)), by="month")
    assert after["mann_kendall"] == before["mann_kendall"]


def test_the_values_behind_each_number_are_told():
    series = daily("2001-01-01", "2011-12-01")
    whole = explain(series, ("theil_sen", "per_year"), step="year")
    assert (whole.codes == 0).sum() == trend(series, step="year")["n_values"]
    assert whole.reasons[1].startswith("Its year is not complete")
    all_seasons = explain(series, ("seasonal", "mann_kendall", "p"), by="season")
    assert (all_seasons.codes == 0).sum() == trend(series, by="season")["seasonal"]["n_values"]
    winter = explain(series, ("seasonal", "seasons", 0, "theil_sen"), by="season")
    months = series.timestamps.astype("datetime64[M]").astype(int) % 12
    assert set(months[winter.codes == 0]) == {11, 0, 1}
    assert (winter.codes == 1).sum() == 59
    assert set(months[winter.codes == 2]) == set(range(2, 11))


def test_each_code_is_a_place_among_the_reasons():
    none = monthly([])
    for series in (none, monthly(walk(30, 1))):
        by: Any
        for by, path in itertools.product(("none", "month"), ((), ("seasonal", "seasons", 3))):
            found = explain(series, path, by=by, step="month")
            assert found.codes.size == series.values.size
            assert found.codes.max(initial=0) < len(found.reasons)
