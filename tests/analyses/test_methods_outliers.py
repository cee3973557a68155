"""Outliers against plain definitions in scipy, pandas and numpy, and planted errors."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import iqr, median_abs_deviation

from analyses.methods.outliers import METHODS, explain, outliers
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError

LAWS = settings(max_examples=15, deadline=None, database=None)


def series(values, stamps=None, station="X", interval="P1D"):
    if stamps is None:
        stamps = np.datetime64("2001-01-01") + np.arange(len(values))
    stamps = np.asarray(stamps, "datetime64[us]")
    return Series("TMAX", "degC", station, stamps, np.asarray(values, float), interval=interval)


def answer(some, *methods, **given):
    result = outliers(some, methods=methods or METHODS, **given)
    json.dumps(result, allow_nan=False)
    assert len(result["doubted"]) == result["n_listed"] <= result["n_doubted"] <= result["n"]
    return result


def days(result):
    return [row["timestamp"][:10] for row in result["doubted"]]


def normal(n, seed=7):
    return np.random.default_rng(seed).normal(size=n)


def weather(n=1461):
    """Four years of days: a season and noise that is alike from one day to the next."""
    noise = np.convolve(normal(n + 4), np.ones(5) / 5, "valid") * 3
    return 12 + 9 * np.sin(np.arange(n) * 2 * np.pi / 365.25) + noise


def test_robust_z_is_that_of_scipy():
    # median_abs_deviation(scale="normal") of scipy 1.17.1; 0.6745 of Iglewicz and Hoaglin 1993.
    values = np.append(normal(99), 30.0)
    expected = np.abs(values - np.median(values)) / median_abs_deviation(values, scale="normal")
    result = answer(series(values), "robust_z")
    (row,) = result["doubted"]
    assert row["scores"]["robust_z"] == pytest.approx(expected[99], rel=1e-12)
    assert row["expected"] == pytest.approx(np.median(values))
    assert row["score"] == pytest.approx(expected[99] / 3.5)
    assert result["methods"]["robust_z"]["judged"] == 100


def test_hampel_is_that_of_rolling_medians():
    # pandas 3.1.1: rolling, centred median and the median of the distances from it.
    values = pd.Series(weather(400))
    values[200] += 25
    window = values.rolling(11, center=True)
    spread = window.apply(lambda part: 1.4826022185056018 * (part - part.median()).abs().median())
    expected = ((values - window.median()).abs() / spread).to_numpy()
    result = answer(series(values), "hampel", hampel_window=11, hampel_threshold=3.0)
    found = {row["timestamp"]: row["scores"]["hampel"] for row in result["doubted"]}
    stamps = np.datetime_as_string(series(values).timestamps, unit="s")
    inner = {f"{stamps[i]}Z": expected[i] for i in range(5, 395) if expected[i] > 3}
    assert "2001-07-20T00:00:00Z" in inner
    assert {t: found[t] for t in inner} == pytest.approx(inner, rel=1e-12)


@pytest.mark.parametrize("season", ["month", "day_of_year"])
def test_seasonal_fences_are_those_of_the_quartiles(season):
    # scipy.stats.iqr on the Januaries, or on the fifteen days around 15 January, of four years.
    values = weather()
    values[14] = 60.0
    some = series(values)
    months = some.timestamps.astype("datetime64[M]").astype(int) % 12
    day = (
        some.timestamps.astype("datetime64[D]") - some.timestamps.astype("datetime64[Y]")
    ).astype(int)
    part = values[months == 0] if season == "month" else values[(day >= 7) & (day <= 21)]
    expected = (60 - np.percentile(part, 75)) / iqr(part)
    result = answer(some, "seasonal_iqr", season=season)
    row = next(row for row in result["doubted"] if row["timestamp"] == "2001-01-15T00:00:00Z")
    assert row["score"] == pytest.approx(expected / 3, rel=1e-12)
    assert row["expected"] == pytest.approx(np.median(part))


def test_a_warm_winter_day_is_found_by_its_season_alone():
    values = weather()
    values[4] = values.max()
    result = answer(series(values), "robust_z", "seasonal_iqr", season="month", iqr_factor=1.0)
    found = {row["timestamp"]: row["methods"] for row in result["doubted"]}
    assert found["2001-01-05T00:00:00Z"] == ["seasonal_iqr"]


def test_a_spike_is_one_doubt_and_not_two():
    values = weather(300)
    values[150] += 40
    result = answer(series(values), "jumps")
    assert days(result) == ["2001-05-31"]
    assert result["doubted"][0]["expected"] == pytest.approx(values[149])


def test_a_shift_is_a_doubt_where_it_begins():
    values = weather(300)
    values[150:] += 40
    assert days(answer(series(values), "jumps")) == ["2001-05-31"]


def test_a_step_over_a_gap_is_not_judged():
    values = weather(300)
    values[150:] += 40
    stamps = np.datetime64("2001-01-01") + np.arange(300) + 10 * (np.arange(300) >= 150)
    result = answer(series(values, stamps), "jumps")
    assert (result["n_doubted"], result["methods"]["jumps"]["not_judged"]) == (0, 2)


def test_a_flat_line_is_doubted_from_its_first_value_on():
    values = weather(200)
    values[50:75] = 11.5
    result = answer(series(values), "flat_lines", flat_values=25)
    assert days(result)[0] == "2001-02-20"
    assert {row["scores"]["flat_lines"] for row in result["doubted"]} == {25}
    assert (result["n_doubted"], result["doubted"][0]["expected"]) == (25, None)
    assert answer(series(values), "flat_lines", flat_values=26)["n_doubted"] == 0


def test_dry_days_are_no_flat_line_and_a_stuck_zero_of_temperature_is():
    rain = np.zeros(60)
    rain[30] = 4.0
    assert answer(series(rain), "flat_lines")["n_doubted"] == 0
    rain[30] = -4.0
    assert answer(series(rain), "flat_lines")["n_doubted"] == 59


def network(n=730, stations=4):
    """A station and neighbours with the same weather, each with its own line and noise."""
    truth = weather(n)
    here = series(truth + 0.3 * normal(n, 1))
    others = [
        series(2 + 0.9 * truth + 0.3 * normal(n, 2 + number), station=f"N{number}")
        for number in range(stations)
    ]
    return here, others


def test_neighbours_find_an_error_that_is_no_outlier_of_its_own_series():
    here, others = network()
    values = here.values.copy()
    values[200] -= 3.5
    result = answer(replace(here, values=values), neighbours=others)
    (row,) = [row for row in result["doubted"] if row["timestamp"].startswith("2001-07-20")]
    assert row["methods"] == ["spatial"]
    assert row["expected"] == pytest.approx(here.values[200], abs=1.5)
    assert result["neighbours"] == ["N0", "N1", "N2", "N3"]
    assert result["methods"]["spatial"]["judged"] == 730


def test_spatial_scores_are_those_of_lines_fitted_one_by_one():
    # numpy.polyfit of each neighbour over the month and 15 days around it, weighted by the index of
    # agreement of Legates and McCabe 1999: the recipe of Durre et al. 2010. Hours, so that no other
    # day of a neighbour may stand for its day.
    stamps = np.datetime64("2001-01-01T00", "h") + 6 * np.arange(600)
    truth = weather(600)
    here = series(truth + 0.4 * normal(600, 1), stamps, interval="PT6H")
    others = [
        series(truth * slope + 0.4 * normal(600, seed), stamps, f"N{seed}", "PT6H")
        for seed, slope in ((2, 0.8), (3, 0.9), (4, 1.1))
    ]
    values = here.values.copy()
    values[200] += 8
    here = replace(here, values=values)
    low, high = np.datetime64("2001-02-01") - 15, np.datetime64("2001-03-01") + 15
    inside = (stamps >= low) & (stamps < high)
    y, total, weights = values[inside], np.zeros(int(inside.sum())), 0.0
    for other in others:
        x = other.values[inside]
        slope, intercept = np.polyfit(x, y, 1)
        weight = 1 - np.abs(x - y).sum() / (np.abs(x - y.mean()) + np.abs(y - y.mean())).sum()
        total, weights = total + weight * (intercept + slope * x), weights + weight
    residuals = y - total / weights
    place = 200 - int(np.argmax(inside))
    expected = abs(residuals[place] - residuals.mean()) / residuals.std(ddof=1)
    result = answer(here, "spatial", neighbours=others)
    (row,) = [row for row in result["doubted"] if row["timestamp"] == "2001-02-20T00:00:00Z"]
    assert row["scores"]["spatial"] == pytest.approx(expected, rel=1e-9)
    assert row["expected"] == pytest.approx((total / weights)[place], rel=1e-9)


def test_a_day_that_ends_at_another_hour_is_no_error():
    here, others = network()
    late = [replace(one, values=np.roll(one.values, 1)) for one in others]
    assert answer(here, "spatial", neighbours=late)["n_doubted"] <= 5


def test_a_small_difference_is_no_doubt_below_the_limit():
    here, others = network()
    values = here.values.copy()
    values[200] -= 6
    some = replace(here, values=values)
    given: dict[str, Any] = {"neighbours": others, "spatial_limit": 5.0}
    assert "2001-07-20" in days(answer(some, "spatial", **given))
    assert "2001-07-20" not in days(answer(some, "spatial", **given | {"spatial_limit": 9.0}))


@pytest.mark.parametrize(
    ("count", "given", "words"),
    [(0, {}, "there are 0"), (1, {}, "there is 1"), (4, {"min_correlation": 0.999}, "alike")],
)
def test_too_few_neighbours_judge_nothing_and_say_so(count, given, words):
    here, others = network()
    found = answer(here, "spatial", neighbours=others[:count], **given)["methods"]["spatial"]
    assert (found["judged"], found["doubted"]) == (0, 0)
    assert words in found["reason"]


def test_months_are_compared_with_neighbours_as_a_whole():
    stamps = np.arange("2001-01", "2006-01", dtype="datetime64[M]")
    here, others = network(60)
    here = replace(here, timestamps=stamps.astype("datetime64[us]"), interval="P1M")
    others = [replace(o, timestamps=here.timestamps, interval="P1M") for o in others]
    assert answer(here, "spatial", neighbours=others)["methods"]["spatial"]["judged"] == 60


@LAWS
@given(st.floats(0.1, 100), st.floats(-500, 500), st.integers(0, 2**32 - 1))
def test_a_change_of_unit_doubts_the_same_values(scale, shift, seed):
    random = np.random.default_rng(seed)
    values = np.round(random.standard_t(2, size=150), 3)
    methods = ("robust_z", "hampel", "seasonal_iqr", "jumps")
    before = answer(series(values), *methods, season="month", iqr_factor=1.51)
    after = answer(series(values * scale + shift), *methods, season="month", iqr_factor=1.51)
    assert days(after) == days(before)
    scores = [[row["score"] for row in one["doubted"]] for one in (before, after)]
    assert scores[1] == pytest.approx(scores[0], rel=1e-6)


@LAWS
@given(st.lists(st.integers(0, 199), max_size=60, unique=True), st.integers(0, 2**32 - 1))
def test_gaps_anywhere_leave_counts_that_add_up(gone, seed):
    kept = np.setdiff1d(np.arange(200), gone)
    values = np.random.default_rng(seed).normal(size=200)[kept]
    result = answer(series(values, np.datetime64("2001-01-01") + kept))
    for found in result["methods"].values():
        assert found["judged"] + found["not_judged"] == kept.size
        assert found["doubted"] <= found["judged"]


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [1.0, 2.0], [5.0] * 40, [0.0] * 40, [1e300, -1e300] * 20,
     [1e308] * 3 + [-1e308] * 9, list(range(50))],
    ids=["empty", "one", "two", "constant", "zeros", "huge", "huger", "line"],
)  # fmt: skip
def test_odd_series_have_a_result_with_reasons(values):
    here = series(values)
    result = answer(here, neighbours=[replace(here, station=f"N{i}") for i in range(3)])
    for found in result["methods"].values():
        assert found["judged"] or found["reason"]
    assert (result["reason"] == "There are no values.") == (not values)


@pytest.mark.parametrize("method", ["robust_z", "hampel", "seasonal_iqr", "jumps"])
def test_few_of_normal_values_are_doubted(method):
    result = answer(series(normal(20_000), interval="P1D"), method)
    assert result["n_doubted"] <= 20
    assert result["warning"] is None


def test_amounts_that_are_often_zero_come_with_a_warning():
    rain = np.maximum(0, normal(1000)) ** 3
    assert "precipitation" in answer(series(rain), "jumps", "robust_z")["warning"]


def test_more_doubts_than_are_listed_are_counted(monkeypatch):
    monkeypatch.setattr("analyses.methods.outliers.LISTED", 3)
    values = normal(200)
    values[::40] = [50, 60, 70, 80, 90]
    result = answer(series(values), "robust_z")
    assert (result["n_doubted"], result["n_listed"]) == (5, 3)
    assert [row["value"] for row in result["doubted"]] == [70, 80, 90]


def test_an_explanation_says_what_a_check_could_not_judge():
    values = weather(60)
    given = check(analyses["outliers"], {"variable": "TMAX"})
    own = analyses["outliers"].own(given) | {"neighbours": []}
    found = explain(series(values), ("methods", "jumps", "doubted"), **own)
    assert (found.codes[0], set(found.codes[1:])) == (1, {0})
    assert not explain(series(values), ("n_doubted",), **own).codes.any()
    assert explain(series([]), ("methods", "jumps", "judged"), **own).codes.size == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("methods", []), ("methods", ["magic"]), ("methods", ["jumps", "jumps"]),
        ("methods", "jumps"), ("hampel_window", 10), ("hampel_window", 10**9), ("hampel_window", 1),
        ("z_threshold", 0), ("z_threshold", -1), ("flat_values", 1), ("flat_values", 10**9),
        ("window_days", 0), ("iqr_factor", 0), ("jump_threshold", 1e9), ("season", "week"),
        ("spatial_limit", -1), ("min_neighbours", 0), ("min_correlation", 1.5), ("neighbours", []),
        ("neighbours", ["A", "A"]), ("neighbours", [str(n) for n in range(51)]),
    ],
)  # fmt: skip
def test_hostile_parameters_are_refused_by_name(name, value):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["outliers"], {"variable": "TMAX", name: value})
    assert list(caught.value.details) == [name]


@pytest.mark.slow
def test_a_million_values_are_judged_in_seconds():
    stamps = np.datetime64("1990-01-01T00") + np.arange(1_000_000)
    result = answer(series(normal(1_000_000), stamps, interval="PT1H"))
    assert result["methods"]["hampel"]["judged"] == 1_000_000
