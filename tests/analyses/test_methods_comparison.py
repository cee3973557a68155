"""Comparisons against scikit-learn, pandas, scipy, and what Taylor and Knoben et al. state."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from analyses.methods.comparison import comparison, explain
from analyses.methods.quantile_mapping import cross_validated, mapped, quantile_table
from analyses.methods.scores import OF_UNIT, PURE
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError

LAWS = settings(max_examples=10, deadline=None, database=None)


def series(values, *, name="T", start="2001-01-01", kept=None, interval="P1D"):
    stamps = (np.datetime64(start, "D") + np.arange(len(values))).astype("datetime64[us]")
    mask = np.ones(stamps.size, bool) if kept is None else kept
    return Series(name, "K", "X", stamps[mask], np.asarray(values, float)[mask], interval=interval)


def noise(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


def answer(main, reference, **parameters):
    result = comparison(main, reference=reference, **parameters)
    json.dumps(result, allow_nan=False)
    return result


def pair(n=400, seed=1):
    """A model of 20 K with too little spread and half a degree too warm, and the truth."""
    truth = 20 + 3 * noise(n, seed)
    return series(20.5 + 0.8 * (truth - 20) + noise(n, seed + 1)), series(truth)


def test_errors_and_efficiency_are_those_of_scikit_learn():
    x, y = pair()
    found = answer(x, y)["scores"]
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(y.values, x.values))
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(y.values, x.values))
    assert found["nse"] == pytest.approx(metrics.r2_score(y.values, x.values))


def test_means_spreads_and_correlation_are_those_of_numpy_and_scipy():
    x, y = pair()
    found = answer(x, y)["scores"]
    assert found["bias"] == pytest.approx(np.mean(x.values) - np.mean(y.values))
    assert [found["std"], found["reference_std"]] == pytest.approx([x.values.std(), y.values.std()])
    assert found["r"] == pytest.approx(stats.pearsonr(x.values, y.values).statistic)
    left = (x.values - x.values.mean()) - (y.values - y.values.mean())
    assert found["centred_rmse"] == pytest.approx(np.sqrt(np.mean(left**2)))
    assert found["normalised_std"] == pytest.approx(x.values.std() / y.values.std())


def test_taylors_triangle_closes():
    # Taylor 2001, equations 1 and 2.
    x, y = pair()
    found = answer(x, y)["scores"]
    sides = found["std"] ** 2 + found["reference_std"] ** 2
    angle = 2 * found["std"] * found["reference_std"] * found["r"]
    assert found["centred_rmse"] ** 2 == pytest.approx(sides - angle)
    assert found["rmse"] ** 2 == pytest.approx(found["bias"] ** 2 + found["centred_rmse"] ** 2)


def test_skills_are_those_that_taylor_asks_for():
    # Taylor 2001, section 5: 1 for what is the same, 0 as the correlation goes to −1; by equations
    # 4 and 5 a series of the right spread without correlation has 1/2 and 1/16.
    whole = noise(200)
    same, opposite = answer(series(whole), series(whole)), answer(series(whole), series(-whole))
    assert [same["scores"]["taylor_skill"], same["scores"]["taylor_skill_4"]] == pytest.approx(
        [1, 1]
    )
    assert opposite["scores"]["taylor_skill"] == pytest.approx(0, abs=1e-12)
    wave = np.arange(200) * 2 * np.pi / 20
    apart = answer(series(np.sin(wave)), series(np.cos(wave)))["scores"]
    assert [apart["taylor_skill"], apart["taylor_skill_4"]] == pytest.approx([1 / 2, 1 / 16])


def test_the_mean_of_the_truth_has_the_kge_that_knoben_states():
    # Knoben et al. 2019, doi:10.5194/hess-23-4323-2019: KGE = 1 − √2 ≈ −0.41, and NSE = 0.
    wave = np.arange(400) * 2 * np.pi / 20
    found = answer(series(5 + 1e-9 * np.sin(wave)), series(5 + np.cos(wave)))["scores"]
    assert found["kge"] == pytest.approx(1 - np.sqrt(2), abs=1e-6)
    assert found["nse"] == pytest.approx(0, abs=1e-6)


def test_a_perfect_series_is_perfect():
    _, y = pair()
    found = answer(y, y)["scores"]
    for name in ("r", "nse", "kge", "kge_alpha", "kge_beta", "normalised_std"):
        assert found[name] == pytest.approx(1)
    for name in ("bias", "mae", "rmse", "centred_rmse"):
        assert found[name] == 0


def test_months_of_the_year_are_those_of_pandas():
    x, y = pair(1200)
    index = pd.DatetimeIndex(x.timestamps)
    table = pd.DataFrame({"x": x.values, "y": y.values}, index=index)
    found = answer(x, y)["months"]
    assert [one["month"] for one in found] == [f"{month:02d}" for month in range(1, 13)]
    for month, rows in table.groupby(index.month):
        one = found[month - 1]
        assert one["n"] == len(rows)
        assert one["bias"] == pytest.approx((rows["x"] - rows["y"]).mean())
        assert one["rmse"] == pytest.approx(((rows["x"] - rows["y"]) ** 2).mean() ** 0.5)
        assert one["r"] == pytest.approx(rows["x"].corr(rows["y"]))


def test_only_common_times_are_compared_and_the_others_are_counted():
    x, y = pair()
    x = replace(x, timestamps=x.timestamps[:300], values=x.values[:300], left_out=7)
    y = replace(y, timestamps=y.timestamps[100:], values=y.values[100:])
    found = answer(x, y)
    assert [found["n"], found["start"]] == [200, "2001-04-11T00:00:00Z"]
    assert [(one["n"], one["not_shared"], one["left_out"]) for one in found["series"]] == [
        (200, 100, 7),
        (200, 100, 0),
    ]
    assert found["scores"]["bias"] == pytest.approx(np.mean(x.values[100:] - y.values[:200]))


def test_hours_are_compared_with_days_by_their_days():
    truth = noise(60)
    hours = (np.datetime64("2001-01-01", "h") + np.arange(60 * 24)).astype("datetime64[us]")
    x = Series("T", "K", "M", hours, np.repeat(truth, 24) + 1, interval="PT1H")
    found = answer(x, series(truth), step="day")
    assert found["n"] == 60
    assert [found["scores"]["bias"], found["scores"]["std"]] == pytest.approx([1, truth.std()])


def test_years_have_no_months():
    x, y = pair(4000)
    found = answer(x, y, step="year")
    assert [found["months"], found["n"]] == [[], 10]


@LAWS
@given(st.integers(0, 1000), st.floats(0.2, 5), st.floats(-50, 50))
def test_a_table_undoes_a_wrong_unit_and_zero(seed, scale, shift):
    values = noise(500, seed)
    table: Any = quantile_table(values, values * scale + shift, quantiles=10)
    inside = (values >= table.values[0]) & (values <= table.values[-1])
    assert mapped(values, table)[inside] == pytest.approx((values * scale + shift)[inside])


def test_a_table_holds_the_quantiles_of_numpy_and_what_is_beyond_them_is_shifted():
    x, y = pair()
    (found,) = answer(x, y, quantiles=4)["mapping"]["tables"]
    middles = [0.125, 0.375, 0.625, 0.875]
    assert found["probability"] == middles
    assert found["value"] == pytest.approx(np.quantile(x.values, middles).tolist())
    assert found["reference"] == pytest.approx(np.quantile(y.values, middles).tolist())
    table: Any = quantile_table(x.values, y.values, quantiles=4)
    ends = mapped(np.array([-100.0, 100.0]), table)
    assert ends - [-100, 100] == pytest.approx([found["correction"][0], found["correction"][-1]])


def test_many_dry_days_have_the_mean_of_their_corrections():
    x = np.array([0.0] * 60 + list(range(1, 41)))
    table: Any = quantile_table(x, x + np.arange(100) / 100, quantiles=10)
    corrected = mapped(np.array([0.0]), table)
    assert corrected == pytest.approx(table.corrections[table.values == 0].mean())


@pytest.mark.parametrize("mapping", ["all", "month"])
def test_a_table_made_from_other_years_takes_bias_and_spread_away(mapping):
    truth = 20 + 3 * noise(3000)
    model = series(1.5 + 0.7 * truth)
    found = answer(model, series(truth), mapping=mapping)["mapping"]
    assert [found["by"], len(found["tables"])] == [mapping, 12 if mapping == "month" else 1]
    checked = found["validation"]
    assert [checked["n"], checked["folds"]] == [3000, 5]
    assert checked["before"]["bias"] == pytest.approx(np.mean(1.5 - 0.3 * truth))
    assert abs(checked["after"]["bias"]) < 0.1
    assert checked["improvement"]["quantile_mae"] > 0.9
    assert checked["improvement"]["mae"] > 0.8


def test_a_table_is_never_made_from_what_it_corrects():
    x, y = noise(500), noise(500, 2)
    found = cross_validated(x, y, np.zeros(500, int), quantiles=10, folds=5)
    for first in range(0, 500, 100):
        others = np.delete(np.arange(500), slice(first, first + 100))
        table: Any = quantile_table(x[others], y[others], quantiles=10)
        wanted = mapped(x[first : first + 100], table)
        assert found[first : first + 100].tolist() == wanted.tolist()


def test_a_table_does_not_help_where_nothing_is_wrong():
    # Its own quantiles are found on other values, so it adds their noise.
    checked = answer(series(noise(400, 1)), series(noise(400, 2)))["mapping"]["validation"]
    assert checked["improvement"]["rmse"] < 0.05


def test_by_month_a_correction_of_the_season_is_found():
    days = np.arange("2001-01-01", "2011-01-01", dtype="datetime64[D]")
    warm = np.cos((days.astype("datetime64[M]").astype(int) % 12) * np.pi / 6)
    truth = noise(days.size)
    model = series(truth + warm)
    by_month = answer(model, series(truth), mapping="month")["mapping"]["validation"]
    at_once = answer(model, series(truth), mapping="all")["mapping"]["validation"]
    assert by_month["after"]["mae"] < 0.2 * at_once["after"]["mae"]


def test_a_month_with_fewer_pairs_than_quantiles_has_no_table():
    x, y = pair(60)
    found = answer(x, y, mapping="month", quantiles=40)["mapping"]
    assert "40" in found["tables"][0]["reason"]
    assert found["tables"][11]["n"] == 0
    assert found["validation"]["before"] is None
    assert found["validation"]["reason"].endswith(".")


def test_no_table_is_made_where_none_is_asked_for():
    assert answer(*pair(), mapping="none")["mapping"] is None


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([], [1.0, 2, 3], "no values"),
        ([1.0], [1.5], "At least 3"),
        ([2.0] * 30, np.arange(30.0), "equal"),
        (np.arange(30.0), [2.0] * 30, "equal"),
        (np.zeros(30), np.zeros(30), "equal"),
        (1e300 * noise(30), noise(30), "too large"),
        (noise(30), 1.7e308 * np.sign(noise(30)), "too large"),
        (1e-200 * noise(30), 1e-200 * noise(30, 2), None),
        (np.arange(30.0), np.arange(30.0) - 14.5, None),
        (1e-200 * noise(30), noise(30, 2), "nothing beside"),
        (noise(30), 1e-300 * noise(30, 2), "nothing beside"),
    ],
    ids=[
        "none",
        "one",
        "constant",
        "truth",
        "zeros",
        "huge",
        "largest",
        "tiny",
        "no-mean",
        "flat",
        "flat-truth",
    ],
)
@pytest.mark.parametrize("mapping", ["all", "month"])
def test_odd_series_have_numbers_or_a_reason(x, y, words, mapping):
    found = answer(series(x), series(y), mapping=mapping)
    assert (words in found["reason"]) if words else found["reason"] is None
    assert (found["scores"]["r"] is None) == bool(words)
    assert {"n", "reason", *OF_UNIT, *PURE} == found["scores"].keys()


def test_one_pair_has_errors_but_no_correlation():
    found = answer(series([1.0]), series([1.5]))["scores"]
    assert [found["bias"], found["mae"], found["rmse"]] == [-0.5, 0.5, 0.5]
    assert found["nse"] is found["kge"] is None


def test_series_that_never_meet_say_so():
    found = answer(series(noise(50)), series(noise(50), start="2010-01-01"))
    assert "share no time" in found["reason"]
    assert [found["n"], found["start"], found["scores"]["mae"]] == [0, None, None]


def test_it_says_which_values_made_a_number():
    x, y = pair(100)
    y = replace(y, timestamps=y.timestamps[:70], values=y.values[:70])
    whole = explain(x, ("scores", "rmse"), reference=y)
    assert [(whole.codes == 0).sum(), whole.codes[0]] == [70, 0]
    march = explain(x, ("months", 2, "bias"), reference=y)
    assert (march.codes == 0).nonzero()[0].tolist() == list(range(59, 70))
    told = [march.reasons[march.codes[place]] for place in (0, 80)]
    assert told == [
        "It is of another month of the year.",
        "No value of the other series stands at its time.",
    ]
    table = ("mapping", "tables", 0, "correction", 3)
    assert (explain(x, table, reference=y, mapping="month").codes == 0).sum() == 31
    assert (explain(x, table, reference=y, mapping="all").codes == 0).sum() == 70


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_errors_follow_the_unit_and_shares_do_not(seed, scale):
    x, y = pair(60, seed)
    before = answer(x, y)["scores"]
    after = answer(*(replace(one, values=one.values * scale) for one in (x, y)))["scores"]
    for name in OF_UNIT:
        assert after[name] == pytest.approx(before[name] * scale)
    for name in PURE:
        assert after[name] == pytest.approx(before[name])


@LAWS
@given(st.integers(0, 1000), st.floats(-1000, 1000))
def test_all_but_kge_and_means_do_not_see_the_zero(seed, shift):
    x, y = pair(60, seed)
    before = answer(x, y)["scores"]
    after = answer(*(replace(one, values=one.values + shift) for one in (x, y)))["scores"]
    for name in {*OF_UNIT, *PURE} - {"mean", "reference_mean", "kge", "kge_beta"}:
        assert after[name] == pytest.approx(before[name], rel=1e-6, abs=1e-9)


@LAWS
@given(st.lists(st.booleans(), min_size=40, max_size=40))
def test_gaps_anywhere_leave_the_common_values(kept):
    x, y, kept = noise(40), noise(40, 2), np.array(kept)
    found = answer(series(x, kept=kept), series(y))
    assert found["n"] == kept.sum()
    if kept.any():
        assert found["scores"]["mae"] == pytest.approx(np.abs(x - y)[kept].mean())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"quantiles": 1}, "quantiles"),
        ({"quantiles": 10**9}, "quantiles"),
        ({"folds": 0}, "folds"),
        ({"folds": 10**9}, "folds"),
        ({"mapping": "season"}, "mapping"),
        ({"step": "hour"}, "step"),
        ({"reference": {}}, "reference.variable"),
        ({"reference": "T"}, "reference"),
        ({"reference": {"variable": "T", "unit": "K"}}, "reference.unit"),
    ],
)
def test_wrong_parameters_are_refused_by_name(given, named):
    whole = {"variable": "T", "reference": {"variable": "U"}}
    assert check(analyses["comparison"], whole)["folds"] == 5
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["comparison"], whole | given)
    assert list(caught.value.details) == [named]
