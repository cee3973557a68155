"""Extremes against the examples of Coles 2001 and scipy."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import genextreme, kstest

from analyses.methods.extreme_explanation import explain
from analyses.methods.extremes import extremes
from analyses.parameters import check
from analyses.registry import analyses as registry
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.coles import FREMANTLE, FREMANTLE_YEARS, PORT_PIRIE, RAIN, RAIN_DAYS

LAWS = settings(max_examples=3, deadline=None, database=None)
FEW = {"resamples": 100}


def series(values, stamps, interval="P1D", unit="m"):
    stamps = np.asarray(stamps).astype("datetime64[us]")
    return Series("X", unit, "S", stamps, np.asarray(values, float), interval=interval, left_out=2)


def yearly(values, years=None):
    years = np.arange(1923, 1923 + len(values)) if years is None else years
    return series(values, (np.asarray(years) - 1970).astype("datetime64[Y]"), "P1Y")


def daily(values, start="1961-01-01", interval="P1D"):
    return series(values, np.datetime64(start) + np.arange(len(values)), interval, "mm")


def rain():
    """The exceedances on days far from each other, as their dates do not matter without runs."""
    values = np.zeros(RAIN_DAYS)
    values[100 + 110 * np.arange(152)] = RAIN
    return daily(values, "1914-01-01")


def noise(n, seed=1):
    return np.random.default_rng(seed).gumbel(20, 5, n)


def answer(some, **parameters):
    result = extremes(some, **(FEW | parameters))
    json.dumps(result, allow_nan=False)
    return result


def quick(some, **parameters):
    return answer(some, estimator="l_moments", **parameters)


def levels(result, name="level"):
    return {entry["period"]: entry[name] for entry in result["return_levels"]}


# ---------------------------------------------------------------- against published numbers


def test_port_pirie_gives_the_numbers_of_the_book():
    # Coles 2001, section 3.4.1: estimates, standard errors, log-likelihood 4.34, levels.
    result = answer(yearly(PORT_PIRIE))
    found, errors = result["parameters"], result["standard_errors"]
    assert [found["location"], found["scale"], found["shape"]] == pytest.approx(
        [3.87, 0.198, -0.050], abs=0.005
    )
    assert found["scale"] == pytest.approx(0.198, abs=5e-4)
    assert [errors["location"], errors["scale"], errors["shape"]] == pytest.approx(
        [0.028, 0.020, 0.098], abs=5e-4
    )
    assert errors["slope_per_decade"] is None
    assert result["standard_errors_from"] == "observed information"
    assert result["log_likelihood"] == pytest.approx(4.34, abs=0.005)
    assert [levels(result)[10], levels(result)[100]] == pytest.approx([4.30, 4.69], abs=0.005)


@pytest.mark.slow
def test_intervals_of_port_pirie_are_near_those_of_the_book():
    # Coles 2001, section 3.4.1, by the delta method: 4.19 to 4.41 and 4.38 to 5.00.
    result = answer(yearly(PORT_PIRIE), resamples=2000)
    low, high = levels(result, "lower"), levels(result, "upper")
    assert [low[10], high[10]] == pytest.approx([4.19, 4.41], abs=0.04)
    assert [low[100], high[100]] == pytest.approx([4.38, 5.00], abs=0.08)
    assert result["bootstrap"]["failed"] < 20


def test_fremantle_gives_the_trend_of_the_book():
    # Coles 2001, section 6.3: log-likelihoods 43.6 and 49.9, slope 0.00203 m a year.
    some = yearly(FREMANTLE, FREMANTLE_YEARS)
    still, moving = answer(some), answer(some, trend=True)
    assert [still["n"], still["log_likelihood"]] == [86, pytest.approx(43.6, abs=0.05)]
    assert moving["log_likelihood"] == pytest.approx(49.9, abs=0.05)
    assert moving["parameters"]["slope_per_decade"] == pytest.approx(0.0203, abs=1e-4)
    assert moving["trend_test"]["statistic"] == pytest.approx(12.7, abs=0.15)
    assert moving["trend_test"]["p"] == pytest.approx(3.7e-4, abs=5e-5)
    assert moving["return_levels_at"] == "1989-01-01T00:00:00Z"
    assert levels(moving)[100] > levels(still)[100]
    assert still["trend_test"] is still["return_levels_at"] is None


def test_rain_gives_the_numbers_of_the_book():
    # Coles 2001, section 4.4.1: threshold 30 mm, variances 0.9188 and 0.0102, −485.1, 106.3 mm.
    result = answer(rain(), approach="peaks_over_threshold", threshold=30, run_days=0)
    found, errors = result["parameters"], result["standard_errors"]
    assert [found["location"], found["scale"]] == [30, pytest.approx(7.44, abs=0.005)]
    assert found["shape"] == pytest.approx(0.184, abs=1e-3)
    assert [errors["scale"] ** 2, errors["shape"] ** 2] == pytest.approx([0.9188, 0.0102], rel=5e-3)
    assert errors["location"] is None
    assert result["log_likelihood"] == pytest.approx(-485.1, abs=0.05)
    assert levels(result)[100] == pytest.approx(106.3, abs=0.05)
    assert result["threshold"]["share"] == pytest.approx(0.00867, abs=5e-6)
    assert [result["n"], result["n_values"], result["left_out"]] == [152, RAIN_DAYS, 2]


def test_distances_and_levels_are_those_of_scipy():
    result = answer(yearly(PORT_PIRIE))
    found = result["parameters"]
    theirs = genextreme(-found["shape"], found["location"], found["scale"])
    assert levels(result)[50] == pytest.approx(theirs.isf(1 / 50))
    goodness, ordered = result["goodness_of_fit"], np.sort(PORT_PIRIE)
    assert goodness["kolmogorov_smirnov"] == pytest.approx(kstest(PORT_PIRIE, theirs.cdf).statistic)
    rank = 2 * np.arange(1, 66) - 1
    logs = theirs.logcdf(ordered) + theirs.logsf(ordered[::-1])
    assert goodness["anderson_darling"] == pytest.approx(-65 - rank @ logs / 65)
    assert goodness["anderson_darling_p"] > 0.5
    pairs = result["quantile_pairs"]
    assert pairs["observed"] == pytest.approx(ordered)
    assert pairs["modelled"] == pytest.approx(theirs.ppf(np.arange(1, 66) / 66))
    assert pairs["period"][-1] == pytest.approx(66)


def test_a_distribution_that_does_not_fit_is_told_by_its_p():
    values = np.concatenate([np.full(30, 1.0) + 0.01 * np.arange(30), np.full(30, 9.0)])
    goodness = answer(yearly(values), estimator="l_moments")["goodness_of_fit"]
    assert goodness["anderson_darling_p"] < 0.02
    assert goodness["kolmogorov_smirnov_p"] < 0.02


# ---------------------------------------------------------------- blocks and peaks


def test_blocks_are_years_with_enough_values():
    values = np.tile(np.arange(365.0), 13)[: 12 * 365 + 100]
    some = daily(values + noise(values.size), "2001-01-01")
    kept = np.delete(np.arange(values.size), slice(400, 500))
    result = quick(replace(some, timestamps=some.timestamps[kept], values=some.values[kept]))
    blocks = result["blocks"]
    assert blocks["timestamps"][0] == "2001-01-01T00:00:00Z"
    # 2002 has a gap of a hundred days, and 2013 is not over.
    assert blocks["used"] == [True, False, *[True] * 10, False]
    assert blocks["coverage"][1] == pytest.approx(265 / 365)
    assert [result["n"], result["n_values"]] == [11, 365 * 11 + 3]
    assert blocks["at"][0] in {f"2001-12-{day}T00:00:00Z" for day in range(10, 32)}


@pytest.mark.parametrize(
    ("block", "first_month", "first", "size"),
    [("DJF", 1, "2001-12", 90), ("July", 1, "2001-07", 31), ("year", 10, "2001-10", 365)],
)
def test_a_block_is_a_season_a_month_or_a_year_that_begins_in_any_month(
    block, first_month, first, size
):
    some = daily(noise(365 * 14, 2), "2001-06-15")
    result = quick(some, block=block, first_month=first_month)
    used = result["blocks"]["used"].index(True)
    assert result["blocks"]["timestamps"][used].startswith(first)
    assert result["blocks"]["n_values"][used] == size
    start = np.datetime64(first)
    months = 12 if block == "year" else 3 if block == "DJF" else 1
    end = start + np.timedelta64(months, "M")
    inside = (some.timestamps >= start) & (some.timestamps < end)
    assert result["blocks"]["values"][used] == some.values[inside].max()


def test_peaks_less_than_some_days_apart_are_one_event():
    values = np.zeros(4000)
    tops = 100 + 200 * np.arange(15)
    values[tops], values[tops + 2], values[tops + 6] = 5 + noise(15), 3, 4
    some = daily(values)
    counts = [
        quick(some, approach="peaks_over_threshold", threshold=2, run_days=days)["n"]
        for days in (0, 1, 2, 3, 4, 6)
    ]
    assert counts == [45, 45, 30, 30, 15, 15]
    result = quick(some, approach="peaks_over_threshold", threshold=2, run_days=4)
    assert result["peaks"]["values"] == pytest.approx(values[tops])
    assert result["threshold"]["extremal_index"] == pytest.approx(1 / 3)
    assert result["threshold"]["per_year"] == pytest.approx(15 / (4000 / 365.2425))


def test_a_threshold_is_a_quantile_where_none_is_given():
    some = daily(noise(4000))
    result = quick(some, approach="peaks_over_threshold", threshold_quantile=0.99)
    assert result["threshold"]["value"] == pytest.approx(np.quantile(some.values, 0.99))
    assert result["threshold"]["above"] == 40
    low = quick(some, approach="peaks_over_threshold", threshold_quantile=0.99, side="lowest")
    assert low["threshold"]["value"] == pytest.approx(np.quantile(some.values, 0.01))
    assert max(low["peaks"]["values"]) < low["threshold"]["value"]


def test_gaps_do_not_make_peaks_rarer():
    some = daily(noise(8000))
    kept = np.delete(np.arange(8000), slice(2000, 6000))
    gappy = replace(some, timestamps=some.timestamps[kept], values=some.values[kept])
    asked = {"approach": "peaks_over_threshold", "threshold": 35.0}
    whole, half = quick(some, **asked)["threshold"], quick(gappy, **asked)["threshold"]
    assert half["years"] == pytest.approx(whole["years"] / 2)
    assert half["per_year"] == pytest.approx(whole["per_year"], rel=0.3)


# ---------------------------------------------------------------- laws


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 1000), st.floats(-1000, 1000), st.booleans())
def test_levels_follow_the_unit_and_the_zero(seed, factor, shift, is_likelihood):
    asked = {"estimator": "maximum_likelihood" if is_likelihood else "l_moments"}
    some = yearly(noise(30, seed))
    before = answer(some, **asked)
    after = answer(replace(some, values=some.values * factor + shift), **asked)
    for name in ("level", "lower", "upper"):
        assert list(levels(after, name).values()) == pytest.approx(
            [factor * level + shift for level in levels(before, name).values()], rel=1e-3
        )
    assert after["parameters"]["shape"] == pytest.approx(before["parameters"]["shape"], abs=1e-3)


@LAWS
@given(st.integers(0, 1000))
def test_the_lowest_are_the_highest_upside_down(seed):
    some = daily(np.random.default_rng(seed).normal(size=365 * 15))
    high = answer(some, estimator="l_moments")
    low = answer(replace(some, values=-some.values), estimator="l_moments", side="lowest")
    assert low["parameters"]["shape"] == high["parameters"]["shape"]
    assert low["parameters"]["location"] == pytest.approx(-high["parameters"]["location"])
    for one, other in zip(low["return_levels"], high["return_levels"], strict=True):
        assert one["level"] == pytest.approx(-other["level"])
        assert [one["lower"], one["upper"]] == pytest.approx([-other["upper"], -other["lower"]])


def test_levels_rise_with_the_period_and_lie_in_their_intervals():
    result = answer(yearly(noise(60)), return_periods=[1.5, 2, 10, 100, 1000])
    ordered = list(levels(result).values())
    assert ordered == sorted(ordered)
    for entry in result["return_levels"]:
        assert entry["lower"] <= entry["level"] <= entry["upper"]
    assert "120 years" in result["warning"]


@pytest.mark.parametrize("bootstrap", ["parametric", "blocks"])
@pytest.mark.parametrize("approach", ["block_maxima", "peaks_over_threshold"])
def test_the_same_seed_gives_the_same_numbers(bootstrap, approach):
    some = daily(noise(365 * 12))
    asked = {"bootstrap": bootstrap, "approach": approach, "estimator": "l_moments"}
    first = answer(some, **asked)
    assert first == answer(some, **asked)
    other = answer(some, seed=2, **asked)
    assert levels(other, "upper") != levels(first, "upper")
    assert levels(other) == levels(first)
    has_p = first["goodness_of_fit"]["anderson_darling_p"] is not None
    assert has_p == (bootstrap == "parametric")


def test_a_peak_expected_less_than_once_has_no_level():
    values = np.zeros(365 * 40)
    values[500 + 1100 * np.arange(12)] = np.random.default_rng(1).exponential(5, 12)
    result = answer(daily(values), approach="peaks_over_threshold", threshold=0)
    assert [levels(result)[2], levels(result)[100] > 1] == [None, True]


# ---------------------------------------------------------------- odd input


@pytest.mark.parametrize("approach", ["block_maxima", "peaks_over_threshold"])
@pytest.mark.parametrize("side", ["highest", "lowest"])
@pytest.mark.parametrize(
    "some",
    [
        daily([]),
        daily([1.0]),
        daily([1.0], interval=""),
        daily([1.0, 2.0]),
        daily(np.full(8000, 3.0)),
        daily(noise(500)),
        yearly([1.0, 2.0, 4.0]),
        yearly([5.0] * 40),
        series(noise(20), np.datetime64("1900", "Y") + 5 * np.arange(20), "P5Y"),
    ],
    ids=["empty", "one", "lone", "two", "constant", "short", "few", "equal", "coarse"],
)
def test_what_has_no_extremes_says_why(some, side, approach):
    result = answer(some, approach=approach, side=side, threshold_quantile=0.99)
    assert result["parameters"] is result["goodness_of_fit"] is None
    assert set(levels(result).values()) == {None}
    assert result["reason"].endswith(".")


@pytest.mark.parametrize("approach", ["block_maxima", "peaks_over_threshold"])
@pytest.mark.parametrize(
    "values",
    [
        1e300 * noise(4000),
        1e-300 * noise(4000),
        np.where(np.arange(4000) % 2, 1e308, -1e308),
        np.round(noise(4000) / 10),
        np.where(np.arange(4000) == 2000, 1e12, 0.0) + noise(4000),
        np.arange(4000.0),
    ],
    ids=["huge", "tiny", "overflow", "whole", "outlier", "line"],
)
@pytest.mark.parametrize("estimator", ["maximum_likelihood", "l_moments"])
def test_odd_values_give_no_number_that_is_not_one(values, approach, estimator):
    result = answer(daily(values), approach=approach, estimator=estimator)
    assert (result["parameters"] is None) == (result["reason"] is not None)


def test_too_many_peaks_are_refused_in_a_sentence():
    some = daily(np.tile([0.0, 1.0], 11_000), "1600-01-01")
    result = answer(some, approach="peaks_over_threshold", threshold=0.5, run_days=0)
    assert [result["peaks"], "at most 10000" in result["reason"]] == [None, True]


# ---------------------------------------------------------------- the declaration


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resamples", 10**9),
        ("resamples", 0),
        ("return_periods", [0]),
        ("return_periods", []),
        ("return_periods", [10.0] * 51),
        ("return_periods", ["10"]),
        ("run_days", -1),
        ("first_month", 13),
        ("block", "winter"),
        ("threshold_quantile", 1),
        ("threshold", "30"),
        ("confidence", 1),
        ("seed", -1),
        ("trend", "yes"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(name, value):
    with pytest.raises(InvalidInputError) as caught:
        check(registry["extremes"], {"variable": "X", name: value})
    assert list(caught.value.details) == [name]


@pytest.mark.parametrize(
    "others", [{"approach": "peaks_over_threshold"}, {"estimator": "l_moments"}]
)
def test_a_trend_is_one_of_block_maxima_by_likelihood(others):
    with pytest.raises(InvalidInputError) as caught:
        check(registry["extremes"], {"variable": "X", "trend": True, **others})
    assert list(caught.value.details) == ["trend"]


# ---------------------------------------------------------------- which values made a number


def explained(some, path, **parameters):
    found = explain(some, path, **parameters)
    assert registry["extremes"].explain is explain
    assert found.codes.shape == some.values.shape
    return found


def test_the_values_behind_a_level_are_the_extremes():
    some = daily(noise(365 * 12 + 50), "2001-01-01")
    blocks = answer(some)["blocks"]
    found = explained(some, ("return_levels", 3, "level"))
    used = [value for value, one in zip(blocks["values"], blocks["used"], strict=True) if one]
    assert some.values[found.codes == 0].tolist() == used
    assert found.reasons[found.codes[-1]].startswith("Its block")
    of_one = explained(some, ("blocks", "values", 2))
    assert some.values[of_one.codes == 0].tolist() == [used[2]]
    assert of_one.reasons[of_one.codes[0]] == "It is in another block."


def test_the_values_behind_a_level_are_the_peaks():
    some = daily(noise(365 * 12), "2001-01-01")
    asked = {"approach": "peaks_over_threshold", "block": "JJA", "side": "lowest"}
    found = explained(some, ("parameters", "shape"), **asked)
    peaks = answer(some, **asked)["peaks"]
    assert some.values[found.codes == 0].tolist() == peaks["values"]
    assert found.reasons[found.codes[0]].startswith("It is not in the part")
    assert found.reasons[1] == "It is not below the threshold."
