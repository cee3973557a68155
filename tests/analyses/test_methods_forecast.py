"""Forecasts with their back-tests: honest, whole, and with a reason where there is none."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from analyses.methods import progress
from analyses.methods.backtest import judge, origins_of, past_of, scale_of
from analyses.methods.forecast import forecast
from analyses.methods.forecasters import Fitted, Forecast, Plan
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.bare import printed
from tests.analyses.test_methods_forecasters import PASSENGERS

LAWS = settings(max_examples=3, deadline=None, database=None)
METHODS = ("seasonal_naive", "ets", "theta", "sarima", "gradient_boosting")
QUICK = ("seasonal_naive", "theta")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """As in the process that computes; small matrices gain nothing by more."""
    with threadpool_limits(1):
        yield


def series(values, *, start="1990-01", unit="M", interval="P1M", kept=None):
    stamps = (np.datetime64(start, unit) + np.arange(len(values))).astype("datetime64[us]")
    kept = np.ones(len(values), bool) if kept is None else kept
    values = np.asarray(values, float)
    return Series("TAVG", "degC", "X", stamps[kept], values[kept], interval=interval, left_out=3)


def weather(n=120, *, period=12, seed=1):
    time = np.arange(n)
    noise = np.random.default_rng(seed).normal(size=n)
    return 12 + 9 * np.sin(2 * np.pi * time / period) + noise


def answer(some, **parameters):
    result = forecast(some, **{"origins": 5, **parameters})
    json.dumps(result, allow_nan=False)
    if result["forecast"]:
        columns = [result["forecast"][name] for name in ("timestamps", "lower", "mean", "upper")]
        assert {len(column) for column in columns} == {result["horizon"]}
        assert all(low <= mean <= high for _, low, mean, high in zip(*columns, strict=True))
    else:
        assert result["reason"].endswith(".")
        assert result["method"] is None
    return result


def scores_of(result):
    return {row["method"]: row for row in result["backtest"]["methods"]}


@pytest.mark.parametrize(
    "method", [*QUICK, "ets", *(pytest.param(m, marks=pytest.mark.slow) for m in METHODS[3:])]
)
def test_each_method_forecasts_the_months_that_come(method):
    result = answer(series(weather()), method=method)
    assert [result["method"], result["reason"]] == [method, None]
    assert result["forecast"]["timestamps"][0] == "2000-01-01T00:00:00Z"
    assert result["forecast"]["timestamps"][-1] == "2000-12-01T00:00:00Z"
    wanted = 12 + 9 * np.sin(2 * np.pi * np.arange(120, 132) / 12)
    assert result["forecast"]["mean"] == pytest.approx(wanted.tolist(), abs=3.5)
    assert set(scores_of(result)) == {"seasonal_naive", method}
    assert result["measured_coverage"] == scores_of(result)[method]["coverage"]
    assert result["history"]["timestamps"][-1] == "1999-12-01T00:00:00Z"
    assert result["model"]["form"]


@pytest.mark.slow
def test_auto_takes_the_method_with_the_smallest_error():
    result = answer(series(weather(180)))
    rows = result["backtest"]["methods"]
    assert {row["method"] for row in rows} == set(METHODS)
    errors = [row["mae"] for row in rows]
    assert errors == sorted(errors)
    assert result["method"] == rows[0]["method"] != "seasonal_naive"
    assert rows[0]["skill"] > 0.2
    assert 0.8 <= result["measured_coverage"] <= 1


def test_passengers_are_forecast_as_by_box_and_jenkins():
    # R: exp(predict(arima(log(AirPassengers), c(0, 1, 1), list(order = c(0, 1, 1))), 12)$pred).
    some = series(PASSENGERS, start="1949-01")
    airline = {"order": [0, 1, 1], "seasonal_order": [0, 1, 1], "transform": "log"}
    result = answer(some, method="sarima", **airline)
    wanted = [
        450.4224, 425.7172, 479.0068, 492.4045, 509.0550, 583.3449,
        670.0108, 667.0776, 558.1894, 497.2078, 429.8720, 477.2426,
    ]  # fmt: skip
    assert result["forecast"]["mean"] == pytest.approx(wanted, rel=1e-5)
    assert result["model"]["form"] == "ARIMA(0,1,1)(0,1,1)[12]"
    assert result["model"]["parameters"]["ma.S.L12"] == pytest.approx(-0.5569, abs=1e-4)


def test_the_scores_of_seasonal_naive_are_those_of_its_definition():
    values = weather(100)
    result = answer(series(values), method="seasonal_naive", horizon=6, origins=7)
    places = origins_of(100, horizon=6, fewest=36, most=7)
    assert result["backtest"]["n_origins"] == places.size == 7
    errors = np.array([values[p - 12 : p - 6] - values[p : p + 6] for p in places])
    (row,) = result["backtest"]["methods"]
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert row["mae"] == pytest.approx(np.mean(np.abs(errors)))
    assert row["bias"] == pytest.approx(np.mean(errors))
    before = values[: places[0]]
    scale = np.mean(np.abs(before[12:] - before[:-12]))
    assert result["backtest"]["naive_error"] == pytest.approx(scale)
    assert row["mase"] == pytest.approx(np.mean(np.abs(errors)) / scale)
    assert [row["n"], row["skill"]] == [42, 0]
    by_horizon = [one["rmse"] for one in result["backtest"]["horizons"]]
    assert by_horizon == pytest.approx(np.sqrt(np.mean(errors**2, axis=0)).tolist())


def test_skill_compares_squares_of_errors_with_seasonal_naive():
    rows = scores_of(answer(series(weather()), method="theta"))
    ratio = (rows["theta"]["rmse"] / rows["seasonal_naive"]["rmse"]) ** 2
    assert rows["theta"]["skill"] == pytest.approx(1 - ratio)


def test_a_method_never_sees_what_it_is_judged_by():
    values, seen = np.arange(100.0), []

    def fit(known, plan):
        seen.append(known.size)

        def predict(known):
            seen.append(known.size)
            return Forecast(*np.full((3, plan.horizon), known[-1]))

        return Fitted(predict, "the last value")

    plan = Plan("month", 12, 6, 0.95)
    places = origins_of(100, horizon=6, fewest=36, most=5)
    past, scale = past_of(values, places, plan), scale_of(values, is_log=False)
    found = judge(fit, values, past=past, plan=plan, scale=scale, shares=(0, 1))
    assert seen == [places[0], *places]
    assert found.errors == pytest.approx(np.tile(-np.arange(1.0, 7.0), (5, 1)))
    assert not found.is_within.any()


def test_the_measured_coverage_of_noise_is_what_was_asked_for():
    noise = np.random.default_rng(4).normal(size=600)
    for confidence in (0.5, 0.8, 0.95):
        result = answer(
            series(noise), method="seasonal_naive", confidence=confidence, origins=60, horizon=6
        )
        assert result["measured_coverage"] == pytest.approx(confidence, abs=0.08)


@given(st.integers(80, 1000), st.integers(1, 40), st.integers(5, 60))
@settings(max_examples=50, deadline=None, database=None)
def test_origins_lie_within_what_is_known_and_miss_no_season(size, horizon, most):
    places = origins_of(size, horizon=horizon, fewest=36, most=most)
    assert places[-1] == size - horizon
    assert places[0] >= 36
    assert 5 <= places.size <= most
    distances = set(np.diff(places).tolist())
    assert len(distances) == 1
    assert np.gcd(distances.pop(), 12) == 1


def test_years_have_no_seasons():
    values = np.cumsum(np.random.default_rng(1).normal(size=60))
    some = series(values, start="1950", unit="Y", interval="P1Y")
    result = answer(some, step="year", horizon=3, method="theta")
    assert result["forecast"]["timestamps"] == [f"{y}-01-01T00:00:00Z" for y in (2010, 2011, 2012)]
    naive = answer(some, step="year", horizon=3, method="seasonal_naive")
    assert naive["forecast"]["mean"] == pytest.approx([values[-1]] * 3)


def test_days_are_forecast_without_their_waves():
    values = weather(1100, period=365.2425)
    some = series(values, start="2001-01-01", unit="D", interval="P1D")
    result = answer(some, step="day", horizon=30, method="theta")
    assert "waves a year" in result["model"]["form"]
    wanted = 12 + 9 * np.sin(2 * np.pi * np.arange(1100, 1130) / 365.2425)
    assert result["forecast"]["mean"] == pytest.approx(wanted.tolist(), abs=1.5)
    assert result["forecast"]["timestamps"][0] == "2004-01-06T00:00:00Z"


def test_of_days_the_last_twenty_years_are_used():
    some = series(weather(8000, period=365.2425), start="1990-01-01", unit="D", interval="P1D")
    result = answer(some, step="day", horizon=5, method="seasonal_naive")
    assert [result["n_periods"], result["earlier_periods"]] == [7305, 695]
    method = analyses["forecast"]
    assert method.explain is not None
    own = method.own(check(method, {"variable": "T", "step": "day"}))
    told = method.explain(some, ("forecast", "mean", 0), **own)
    assert np.bincount(told.codes).tolist() == [7305, 0, 695]


def test_an_unfinished_month_is_the_first_of_the_forecast():
    some = series(weather(3000, period=365.25), start="2001-01-01", unit="D", interval="P1D")
    result = answer(some, method="seasonal_naive")
    assert some.timestamps[-1] == np.datetime64("2009-03-19")
    assert result["forecast"]["timestamps"][0] == "2009-03-01T00:00:00Z"


@pytest.mark.parametrize("method", QUICK)
def test_short_gaps_are_filled_or_gone_without(method):
    kept = np.ones(120, bool)
    kept[[50, 51, 80, 117]] = False
    result = answer(series(weather(), kept=kept), method=method)
    assert [result["missing_periods"], result["reason"]] == [4, None]
    assert result["filled_periods"] == (0 if method == "seasonal_naive" else 4)
    assert scores_of(result)[method]["n"] < 60
    assert result["history"]["values"][50] is None


@pytest.mark.parametrize("method", ["ets", "theta"])
@pytest.mark.parametrize(
    ("gone", "words"), [(range(40, 50), "10 in a row"), (range(1, 120, 9), "a tenth")]
)
def test_long_gaps_are_refused_by_what_wants_every_month(method, gone, words):
    kept = np.ones(120, bool)
    kept[list(gone)] = False
    result = answer(series(weather(), kept=kept), method=method)
    assert words in result["reason"]
    assert result["methods_left_out"][0]["method"] == method


@pytest.mark.parametrize(
    "method", ["seasonal_naive", pytest.param("sarima", marks=pytest.mark.slow)]
)
def test_a_month_that_is_always_missing_stops_nothing(method):
    kept = np.arange(120) % 12 != 0
    result = answer(series(weather(), kept=kept), method=method)
    assert result["reason"] is None


@pytest.mark.parametrize("count", [0, 1, 2, 51])
@pytest.mark.parametrize("interval", ["P1M", ""])
@pytest.mark.parametrize("method", ["auto", "seasonal_naive"])
def test_too_little_has_no_forecast_and_a_reason(count, interval, method):
    some = replace(series(weather(count)), interval=interval)
    assert answer(some, method=method)["backtest"] is None


def test_fifty_two_months_are_enough_for_a_year():
    assert answer(series(weather(52)), method="seasonal_naive")["backtest"]["n_origins"] == 5


@pytest.mark.parametrize("level", [0.0, 0.1, 1e300])
def test_equal_values_have_no_forecast(level):
    assert "equal" in answer(series(np.full(120, level)))["reason"]


def test_more_than_half_missing_has_no_forecast():
    kept = np.random.default_rng(1).random(240) < 0.4
    assert "More than half" in answer(series(weather(240), kept=kept))["reason"]


def test_there_is_no_logarithm_of_nothing():
    assert "above zero" in answer(series(weather() - 20), transform="log")["reason"]


@pytest.mark.parametrize("method", [*QUICK, pytest.param("ets", marks=pytest.mark.slow)])
@pytest.mark.parametrize("factor", [1e300, 1e-300, 1e306])
def test_huge_and_tiny_values_are_forecast_as_others_are(method, factor):
    usual = answer(series(weather()), method=method)
    scaled = answer(series(weather() * factor), method=method)
    assert scaled["forecast"]["mean"] == pytest.approx(
        [factor * mean for mean in usual["forecast"]["mean"]], rel=1e-2
    )
    assert scores_of(scaled)[method]["mase"] == pytest.approx(
        scores_of(usual)[method]["mase"], 1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        np.arange(120) % 5,
        np.arange(120),
        np.arange(120) % 12,
        np.r_[np.zeros(119), 1],
        np.r_[np.zeros(90), np.ones(30)],
        np.maximum(0, weather(120) - 15),
    ],
)
@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_odd_values_stop_nothing(values, method):
    answer(series(values), method=method)


@LAWS
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-300, 300))
def test_a_forecast_follows_unit_and_zero(seed, scale, shift):
    values = weather(80, seed=seed)
    before = answer(series(values), method="theta")
    after = answer(series(scale * values + shift), method="theta")
    wanted = [scale * mean + shift for mean in before["forecast"]["mean"]]
    assert after["forecast"]["mean"] == pytest.approx(wanted, rel=1e-4, abs=1e-3 * scale)
    assert after["measured_coverage"] == pytest.approx(before["measured_coverage"], abs=0.02)


def test_it_tells_how_far_it_is():
    told: list[float] = []
    progress.told_to(told.append)
    try:
        answer(series(weather()), method="theta")
    finally:
        progress.told_to(progress.nobody)
    assert told == sorted(told)
    assert [told[-1], len(told)] == [1.0, 11]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"method": "magic"}, "method"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": -1}, "horizon"),
        ({"horizon": 10**9}, "horizon"),
        ({"horizon": 121}, "horizon"),
        ({"horizon": 31, "step": "year"}, "horizon"),
        ({"step": "week"}, "step"),
        ({"origins": 4}, "origins"),
        ({"origins": 10**9}, "origins"),
        ({"confidence": 1}, "confidence"),
        ({"order": [1, 1]}, "order"),
        ({"order": [9, 0, 0]}, "order"),
        ({"order": [-1, 0, 0]}, "order"),
        ({"order": [1, 0, 0], "method": "ets"}, "order"),
        ({"seasonal_order": [0, 1, 1]}, "order"),
        ({"seasonal_order": [2, 0, 0], "order": [1, 0, 0]}, "seasonal_order"),
        ({"seasonal_order": [0, 1, 1], "order": [1, 0, 0], "step": "day"}, "seasonal_order"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_name(given, name):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["forecast"], {"variable": "T"} | given)
    assert list(caught.value.details) == [name]


def test_an_order_may_be_given():
    given = {"variable": "T", "order": [1, 0, 0], "seasonal_order": [0, 1, 1], "method": "sarima"}
    assert check(analyses["forecast"], given)["order"] == [1, 0, 0]


WITHOUT = """
result = forecast(some, origins=5)
print(result["reason"], len(result["backtest"]["methods"]), result["methods_left_out"][0]["method"])
try:
    forecast(some, method="gradient_boosting")
except InvalidInputError as error:
    print(error.details["method"][0])
"""


@pytest.mark.slow
def test_without_scikit_learn_auto_goes_without_the_trees_and_they_say_what_to_install():
    assert printed("forecast", 1989, WITHOUT) == (
        "None 4 gradient_boosting\n"
        "gradient_boosting needs scikit-learn, which is not installed on this server; "
        "`pip install -r requirements/learning.txt` installs it.\n"
    )
