"""Regressions against NIST's certified values, R, Cook's paper and statsmodels."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.stats.stattools import durbin_watson, jarque_bera

from analyses.methods.regression import explain, regression
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.test_methods_trend import NORRIS

LAWS = settings(max_examples=10, deadline=None, database=None)
TESTED = ("standard_error", "t", "p", "lower", "upper")


def series(values, *, name="T", unit="K", start="2001-01-01", kept=None, interval="P1D", step="D"):
    stamps = (np.datetime64(start, step) + np.arange(len(values))).astype("datetime64[us]")
    mask = np.ones(stamps.size, bool) if kept is None else kept
    return Series(name, unit, "X", stamps[mask], np.asarray(values, float)[mask], interval=interval)


def noise(n, seed=1, memory=0.0):
    found = np.random.default_rng(seed).normal(size=n)
    for place in range(1, n if memory else 0):
        found[place] += memory * found[place - 1]
    return found


def answer(main, *predictors, step="raw", **parameters):
    result = regression(main, predictors=list(predictors), step=step, **parameters)
    json.dumps(result, allow_nan=False)
    return result


def column(result, name):
    return [one[name] for one in result["terms"]]


def example(n=200):
    """Two predictors that are alike, and what memory and unequal spread leave."""
    one = noise(n, 1)
    other = one + 0.5 * noise(n, 2)
    left = noise(n, 3, memory=0.6) * (1 + 0.3 * np.abs(one))
    return 10 + 2 * one - other + left, one, other


@pytest.fixture(scope="module")
def longley():
    data = sm.datasets.longley.load_pandas()
    years = {"start": "1947", "step": "Y", "interval": "P1Y", "unit": ""}
    predictors = [series(data.exog[name], name=name, **years) for name in data.exog]
    return answer(series(data.endog, **years), *predictors)


def test_coefficients_are_those_that_nist_certifies_for_longley(longley):
    # NIST StRD, linear regression, Longley: https://www.itl.nist.gov/div898/strd/lls/data/Longley.shtml
    wanted = [
        -3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
        -1.03322686717359, -0.511041056535807e-01, 1829.15146461355,
    ]  # fmt: skip
    errors = [
        890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699,
        0.214274163161675, 0.226073200069370, 455.478499142212,
    ]  # fmt: skip
    assert column(longley, "coefficient") == pytest.approx(wanted, rel=1e-10)
    assert column(longley, "standard_error") == pytest.approx(errors, rel=1e-10)
    fit = longley["fit"]
    assert fit["residual_std"] == pytest.approx(304.854073561965, rel=1e-12)
    assert fit["r_squared"] == pytest.approx(0.995479004577296, rel=1e-13)
    assert fit["f"] == pytest.approx(330.285339234588, rel=1e-10)
    assert [fit["n"], fit["df_model"], fit["df_residual"]] == [16, 6, 9]


def test_coefficients_are_those_that_nist_certifies_for_norris():
    y, x = NORRIS.T
    found = answer(series(y), series(x))
    assert column(found, "coefficient") == pytest.approx(
        [-0.262323073774029, 1.00211681802045], rel=1e-11
    )
    assert column(found, "standard_error") == pytest.approx(
        [0.232818234301152, 0.429796848199937e-03], rel=1e-11
    )
    assert found["fit"]["residual_std"] == pytest.approx(0.884796396144373, rel=1e-12)
    assert found["fit"]["f"] == pytest.approx(5436385.54079785, rel=1e-9)


def test_tests_are_those_of_r_on_longley(longley):
    # R: summary(lm(Employed ~ ., longley)): t and Pr(>|t|), adjusted R-squared, p-value of F.
    wanted_t = [-3.911, 0.177, -1.070, -4.136, -4.822, -0.226, 4.016]
    wanted_p = [0.003560, 0.863141, 0.312681, 0.002535, 0.000944, 0.826212, 0.003037]
    assert column(longley, "t") == pytest.approx(wanted_t, abs=5e-4)
    assert column(longley, "p") == pytest.approx(wanted_p, abs=5e-7)
    assert longley["fit"]["adjusted_r_squared"] == pytest.approx(0.9925, abs=5e-5)
    assert longley["fit"]["f_p"] == pytest.approx(4.984e-10, rel=1e-3)


def test_collinearity_of_longley_is_as_published(longley):
    # R: car::vif(lm(Employed ~ ., longley)); Belsley's number of the scaled terms is 110.5.
    wanted = [135.53244, 1788.51348, 33.61889, 3.58893, 399.15102, 758.98060]
    assert column(longley, "vif") == [None, *(pytest.approx(one, abs=5e-6) for one in wanted)]
    assert longley["diagnostics"]["condition_number"] == pytest.approx(110.5442, abs=5e-4)


def test_the_years_that_move_longleys_coefficients_are_those_of_cook():
    # Cook 1977, doi:10.1080/00401706.1977.10489493: distances of 1951, 1962, 1950, 1956, 1961.
    data = sm.datasets.longley.load_pandas()
    years = {"start": "1947", "step": "Y", "interval": "P1Y"}
    predictors = [series(data.exog[name], name=name, **years) for name in data.exog]
    found = answer(series(data.endog, **years), *predictors)["influence"]
    assert [one["timestamp"][:4] for one in found] == ["1951", "1962", "1950", "1956", "1961"]
    distances = [one["cooks_distance"] for one in found]
    assert distances == pytest.approx([0.61, 0.47, 0.24, 0.24, 0.17], abs=5e-3)


def test_criteria_and_diagnostics_are_those_that_statsmodels_prints_for_longley(longley):
    # statsmodels' documentation, "Ordinary Least Squares": AIC 233.2, BIC 238.6, Durbin-Watson
    # 2.559, Jarque-Bera 0.684 with 0.710, skew 0.420, kurtosis 2.434.
    fit, found = longley["fit"], longley["diagnostics"]
    assert [fit["aic"], fit["bic"]] == pytest.approx([233.2, 238.6], abs=0.05)
    assert found["durbin_watson"] == pytest.approx(2.559, abs=5e-4)
    told = found["jarque_bera"]
    assert [told["statistic"], told["p"]] == pytest.approx([0.684, 0.710], abs=5e-4)
    assert [told["skewness"], told["kurtosis"]] == pytest.approx([0.420, -0.566], abs=5e-4)


@pytest.mark.parametrize("hac_lags", [None, 0, 12])
def test_all_numbers_are_those_of_statsmodels(hac_lags):
    y, one, other = example()
    found = answer(series(y), series(one), series(other), hac_lags=hac_lags, confidence=0.9)
    exog = sm.add_constant(np.column_stack([one, other]))
    fit = sm.OLS(y, exog).fit()
    lags = 4 if hac_lags is None else hac_lags
    robust = fit.get_robustcov_results("HAC", maxlags=lags, use_correction=True, use_t=True)
    assert found["hac_lags"] == lags
    for prefix, model in (("", fit), ("hac_", robust)):
        low, high = np.asarray(model.conf_int(0.1)).T
        wanted = [model.bse, model.tvalues, model.pvalues, low, high]
        for name, values in zip(TESTED, wanted, strict=True):
            assert column(found, prefix + name) == pytest.approx(list(values), rel=1e-6)
    told = found["diagnostics"]
    lm, lm_p, f, f_p = het_breuschpagan(fit.resid, exog)
    assert list(told["breusch_pagan"].values()) == pytest.approx([lm, lm_p, f, f_p])
    assert told["durbin_watson"] == pytest.approx(durbin_watson(fit.resid))
    assert told["jarque_bera"]["p"] == pytest.approx(jarque_bera(fit.resid)[1])
    assert column(found, "vif")[1:] == pytest.approx(
        [variance_inflation_factor(exog, place) for place in (1, 2)]
    )
    assert [found["fit"]["aic"], found["fit"]["bic"]] == pytest.approx([fit.aic, fit.bic])
    distances = fit.get_influence().cooks_distance[0]
    assert [row["cooks_distance"] for row in found["influence"]] == pytest.approx(
        sorted(distances)[::-1][:5]
    )


def test_standardised_coefficients_are_those_of_standardised_values():
    some = example()
    found = answer(*(series(one) for one in some))
    y, one, other = ((values - values.mean()) / values.std() for values in some)
    fit = sm.OLS(y, np.column_stack([one, other])).fit()
    assert column(found, "standardised") == [None, *(pytest.approx(value) for value in fit.params)]


def test_neighbours_that_are_alike_make_errors_wider():
    time = noise(500, 1, memory=0.9)
    found = answer(series(time + noise(500, 2, memory=0.9)), series(time), hac_lags=20)
    assert found["terms"][1]["hac_standard_error"] > 1.5 * found["terms"][1]["standard_error"]
    assert found["diagnostics"]["lag_1_autocorrelation"] > 0.7


def test_trend_and_seasons_are_found_beside_a_predictor():
    days = pd.date_range("1991-01-01", "2020-12-31")
    share = (days.day_of_year.to_numpy() - 1) / np.where(days.is_leap_year, 366, 365)
    years = (days - days[0]).total_seconds().to_numpy() / (365.2425 * 86_400)
    index = noise(days.size)
    season = 8 * np.cos(2 * np.pi * share) + 2 * np.sin(4 * np.pi * share)
    y = 5 + 0.03 * years + 0.5 * index + season + 0.1 * noise(days.size, 2)
    found = answer(
        series(y, start="1991-01-01"),
        series(index, start="1991-01-01", name="ONI", unit="1"),
        trend=True,
        harmonics=2,
    )
    names = ["intercept", "ONI at X", "trend", "sin 1", "cos 1", "sin 2", "cos 2"]
    assert column(found, "name") == names
    assert column(found, "coefficient") == pytest.approx([5, 0.5, 0.03, 0, 8, 2, 0], abs=0.01)
    units = ["K", "K", "K per year", "K", "K", "K", "K"]
    assert column(found, "unit") == units
    assert column(found, "series") == [None, 1, None, None, None, None, None]


def test_predictors_lead_by_the_lag():
    index = noise(240)
    months = {"start": "2001-01", "step": "M", "interval": "P1M"}
    y = np.roll(index, 3) + 0.1 * noise(240, 2)
    found = answer(series(y, **months), series(index, **months), step="month", lag=3)
    assert [found["n"], found["lag_unit"]] == [237, "P1M"]
    assert found["terms"][1]["coefficient"] == pytest.approx(1, abs=0.05)
    assert found["start"] == "2001-04-01T00:00:00Z"
    assert answer(series(y, **months), series(index, **months))["fit"]["r_squared"] < 0.1


def test_only_times_that_all_have_are_taken():
    keep = np.random.default_rng(4).random((3, 100)) < 0.8
    y, one, other = example(100)
    found = answer(*(series(v, kept=k) for v, k in zip((y, one, other), keep, strict=True)))
    both = keep.all(axis=0)
    fit = sm.OLS(y[both], sm.add_constant(np.column_stack([one, other])[both])).fit()
    assert found["n"] == both.sum()
    assert column(found, "coefficient") == pytest.approx(list(fit.params))
    assert [row["not_shared"] for row in found["series"]] == list(keep.sum(axis=1) - both.sum())


def test_days_of_one_and_months_of_another_meet_in_months():
    index = noise(36)
    months = series(index, start="2001-01", step="M", interval="P1M", name="ONI")
    days = np.arange("2001-01-01", "2004-01-01", dtype="datetime64[D]")
    y = series(index[(days.astype("datetime64[M]") - np.datetime64("2001-01")).astype(int)])
    found = answer(y, months, step="month")
    assert [found["n"], found["terms"][1]["coefficient"]] == [36, pytest.approx(1)]
    assert "exact" in found["reason"]


def test_an_exact_fit_has_coefficients_but_no_tests():
    one, other = noise(50, 1), noise(50, 2)
    found = answer(series(3 + 2 * one - other), series(one), series(other))
    assert column(found, "coefficient") == pytest.approx([3, 2, -1])
    assert found["fit"]["r_squared"] == pytest.approx(1)
    assert column(found, "t") == column(found, "hac_p") == [None] * 3
    assert found["diagnostics"] is None
    assert "exact" in found["reason"]


@pytest.mark.parametrize("scale", [1, 1.8, 1e-30])
def test_terms_that_follow_from_each_other_are_named(scale):
    y, one, other = example()
    mean = series(scale * (one + other + 32), name="TAVG")
    found = answer(series(y), series(one, name="TMAX"), series(other, name="TMIN"), mean)
    assert [found["terms"], found["fit"]] == [[], None]
    assert found["reason"] == (
        "Each of TMAX at X, TMIN at X and TAVG at X follows from the others; leave one of them out."
    )
    third = series(noise(200, 9), name="PRCP")
    found = answer(series(y), series(one, name="TMAX"), third, series(one, name="TMAX2"))
    assert "PRCP" not in found["reason"]


def test_a_line_in_time_and_the_trend_are_the_same():
    found = answer(series(noise(100)), series(np.arange(100.0)), trend=True)
    assert "the trend" in found["reason"]


def test_terms_that_are_nearly_alike_are_told_by_their_inflation():
    y, one, _ = example()
    found = answer(series(y), series(one), series(one + 1e-3 * noise(200, 8)))
    assert found["reason"] is None
    assert min(column(found, "vif")[1:]) > 1e5
    assert found["diagnostics"]["condition_number"] > 1000


@pytest.mark.parametrize(
    ("y", "x", "words"),
    [
        ([], [1.0, 2, 3], "no values"),
        ([1.0], [2.0], "At least 3|at least 3"),
        ([1.0, 2.0], [2.0, 1.0], "at least 3"),
        ([3.0] * 30, np.arange(30.0), "first series are equal"),
        ([0.1] * 30, np.arange(30.0), "first series are equal"),
        (np.arange(30.0), [3.0] * 30, "T at X are equal"),
        (1e300 * noise(30), noise(30), "too large"),
        (noise(30), 1.7e308 * np.sign(noise(30)), "too large"),
        (1e-300 * noise(30), noise(30), "equal"),
        ([1.0, 2.0, 4.0], [2.0, 1.0, 7.0], None),
        (1e8 + noise(30), 1e-8 * noise(30, 2), None),
        (1e100 * noise(30), 1e-100 * noise(30, 2), None),
    ],
)
def test_odd_series_have_numbers_or_a_reason(y, x, words):
    found = answer(series(y), series(x))
    if words is None:
        assert found["reason"] is None
        assert None not in column(found, "coefficient")
    else:
        assert any(one in found["reason"] for one in words.split("|"))
        assert [found["terms"], found["fit"], found["influence"]] == [[], None, []]


def test_what_has_no_interval_has_no_lag():
    one = replace(series([1.0]), interval="")
    assert "interval" in answer(one, series(noise(20)), lag=2)["reason"]


def test_series_that_never_meet_say_so():
    found = answer(
        series(noise(50)), series(noise(50), start="2010-01-01"), trend=True, harmonics=1
    )
    assert "share no time" in found["reason"]
    assert [found["n"], found["start"]] == [0, None]


def test_more_lags_of_errors_than_values_are_as_many_as_there_are():
    found = answer(series(noise(5)), series(noise(5, 2)), hac_lags=366)
    assert found["hac_lags"] == 4


def test_it_says_which_values_were_taken():
    y, one, other = (series(values) for values in example(100))
    other = replace(other, timestamps=other.timestamps[10:], values=other.values[10:])
    found = explain(y, ("terms", 1, "p"), predictors=[one, other], step="raw", lag=5)
    assert (found.codes == 0).nonzero()[0].tolist() == list(range(15, 100))
    assert "other series" in found.reasons[found.codes[0]]
    whole = answer(y, one, other, lag=5)
    assert whole["n"] == (found.codes == 0).sum()


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-100, 100))
def test_a_coefficient_follows_the_units_and_its_test_does_not(seed, scale, shift):
    y, one, other = noise(40, seed), noise(40, seed + 1), noise(40, seed + 2)
    before = answer(series(y), series(one), series(other))
    after = answer(series(y), series(one * scale + shift), series(other))
    pairs = zip(before["terms"][1:], after["terms"][1:], [1 / scale, 1], strict=True)
    for first, second, by in pairs:
        assert second["coefficient"] == pytest.approx(first["coefficient"] * by, rel=1e-6)
        assert second["hac_t"] == pytest.approx(first["hac_t"], rel=1e-6)
    for name in ("r_squared", "aic", "f"):
        assert after["fit"][name] == pytest.approx(before["fit"][name], rel=1e-6)


@LAWS
@given(st.integers(0, 1000))
def test_the_order_of_predictors_changes_nothing(seed):
    y, one, other = (series(noise(40, seed + i)) for i in range(3))
    before, after = answer(y, one, other)["terms"], answer(y, other, one)["terms"]
    for name in ("coefficient", "hac_standard_error", "vif"):
        assert after[1][name] == pytest.approx(before[2][name])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"lag": -1}, "lag"),
        ({"lag": 10**9}, "lag"),
        ({"harmonics": 5}, "harmonics"),
        ({"harmonics": 1, "step": "year"}, "harmonics"),
        ({"hac_lags": -1}, "hac_lags"),
        ({"hac_lags": 10**9}, "hac_lags"),
        ({"trend": "yes"}, "trend"),
        ({"confidence": 1}, "confidence"),
        ({"predictors": []}, "predictors"),
        ({"predictors": [{"variable": "A"}] * 21}, "predictors"),
        ({"predictors": [{"dataset": "x"}]}, "predictors.0.variable"),
    ],
)
def test_wrong_parameters_are_refused_by_name(given, named):
    whole = {"variable": "T", "predictors": [{"variable": "U"}]}
    assert check(analyses["regression"], whole)["step"] == "month"
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["regression"], whole | given)
    assert list(caught.value.details) == [named]
