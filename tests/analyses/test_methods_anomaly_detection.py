"""Anomalies that were planted, in the Nile, and in what is odd."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.anomaly_detection import anomaly_detection
from analyses.methods.spread import MAD_TO_STD
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.bare import printed

LAWS = settings(max_examples=5, deadline=None, database=None)
METHODS = ("seasonal_esd", "isolation_forest")


def series(values, *, start="1981-01-01", unit="D", interval="P1D", kept=None):
    stamps = (np.datetime64(start, unit) + np.arange(len(values))).astype("datetime64[us]")
    kept = np.ones(len(values), bool) if kept is None else kept
    values = np.asarray(values, float)
    return Series("TAVG", "degC", "X", stamps[kept], values[kept], interval=interval, left_out=3)


def weather(n, *, period=365.2425, seed=1):
    """Seasons, a rise of 0.4 degC a decade and noise of 1 degC."""
    time = np.arange(n)
    noise = np.random.default_rng(seed).normal(size=n)
    return 12 + 9 * np.sin(2 * np.pi * time / period) + 0.04 * time / period + noise


def monthly(n=480, **planted):
    values = weather(n, period=12)
    for place, size in planted.items():
        values[int(place[1:])] += size
    return series(values, start="1981-01", unit="M", interval="P1M")


def answer(some, **parameters):
    result = anomaly_detection(some, **parameters)
    json.dumps(result, allow_nan=False)
    assert len(result["anomalies"]) == result["n_anomalies"] == result["n_high"] + result["n_low"]
    return result


def stamps_of(result):
    return [row["timestamp"][:10] for row in result["anomalies"]]


@pytest.mark.parametrize("seasonal", ["medians", "stl"])
def test_what_was_planted_in_days_is_found_and_nothing_else(seasonal):
    values = weather(11_000)
    values[[3000, 3001, 7000]] += [8, 8, -9]
    result = answer(series(values), seasonal=seasonal)
    assert stamps_of(result) == ["1989-03-20", "1989-03-21", "2000-03-02"]
    assert [row["direction"] for row in result["anomalies"]] == ["high", "high", "low"]
    assert [result["n_high"], result["n_low"], result["step"]] == [2, 1, "day"]
    assert result["spread"] == pytest.approx(1, rel=0.03)
    for row in result["anomalies"]:
        place = (date.fromisoformat(row["timestamp"][:10]) - date(1981, 1, 1)).days
        assert row["value"] == values[place]
        assert row["expected"] == pytest.approx(weather(11_000)[place], abs=3)
        assert row["score"] == pytest.approx(abs(row["value"] - row["expected"]), abs=0.3)


@pytest.mark.parametrize("seasonal", ["medians", "stl"])
def test_what_was_planted_in_months_is_found(seasonal):
    result = answer(monthly(p100=7, p300=-7), seasonal=seasonal)
    assert stamps_of(result) == ["1989-05-01", "2006-01-01"]


def test_the_score_is_the_robust_distance_when_it_was_found():
    some = monthly(p100=7)
    result = answer(some)
    (row,) = result["anomalies"]
    # The first candidate of the test is compared with all values.
    assert row["score"] == pytest.approx(
        abs(row["value"] - row["expected"]) / result["spread"], 0.03
    )


def test_noise_alone_has_hardly_any_anomalies():
    found = [
        answer(series(weather(480, period=12, seed=seed), unit="M", start="1981-01"))["n_anomalies"]
        for seed in range(20)
    ]
    # At 5 % about one of twenty series has any; the robust spread is a little less sure.
    assert sum(count > 0 for count in found) <= 4


def test_the_nile_was_unusually_low_in_1913():
    # Durbin and Koopman 2012, Time Series Analysis by State Space Methods, section 2.12 and figure
    # 2.8: of the annual flow of the Nile, 1913 is the outlier.
    flow = sm.datasets.nile.load_pandas().data["volume"].to_numpy()
    some = series(flow, start="1871", unit="Y", interval="P1Y")
    assert stamps_of(answer(some)) == ["1913-01-01"]
    forest = answer(some, method="isolation_forest", min_score=0.6)["anomalies"]
    assert max(forest, key=lambda row: row["score"])["timestamp"] == "1913-01-01T00:00:00Z"


@pytest.mark.parametrize("seasonal", ["medians", "stl"])
def test_the_sea_off_peru_was_unusually_warm_in_the_strongest_el_ninos(seasonal):
    # Of 1950 to 2010 the Oceanic Niño Index of NOAA's Climate Prediction Center reached 2.0 in the
    # winters of 1972/73, 1982/83 and 1997/98 only.
    table = sm.datasets.elnino.load_pandas().data.iloc[:, 1:].to_numpy()
    some = series(table.ravel(), start="1950-01", unit="M", interval="P1M")
    result = answer(some, seasonal=seasonal)
    assert {stamp[:4] for stamp in stamps_of(result)} == {"1972", "1983", "1997", "1998"}
    assert result["n_high"] == result["n_anomalies"] >= 10


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("direction", ["high", "low"])
def test_one_direction_can_be_asked_for(method, direction):
    result = answer(monthly(p100=9, p300=-9), method=method, direction=direction)
    assert {row["direction"] for row in result["anomalies"]} == {direction}
    assert result["n_anomalies"] >= 1


def test_the_forest_gives_what_was_planted_the_highest_scores():
    result = answer(monthly(p100=9, p300=-9), method="isolation_forest")
    best = sorted(result["anomalies"], key=lambda row: -row["score"])[:2]
    assert {row["timestamp"][:7] for row in best} == {"1989-05", "2006-01"}
    assert all(0.7 <= row["score"] <= 1 for row in result["anomalies"])


def test_the_forest_is_the_same_for_the_same_seed():
    some = monthly(p100=9)
    first = answer(some, method="isolation_forest", seed=7)
    assert answer(some, method="isolation_forest", seed=7) == first
    assert answer(some, method="isolation_forest", seed=8) != first


@pytest.mark.parametrize("method", METHODS)
def test_there_are_never_more_than_were_allowed(method):
    values = weather(480, period=12)
    values[::10] += 15
    some = series(values, start="1981-01", unit="M", interval="P1M")
    result = answer(some, method=method, max_share=0.01, min_score=0.5)
    assert result["n_anomalies"] == result["max_anomalies"] == 4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seasonal", ["medians", "stl"])
def test_gaps_are_neither_filled_nor_found(method, seasonal):
    values = weather(480, period=12)
    values[100] += 9
    kept = np.ones(480, bool)
    kept[[50, 99, *range(200, 220)]] = False
    some = series(values, start="1981-01", unit="M", interval="P1M", kept=kept)
    result = answer(some, method=method, seasonal=seasonal)
    assert "1989-05-01" in stamps_of(result)
    assert [result["n_periods"], result["missing_periods"]] == [458, 22]
    there = set(np.datetime_as_string(some.timestamps, unit="D").tolist())
    assert set(stamps_of(result)) <= there


def test_a_month_with_too_few_days_is_not_judged():
    values = weather(3652)
    kept = np.ones(3652, bool)
    kept[:20] = kept[980:995] = False
    result = answer(series(values, kept=kept), step="month")
    # Counted from the first complete month on.
    assert [result["n_periods"], result["missing_periods"]] == [118, 1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 1, 2, 35])
@pytest.mark.parametrize("interval", ["P1M", ""])
def test_too_little_has_no_anomalies_and_a_reason(method, count, interval):
    some = replace(monthly(count), interval=interval)
    result = answer(some, method=method, step="month")
    assert result["reason"].endswith(".")
    assert [result["n_anomalies"], result["spread"]] == [0, None]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", ["day", "month", "year"])
@pytest.mark.parametrize("level", [0.0, 0.1, -273.15])
def test_equal_values_have_no_anomalies_and_a_reason(method, step, level):
    result = answer(series(np.full(4000, level)), method=method, step=step)
    assert "just as expected" in result["reason"]


def test_a_dry_place_has_no_spread():
    rain = np.where(np.arange(4000) % 9, 0.0, 5.0)
    assert "just as expected" in answer(series(rain))["reason"]


def test_more_than_half_missing_has_a_reason():
    kept = np.random.default_rng(1).random(11_000) < 0.3
    assert "missing" in answer(series(weather(11_000), kept=kept))["reason"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seasonal", ["medians", "stl"])
@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_huge_and_tiny_values_give_no_number_that_is_not_one(method, seasonal, factor):
    some = monthly(p100=9)
    some = replace(some, values=some.values * factor)
    result = answer(some, method=method, seasonal=seasonal)
    assert "1989-05-01" in stamps_of(result) or result["reason"]


@LAWS
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-300, 300))
def test_neither_unit_nor_zero_changes_what_is_found(seed, scale, shift):
    values = weather(240, period=12, seed=seed)
    values[100] += 9
    some = series(values, start="1981-01", unit="M", interval="P1M")
    before, after = answer(some), answer(replace(some, values=scale * values + shift))
    assert stamps_of(after) == stamps_of(before)
    assert after["spread"] == pytest.approx(scale * before["spread"])


def test_an_explanation_names_the_values_of_periods_that_count():
    kept = np.ones(3652, bool)
    kept[980:995] = False
    some = series(weather(3652), kept=kept)
    method = analyses["anomaly_detection"]
    own = method.own(check(method, {"variable": "T", "step": "month"}))
    assert method.explain is not None
    told = method.explain(some, ("spread",), **own)
    month = some.timestamps.astype("datetime64[M]") == np.datetime64("1983-09")
    assert (told.codes == 1).tolist() == month.tolist()
    assert "too few or far too many values" in told.reasons[1]


def test_mad_to_std_is_that_of_a_normal_distribution():
    assert pytest.approx(0.6744897501960817) == 1 / MAD_TO_STD


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "magic"),
        ("step", "hour"),
        ("max_share", 0),
        ("max_share", 1),
        ("significance", 0),
        ("min_score", 2),
        ("seed", -1),
        ("seed", 10**12),
        ("seed", 1.5),
        ("direction", "up"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_name(name, value):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["anomaly_detection"], {"variable": "T", name: value})
    assert list(caught.value.details) == [name]


WITHOUT = """
assert anomaly_detection(some)["reason"] is None
try:
    anomaly_detection(some, method="isolation_forest")
except InvalidInputError as error:
    print(error.details["method"][0])
"""


@pytest.mark.slow
def test_without_scikit_learn_the_forest_says_what_to_install_and_the_test_works():
    assert printed("anomaly_detection", 2001, WITHOUT) == (
        "isolation_forest needs scikit-learn, which is not installed on this server; "
        "`pip install -r requirements/learning.txt` installs it.\n"
    )
