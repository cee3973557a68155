"""Summaries against NIST, scipy and pandas."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis, skew

from analyses.methods.summary import explain, summary
from analyses.registry import analyses as registry
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


# NIST Statistical Reference Datasets, Mavro: the last two digits of 2.00… in hundred-thousandths.
MAVRO_TEXT = """
180 170 180 190 180 170 150 140 150 150 170 180 180 190 190 210 200 160 140 130 130 150 150 160 150
140 130 140 150 140 150 160 150 160 190 200 200 210 220 230 240 250 270 260 260 260 270 260 250 240
"""


# The same, Michelso: speed of light, hundredths above 299 (thousand kilometres a second).
MICHELSON_TEXT = """
85 74 90 107 93 85 95 98 98 88 100 98 93 65 76 81 100 100 96 96 96 94 96 94 88 80 85 88 90 84 83 79
81 88 88 83 80 79 76 80 88 88 88 86 72 72 62 86 97 95 88 91 85 87 84 84 85 84 84 84 89 81 81 82 80
77 76 74 75 76 91 92 89 86 88 72 84 85 85 78 89 84 78 81 76 81 79 81 82 85 87 87 81 74 81 94 95 80
81 87
"""


@pytest.mark.parametrize(
    ("values", "mean", "std"),
    [
        (2 + np.array(MAVRO_TEXT.split(), float) / 1e5, 2.001856, 0.000429123454003053),
        (299 + np.array(MICHELSON_TEXT.split(), float) / 100, 299.8524, 0.0790105478190518),
    ],
    ids=["Mavro", "Michelso"],
)
def test_observed_data_give_the_certified_values_of_nist(values, mean, std):
    result = answer(series(values))
    assert result["mean"] == pytest.approx(mean, rel=1e-14)
    assert result["std"] == pytest.approx(std, rel=1e-11)


@LAWS
@given(st.lists(FINITE, min_size=4, max_size=60))
def test_numbers_are_those_of_pandas_and_scipy(values):
    result, table = answer(series(values)), pd.Series(values)
    assert result["std"] == pytest.approx(table.std(), abs=1e-9)
    shares = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
    shares["p99"] = 0.99
    for name, share in shares.items():
        assert result[name] == pytest.approx(table.quantile(share), abs=1e-9)
    if np.ptp(values) > 1:
        assert result["skewness"] == pytest.approx(skew(values), abs=1e-6)
        assert result["kurtosis"] == pytest.approx(kurtosis(values), abs=1e-6)


@LAWS
@given(st.lists(FINITE, min_size=1, max_size=40))
def test_percentiles_are_in_order_between_the_extremes(values):
    result = answer(series(values))
    names = ("p01", "p05", "p25", "median", "p75", "p95", "p99")
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


@LAWS
@given(st.lists(FINITE, max_size=40))
def test_records_are_those_of_pandas_the_earliest_of_equal_ones_first(values):
    result, table = answer(series(values)), pd.Series(values, dtype=float)
    days = np.datetime64("2001-01-01") + np.arange(len(values))
    for name, theirs in (("highest", table.nlargest(5)), ("lowest", table.nsmallest(5))):
        assert [one["value"] for one in result[name]] == theirs.to_list()
        assert [one["timestamp"][:10] for one in result[name]] == [
            str(days[place]) for place in theirs.index
        ]
    if values:
        assert [result["highest"][0], result["lowest"][0]] == [result["max"], result["min"]]


def test_each_month_of_the_year_has_its_records():
    stamps = np.datetime64("2001-01-15") + np.arange(800)
    values = np.random.default_rng(1).normal(size=800).round(2)
    result = answer(series(values, stamps))["records_by_month"]
    table = pd.Series(values, index=pd.DatetimeIndex(stamps))
    groups = table.groupby(table.index.month)
    assert [one["month"] for one in result] == list(range(1, 13))
    assert [one["n"] for one in result] == groups.size().to_list()
    for name, value, at in (
        ("highest", groups.max(), groups.idxmax()),
        ("lowest", groups.min(), groups.idxmin()),
    ):
        assert [one[name]["value"] for one in result] == value.to_list()
        assert [one[name]["timestamp"] for one in result] == [
            f"{moment.date()}T00:00:00Z" for moment in at
        ]


def test_a_month_without_values_has_no_records():
    result = answer(series([1.0, 2.0]))["records_by_month"]
    assert result[0]["highest"] == {"value": 2.0, "timestamp": "2001-01-02T00:00:00Z"}
    assert result[6] == {"month": 7, "n": 0, "highest": None, "lowest": None}


def test_values_left_out_are_counted_by_their_flag():
    some = replace(series([1.0, 2.0]), left_out=3)
    assert answer(some)["left_out_by_flag"] == {"failed": 3}


def test_the_values_behind_a_record_are_those_of_its_month():
    some = series(np.arange(60.0))
    found = explain(some, ("records_by_month", 1, "highest", "value"))
    assert int((found.codes == 0).sum()) == 28
    assert found.reasons[found.codes[0]] == "It is of another month."
    assert not explain(some, ("mean",)).codes.any()


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
    assert result["highest"] == result["lowest"] == []


@pytest.mark.parametrize("interval", ["P1D", ""])
def test_one_value_has_no_spread(interval):
    result = answer(series([4.5], interval=interval))
    assert [result["mean"], result["median"], result["std"]] == [4.5, 4.5, None]
    assert "2 values" in result["reason"]


@pytest.mark.parametrize("value", [3.0, 0.1, 0.0])
def test_equal_values_have_no_shape(value):
    result = answer(series([value] * 7))
    assert result["std"] == pytest.approx(0, abs=1e-16)
    assert result["skewness"] is result["kurtosis"] is None
    assert result["reason"] == "Equal values have neither skewness nor kurtosis."


def test_two_values_have_a_spread_and_no_shape():
    result = answer(series([3.0, 4.0]))
    assert [result["mean"], result["skewness"], result["kurtosis"]] == [3.5, None, None]
    assert "at least 3 values" in result["reason"]


def test_two_values_have_a_deviation_and_no_shape():
    result = answer(series([1.0, 3.0]))
    assert result["std"] == pytest.approx(2**0.5)
    assert result["skewness"] is None


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200, 1e307])
def test_huge_and_tiny_values_have_the_moments_of_others(scale):
    values = np.array([1.0, 3.0, 4.0, 8.0, 9.0])
    usual, result = answer(series(values)), answer(series(values * scale))
    assert result["mean"] == pytest.approx(usual["mean"] * scale)
    assert result["std"] == pytest.approx(usual["std"] * scale, rel=1e-3)
    for name in ("skewness", "kurtosis"):
        assert result[name] == pytest.approx(usual[name], abs=1e-3)


def test_what_is_too_large_for_a_number_is_none():
    assert answer(series([1.7e308, -1.7e308]))["std"] is None


def test_a_direction_has_no_mean_on_a_line():
    north = replace(series(np.resize([350.0, 10.0], 100)), standard_name="wind_from_direction")
    result = summary(north)
    assert [result[name] for name in ("mean", "std", "median", "p95")] == [None] * 4
    assert result["reason"].startswith("A direction turns round")
    assert (result["n"], result["min"]["value"], result["max"]["value"]) == (100, 10, 350)
    assert not any("180" in sentence for sentence in registry["summary"].words(result))
