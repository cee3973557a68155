"""Summaries against NIST, scipy and pandas."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis, skew

from analyses.methods.summary import summary
from datasets.series import Series

LAWS = settings(max_examples=25, deadline=None, database=None)
FINITE = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


def series(values, stamps=None, interval="P1D"):
    if stamps is None:
        stamps = np.datetime64("2001-01-01") + np.arange(len(values))
    stamps = np.asarray(stamps, "datetime64[us]")
    return Series("RAIN", "mm", "X", stamps, np.asarray(values, float), interval=interval)


def answer(some):
    result = summary(some)
    json.dumps(result, allow_nan=False)
    return result


@pytest.mark.parametrize(
    ("values", "mean", "std"),
    [
        ([10000001, 10000003, 10000002], 10000002, 1),
        ([1.2, *[1.1, 1.3] * 500], 1.2, 0.1),
        ([1000000.2, *[1000000.1, 1000000.3] * 500], 1000000.2, 0.1),
        ([10000000.2, *[10000000.1, 10000000.3] * 500], 10000000.2, 0.1),
    ],
    ids=["NumAcc1", "NumAcc2", "NumAcc3", "NumAcc4"],
)
def test_mean_and_deviation_meet_the_certified_values_of_nist(values, mean, std):
    # NIST Statistical Reference Datasets, univariate summary statistics.
    result = answer(series(values))
    assert result["mean"] == pytest.approx(mean, rel=1e-14)
    assert result["std"] == pytest.approx(std, rel=1e-7)


@LAWS
@given(st.lists(FINITE, min_size=4, max_size=60))
def test_numbers_are_those_of_pandas_and_scipy(values):
    result, table = answer(series(values)), pd.Series(values)
    assert result["std"] == pytest.approx(table.std(), abs=1e-9)
    shares = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
    for name, share in shares.items():
        assert result[name] == pytest.approx(table.quantile(share), abs=1e-9)
    if np.ptp(values) > 1:
        assert result["skewness"] == pytest.approx(skew(values), abs=1e-6)
        assert result["kurtosis"] == pytest.approx(kurtosis(values), abs=1e-6)


@LAWS
@given(st.lists(FINITE, min_size=1, max_size=40))
def test_percentiles_are_in_order_between_the_extremes(values):
    result = answer(series(values))
    names = ("p05", "p25", "median", "p75", "p95")
    ordered = [result["min"]["value"], *(result[n] for n in names), result["max"]["value"]]
    assert all(low <= high + 1e-9 for low, high in pairwise(ordered))
    assert ordered[0] - 1e-9 <= result["mean"] <= ordered[-1] + 1e-9


@LAWS
@given(st.lists(FINITE, min_size=3, max_size=30), st.floats(0.1, 10), st.floats(-1e3, 1e3))
def test_a_change_of_unit_changes_mean_and_deviation_alike(values, scale, shift):
    before, after = answer(series(values)), answer(series(np.array(values) * scale + shift))
    assert after["mean"] == pytest.approx(before["mean"] * scale + shift, abs=1e-6)
    assert after["std"] == pytest.approx(before["std"] * scale, abs=1e-6)


def test_extremes_have_the_first_time_they_were_seen():
    result = answer(series([2, 5, 1, 5, 1]))
    assert result["max"] == {"value": 5.0, "timestamp": "2001-01-02T00:00:00Z"}
    assert result["min"] == {"value": 1.0, "timestamp": "2001-01-03T00:00:00Z"}
    assert result["first"]["value"] == 2
    assert result["last"] == {"value": 1.0, "timestamp": "2001-01-05T00:00:00Z"}


def test_a_gap_is_found_and_counted():
    result = answer(series([1, 2, 3, 4], ["2001-01-01", "2001-01-02", "2001-01-05", "2001-01-07"]))
    assert [result["expected"], result["completeness"]] == [7, pytest.approx(4 / 7)]
    assert result["longest_gap"] == {
        "start": "2001-01-02T00:00:00Z",
        "end": "2001-01-05T00:00:00Z",
        "seconds": 3 * 86_400.0,
        "missing": 2,
    }
    assert result["interval_source"] == "declared"


def test_months_and_years_are_counted_by_the_calendar():
    months = np.arange("2001-01", "2003-01", dtype="datetime64[M]")
    result = answer(series(np.arange(24.0), months, "P1M"))
    assert [result["expected"], result["completeness"], result["longest_gap"]] == [24, 1, None]
    result = answer(series([1, 2, 3], ["2001", "2002", "2005"], "P1Y"))
    assert [result["expected"], result["longest_gap"]["missing"]] == [5, 2]


def test_an_unknown_interval_is_inferred_and_said_to_be():
    result = answer(
        series([1, 2, 3, 4], np.datetime64("2001-01-01T00") + np.array([0, 6, 12, 24]), "")
    )
    assert [result["interval"], result["expected"]] == ["PT6H", 5]
    assert result["interval_source"] == "the most common spacing of the values"


def test_more_values_than_expected_are_complete():
    result = answer(series([1, 2, 3], np.datetime64("2001-01-01T00") + np.array([0, 6, 12])))
    assert result["completeness"] == 1


def test_nothing_has_no_numbers_and_a_reason():
    result = answer(series([]))
    names = ("first", "min", "mean", "std", "median", "skewness", "completeness", "start")
    assert {result[name] for name in names} == {None}
    assert [result["count"], result["n"], result["reason"]] == [0, 0, "There are no values."]


@pytest.mark.parametrize("interval", ["P1D", ""])
def test_one_value_has_no_spread(interval):
    result = answer(series([4.5], interval=interval))
    assert [result["mean"], result["median"], result["std"]] == [4.5, 4.5, None]
    assert "2 values" in result["reason"]


def test_equal_values_have_no_shape():
    result = answer(series([3.0] * 5))
    assert [result["std"], result["skewness"], result["kurtosis"]] == [0, None, None]


def test_two_values_have_a_deviation_and_no_shape():
    result = answer(series([1.0, 3.0]))
    assert result["std"] == pytest.approx(2**0.5)
    assert result["skewness"] is None


def test_huge_values_give_no_number_that_is_not_one():
    assert answer(series([1e308, -1e308, 1e308]))["std"] is None
