"""Correlations against scipy, pandas, statsmodels and R."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analyses.methods.correlation import correlation, explain
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError

LAWS = settings(max_examples=10, deadline=None, database=None)
KINDS = ("pearson", "spearman", "kendall")


def series(values, *, name="T", start="2001-01-01", unit="D", kept=None, interval="P1D"):
    stamps = (np.datetime64(start, unit) + np.arange(len(values))).astype("datetime64[us]")
    mask = np.ones(stamps.size, bool) if kept is None else kept
    return Series(name, "K", "X", stamps[mask], np.asarray(values, float)[mask], interval=interval)


def table_of(one):
    return pd.Series(one.values, index=pd.DatetimeIndex(one.timestamps))


def noise(n, seed=1, memory=0.0):
    """A first-order autoregression."""
    found = np.random.default_rng(seed).normal(size=n)
    for place in range(1, n if memory else 0):
        found[place] += memory * found[place - 1]
    return found


def answer(main, *others, **parameters):
    result = correlation(main, others=list(others), **parameters)
    json.dumps(result, allow_nan=False)
    return result


def number(result, name, row=0, column=1):
    return result["matrices"][name][row][column]


def test_the_first_of_anscombes_sets_as_by_r():
    # R: cor.test(anscombe$x1, anscombe$y1): p-value = 0.00217, interval 0.4243912 0.9506933,
    # cor 0.8164205.
    x = series([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5])
    y = series([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])
    found = answer(x, y, effective_size="none")
    assert number(found, "r") == pytest.approx(0.8164205, abs=5e-8)
    assert number(found, "p") == pytest.approx(0.00217, abs=5e-6)
    assert number(found, "lower") == pytest.approx(0.4243912, abs=5e-8)
    assert number(found, "upper") == pytest.approx(0.9506933, abs=5e-8)
    assert number(found, "n_eff") == number(found, "n") == 11


@pytest.mark.parametrize("ties", [1, 10])
def test_coefficients_and_tests_are_those_of_scipy(ties):
    x = np.round(noise(60, 1) * 10 / ties)
    y = np.round((x * ties / 10 + noise(60, 2)) * 10 / ties)
    wanted = {
        "pearson": stats.pearsonr(x, y),
        "spearman": stats.spearmanr(x, y),
        "kendall": stats.kendalltau(x, y, method="asymptotic"),
    }
    for kind, one in wanted.items():
        found = answer(series(x), series(y), method=kind, effective_size="none")
        assert number(found, "r") == pytest.approx(one.statistic, rel=1e-12)
        assert number(found, "p") == pytest.approx(one.pvalue, rel=1e-9)
    low, high = wanted["pearson"].confidence_interval(0.9)
    found = answer(series(x), series(y), confidence=0.9, effective_size="none")
    assert [number(found, "lower"), number(found, "upper")] == pytest.approx([low, high])


def test_intervals_of_ranks_are_those_of_bonett_and_wright_and_of_fieller():
    x, y = noise(40, 1), noise(40, 1) + noise(40, 2)
    variances = {"spearman": lambda r: (1 + r * r / 2) / 37, "kendall": lambda _: 0.437 / 36}
    for kind, variance in variances.items():
        found = answer(series(x), series(y), method=kind, effective_size="none")
        r = number(found, "r")
        reach = 1.959963984540054 * np.sqrt(variance(r))
        assert number(found, "lower") == pytest.approx(np.tanh(np.arctanh(r) - reach))
        assert number(found, "upper") == pytest.approx(np.tanh(np.arctanh(r) + reach))


def test_the_effective_size_is_that_of_dawdy_and_matalas():
    x, y = noise(500, 1, memory=0.8), noise(500, 2, memory=0.6)
    product = sm.tsa.acf(x, nlags=1)[1] * sm.tsa.acf(y, nlags=1)[1]
    found = answer(series(x), series(y))
    size = number(found, "n_eff")
    assert size == pytest.approx(500 * (1 - product) / (1 + product))
    r = number(found, "r")
    t = r * np.sqrt((size - 2) / (1 - r * r))
    assert number(found, "p") == pytest.approx(2 * stats.t.sf(abs(t), size - 2))


@pytest.mark.parametrize("kind", ["spearman", "kendall"])
@pytest.mark.parametrize("effective", ["lag_1", "all_lags"])
def test_ranks_are_tested_alike_whatever_the_scale_of_the_values(kind, effective):
    # A few large values hide how alike neighbours are; ranks do not change.
    x, y = noise(80, 1, memory=0.8), noise(80, 2, memory=0.8)
    plain, grown = (
        answer(*map(series, both), method=kind, effective_size=effective)
        for both in ((x, y), (np.exp(2 * x), np.exp(2 * y)))
    )
    for name in ("r", "n_eff", "p", "lower", "upper"):
        assert number(grown, name) == pytest.approx(number(plain, name))


def test_the_effective_size_over_all_lags_is_that_of_pyper_and_peterman():
    x, y = noise(100, 1, memory=0.8), noise(100, 2, memory=0.6)
    rho = sm.tsa.acf(x, nlags=20) * sm.tsa.acf(y, nlags=20)
    sums = sum((100 - lag) / 100 * rho[lag] for lag in range(1, 21))
    found = answer(series(x), series(y), effective_size="all_lags")
    assert number(found, "n_eff") == pytest.approx(min(100, 100 / (1 + 2 * sums)))


@pytest.mark.parametrize("kind", KINDS)
def test_series_with_memory_are_not_found_alike_too_often(kind):
    def share(effective):
        found = [
            answer(
                series(noise(80, seed, memory=0.8)),
                series(noise(80, 1000 + seed, memory=0.8)),
                method=kind,
                effective_size=effective,
            )
            for seed in range(100)
        ]
        return np.mean([number(one, "p") < 0.05 for one in found])

    # At 5 %; what takes neighbours for independent is wrong in some 30 %.
    assert share("none") > 0.2
    assert share("lag_1") < 0.13


def test_gaps_are_left_out_pair_by_pair_as_by_pandas():
    keep = np.random.default_rng(3).random((3, 400)) < 0.7
    base = noise(400)
    some = [series(base + noise(400, 5 + i), name=f"V{i}", kept=keep[i]) for i in range(3)]
    wanted = pd.concat([table_of(one) for one in some], axis=1, sort=True)
    for kind in KINDS:
        found = answer(*some, method=kind)
        table = np.array(found["matrices"]["r"])
        assert table == pytest.approx(wanted.corr(method=kind).to_numpy())
        assert (table == table.T).all()
    assert number(found, "n", 1, 2) == (keep[1] & keep[2]).sum()
    assert [one["variable"] for one in found["series"]] == ["V0", "V1", "V2"]


def test_months_are_those_of_pandas_and_complete_in_both():
    days = np.arange("2001-01-01", "2005-01-01", dtype="datetime64[D]")
    keep = ~((days >= np.datetime64("2002-05-05")) & (days < np.datetime64("2002-07-20")))
    x = series(noise(days.size, 1))
    y = series(x.values + noise(days.size, 2), kept=keep)
    months = pd.concat([table_of(one).resample("MS").mean() for one in (x, y)], axis=1)
    months = months.drop(pd.DatetimeIndex(["2002-05-01", "2002-06-01", "2002-07-01"]))
    found = answer(x, y, step="month")
    assert number(found, "r") == pytest.approx(months.corr().iloc[0, 1])
    assert [number(found, "n"), found["n"]] == [45, 45]
    assert found["series"][1]["incomplete"] == 4 + 12
    assert found["units"]["lag"] == "P1M"


@pytest.mark.parametrize(("seasons", "line"), [(True, False), (False, True), (True, True)])
def test_without_seasons_and_line_it_is_the_partial_correlation_of_statsmodels(seasons, line):
    days = pd.date_range("2001-01-01", "2003-12-31")
    x = noise(days.size, 1) + 5 * np.sin(np.arange(days.size) / 58) + 0.01 * np.arange(days.size)
    y = noise(days.size, 2) + 4 * np.sin(np.arange(days.size) / 58) + 0.02 * np.arange(days.size)
    design = pd.get_dummies(days.month).to_numpy(float) if seasons else np.ones((days.size, 1))
    if line:
        design = np.column_stack([design, np.arange(days.size)])
    left = [sm.OLS(one, design).fit().resid for one in (x, y)]
    fit = sm.OLS(y, np.column_stack([x, design])).fit()
    found = answer(series(x), series(y), effective_size="none", deseasonalise=seasons, detrend=line)
    assert number(found, "r") == pytest.approx(np.corrcoef(*left)[0, 1], rel=1e-9)
    assert number(found, "p") == pytest.approx(fit.pvalues[0], rel=1e-6)
    assert number(found, "n_eff") == days.size - design.shape[1] + 1
    assert (found["deseasonalise"], found["detrend"]) == (seasons, line)


@pytest.mark.parametrize("step", ["raw", "day"])
def test_lags_are_shifts_as_by_pandas_and_positive_where_the_other_leads(step):
    y = noise(300, 1)
    x = np.roll(y, 4) + 0.5 * noise(300, 2)
    found = answer(series(x), series(y, kept=np.arange(300) % 17 > 0), max_lag=6, step=step)
    (lags,) = found["lags"]
    first, other = table_of(series(x)), table_of(series(y, kept=np.arange(300) % 17 > 0))
    wanted = [first.corr(other.shift(lag, freq="D")) for lag in range(-6, 7)]
    assert lags["r"] == pytest.approx(wanted)
    assert lags["lag"] == list(range(-6, 7))
    assert lags["strongest"] == {"lag": 4, "r": lags["r"][10]}
    assert lags["r"][6] == number(found, "r")
    assert [lags["series"], found["units"]["lag"]] == [1, "P1D"]


def test_months_lag_by_months_however_long_they_are():
    y = noise(120)
    x = series(np.roll(y, 1), unit="M", start="2001-01", interval="P1M")
    found = answer(x, series(y, unit="M", start="2001-01", interval="P1M"), max_lag=2)
    assert found["lags"][0]["strongest"]["lag"] == 1
    assert found["lags"][0]["n"] == [118, 119, 120, 119, 118]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([], [1.0, 2, 3], "no values"),
        ([1.0], [1.0], "At least 3 pairs"),
        ([1.0, 2, 3, 4], [5.0] * 4, "all equal"),
        ([0.1] * 5, [1.0, 2, 3, 4, 5], "all equal"),
        (np.arange(5.0), np.arange(5.0) ** 2, None),
        (1e300 * noise(20), 1e-300 * noise(20, 2), None),
        (1.7e308 * np.sign(noise(20)), noise(20, 2), None),
    ],
    ids=["none", "one", "constant", "rounding", "short", "huge", "largest"],
)
def test_odd_series_have_numbers_or_a_reason(kind, x, y, words):
    found = answer(series(x), series(y), method=kind, max_lag=2)
    reasons = [one["reason"] for one in found["reasons"]]
    assert (words in reasons[0]) if words else not reasons
    assert (number(found, "r") is None) == (words is not None)
    assert found["series"][0]["n_values"] == len(x)


def test_removing_an_exact_line_or_season_leaves_nothing():
    line = series(0.1 * np.arange(500))
    assert "equal" in answer(line, series(noise(500)), detrend=True)["reason"]
    season = series(pd.date_range("2001-01-01", periods=800).month.to_numpy() / 10)
    assert "equal" in answer(season, series(noise(800)), deseasonalise=True)["reason"]


def test_what_has_hardly_two_independent_pairs_has_no_test():
    # Two years of months, and what the seasons leave of a line are two levels.
    line = series(np.arange(24.0), unit="M", start="2001-01", interval="P1M")
    found = answer(line, line, deseasonalise=True)
    assert [number(found, "r"), number(found, "n_eff")] == [pytest.approx(1), 2]
    assert number(found, "p") is number(found, "lower") is None
    assert "independent" in found["reasons"][0]["reason"]


def test_series_that_never_meet_say_so():
    early, late = series(noise(50)), series(noise(50), start="2010-01-01")
    assert "share no time" in answer(early, late)["reason"]
    assert "complete month" in answer(early, late, step="month")["reason"]
    third = answer(early, late, series(noise(50, 2)))
    assert third["reason"] is None
    assert [one["series"] for one in third["reasons"]] == [[0, 1], [1, 2]]


def test_means_finer_than_the_values_are_refused():
    months = series(noise(30), unit="M", start="2001-01", interval="P1M")
    assert "too far" in answer(months, series(noise(900)), step="day")["reason"]


def test_a_lag_wants_an_interval():
    one = series([1.0], interval="")
    found = answer(one, series(noise(20)), max_lag=1)
    assert found["lags"][0]["r"] == [None, None, None]
    assert found["lags"][0]["strongest"] is None


def test_it_says_which_values_made_a_number():
    x = series(noise(100))
    y, z = series(noise(60, 2)), series(noise(100, 3), kept=np.arange(100) >= 50)
    taken: Any = {"others": [y, z], "max_lag": 5}
    by_pair = explain(x, ("matrices", "r", 0, 1), **taken)
    assert (by_pair.codes == 0).sum() == 60
    assert "other series" in by_pair.reasons[by_pair.codes[99]]
    assert (explain(x, ("matrices", "p", 2, 1), **taken).codes == 0).sum() == 0
    assert (explain(x, ("lags", 0, "r", 10), **taken).codes == 0).nonzero()[0].tolist() == list(
        range(5, 65)
    )
    assert (explain(x, ("n",), **taken).codes == 0).all()


def test_it_says_which_period_is_not_complete():
    kept = np.ones(90, bool)
    kept[35:50] = False
    found = explain(
        series(noise(90), kept=kept),
        ("matrices", "r", 0, 1),
        others=[series(noise(59, 2))],
        step="month",
        max_lag=0,
    )
    # January in both; February has gaps, March is not in the other.
    told = [found.reasons[code] for code in found.codes[[0, 31, 70]]]
    assert told == [
        "",
        "Its month is not complete: too few or far too many values, or the series ends within it.",
        "The same month is not complete in another series.",
    ]


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-100, 100), st.sampled_from(KINDS))
def test_it_sees_neither_unit_nor_zero_nor_which_is_first(seed, scale, shift, kind):
    x, y = np.round(noise(40, seed), 3), np.round(noise(40, seed) + noise(40, seed + 1), 3)
    before = answer(series(x), series(y), method=kind)["matrices"]
    after = answer(series(y), series(x * scale + shift), method=kind)["matrices"]
    for name in ("r", "p", "n_eff", "lower"):
        assert after[name][0][1] == pytest.approx(before[name][0][1], rel=1e-6)


@LAWS
@given(st.integers(0, 1000), st.sampled_from(KINDS))
def test_upside_down_it_is_the_opposite(seed, kind):
    x, y = noise(40, seed), noise(40, seed + 1)
    up = answer(series(x), series(y), method=kind)["matrices"]
    down = answer(series(x), series(-y), method=kind)["matrices"]
    assert down["r"][0][1] == pytest.approx(-up["r"][0][1])
    assert down["lower"][0][1] == pytest.approx(-up["upper"][0][1])
    assert down["p"][0][1] == pytest.approx(up["p"][0][1])


@LAWS
@given(st.lists(st.booleans(), min_size=30, max_size=30), st.sampled_from(["raw", "day"]))
def test_gaps_anywhere_leave_the_common_values(kept, step):
    x, y, kept = noise(30), noise(30, 2), np.array(kept)
    found = answer(series(x, kept=kept), series(y), step=step)
    assert number(found, "n") == kept.sum()
    if kept.sum() >= 3:
        assert number(found, "r") == pytest.approx(np.corrcoef(x[kept], y[kept])[0, 1])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"max_lag": -1}, "max_lag"),
        ({"max_lag": 10**9}, "max_lag"),
        ({"others": []}, "others"),
        ({"others": [{"variable": "A"}] * 21}, "others"),
        ({"others": [{"station": "A"}]}, "others.0.variable"),
        ({"others": "A"}, "others"),
        ({"method": "distance"}, "method"),
        ({"confidence": 1}, "confidence"),
        ({"detrend": 1}, "detrend"),
        ({"min_coverage": 0}, "min_coverage"),
    ],
)
def test_wrong_parameters_are_refused_by_name(given, named):
    whole = {"variable": "T", "others": [{"variable": "U"}]}
    assert check(analyses["correlation"], whole)["step"] == "raw"
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["correlation"], whole | given)
    assert list(caught.value.details) == [named]
