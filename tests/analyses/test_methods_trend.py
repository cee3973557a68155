"""Trends against scipy, statsmodels, NIST and the carbon dioxide of Mauna Loa."""

import json
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import theilslopes
from statsmodels.stats.stattools import durbin_watson

from analyses.methods.least_squares import least_squares
from analyses.methods.trend import trend
from datasets.series import Series

LAWS = settings(max_examples=15, deadline=None, database=None)

# NIST StRD, linear regression, Norris: y and x, with certified values.
NORRIS_TEXT = """
0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3
449.1 448.6 778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0
448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3
0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3
228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5
"""
NORRIS = np.array(NORRIS_TEXT.split(), float).reshape(-1, 2)


def series(values, *, start="1980-01-01", unit="D", every=1, interval="P1D"):
    stamps = np.datetime64(start, unit) + every * np.arange(len(values))
    return Series(
        variable="TAVG",
        unit="degC",
        station="GHCND:X",
        timestamps=stamps.astype("datetime64[us]"),
        values=np.asarray(values, float),
        interval=interval,
        left_out=2,
    )


def yearly(values, start="1980"):
    return series(values, start=start, unit="Y", interval="P1Y")


def noise(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


def years_of(some):
    return (some.timestamps - some.timestamps[0]).astype(float) / (365.2425 * 86_400e6)


def answer(some, **parameters):
    result = trend(some, **parameters)
    json.dumps(result, allow_nan=False)
    return result


def test_carbon_dioxide_at_mauna_loa_rose_by_1_3_ppm_a_year():
    # Keeling and Whorf: about 1.3 ppm a year from 1958 to 2001; weekly values with gaps.
    table = sm.datasets.co2.load_pandas().data["co2"].dropna()
    stamps = table.index.to_numpy().astype("datetime64[us]")
    co2 = Series("co2", "ppm", "MLO", stamps, table.to_numpy(float), interval="P7D")
    result = answer(co2)
    assert result["step"] == "year"
    assert result["theil_sen"]["per_year"] == pytest.approx(1.35, abs=0.1)
    assert result["least_squares"]["per_year"] == pytest.approx(1.35, abs=0.1)
    assert result["units"]["per_decade"] == "ppm per decade"
    assert result["mann_kendall"]["tau"] == 1
    assert result["mann_kendall"]["factor"] > 1
    assert result["warning"] is None


def test_least_squares_meets_the_certified_values_of_norris():
    y, x = NORRIS.T
    found = least_squares(x, y, confidence=0.95)
    assert found["per_year"] == pytest.approx(1.00211681802045, rel=1e-11)
    assert found["intercept"] == pytest.approx(-0.262323073774029, rel=1e-9)
    assert found["r_squared"] == pytest.approx(0.999993745883712, rel=1e-12)


def test_least_squares_is_that_of_statsmodels():
    some = yearly(noise(45))
    x = years_of(some)
    model = sm.OLS(some.values, sm.add_constant(x)).fit()
    found = answer(some, confidence=0.9)["least_squares"]
    low, high = model.conf_int(0.1)[1]
    assert found["per_year"] == pytest.approx(model.params[1])
    assert [found["per_decade_lower"], found["per_decade_upper"]] == pytest.approx(
        [10 * low, 10 * high]
    )
    assert [found["r_squared"], found["p"]] == pytest.approx([model.rsquared, model.pvalues[1]])
    assert found["durbin_watson"] == pytest.approx(durbin_watson(model.resid))


@pytest.mark.parametrize("count", [12, 45, 400])
def test_errors_for_dependent_residuals_are_those_of_statsmodels(count):
    some = series(noise(count).cumsum() / 10 + noise(count, 2))
    x = years_of(some)
    lags = int(4 * (count / 100) ** (2 / 9))
    model = sm.OLS(some.values, sm.add_constant(x)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    found = answer(some, step="raw", confidence=0.9)["least_squares"]
    assert found["hac_lags"] == lags
    assert found["hac_p"] == pytest.approx(model.pvalues[1])
    assert [found["hac_per_decade_lower"], found["hac_per_decade_upper"]] == pytest.approx(
        list(10 * model.conf_int(0.1)[1])
    )


def test_the_interval_is_that_of_scipy_theilslopes_at_real_times():
    whole = series(noise(300) + np.arange(300) / 100)
    kept = np.delete(np.arange(300), slice(40, 170))
    some = replace(whole, timestamps=whole.timestamps[kept], values=whole.values[kept])
    wanted = theilslopes(some.values, years_of(some), alpha=0.95)
    found = answer(some, autocorrelation="none")["theil_sen"]
    names = ("per_year", "intercept", "per_year_lower", "per_year_upper")
    assert [found[name] for name in names] == pytest.approx(list(wanted))
    assert found["per_decade"] == pytest.approx(10 * wanted.slope)
    assert found["corrected_per_year_lower"] == found["per_year_lower"]


def test_a_gap_does_not_bend_a_straight_line():
    whole = series(0.01 * np.arange(4000))
    kept = np.delete(np.arange(4000), slice(1000, 3000))
    some = replace(whole, timestamps=whole.timestamps[kept], values=whole.values[kept])
    result = answer(some, step="raw")
    assert result["theil_sen"]["per_year"] == pytest.approx(3.652425)
    assert result["least_squares"]["durbin_watson"] is None
    assert result["n"] == 2000


def test_a_corrected_interval_is_wider_than_one_for_independent_values():
    values = noise(200)
    for place in range(1, 200):
        values[place] += 0.7 * values[place - 1]
    result = answer(series(values), autocorrelation="yue_wang")
    slope, test = result["theil_sen"], result["mann_kendall"]
    assert test["factor"] > 1
    assert test["corrected_p"] > test["p"]
    assert slope["corrected_per_year_lower"] < slope["per_year_lower"]
    assert slope["corrected_per_year_upper"] > slope["per_year_upper"]


def test_the_band_is_as_narrow_as_the_line_in_the_middle_and_holds_it_at_the_ends():
    result = answer(yearly(noise(31)))
    (first, low), (last, high) = result["line"]
    left, middle, right = result["band"]
    assert [left[0], right[0]] == [first, last] == ["1980-01-01T00:00:00Z", "2010-01-01T00:00:00Z"]
    assert left[1] <= low <= left[2]
    assert right[1] <= high <= right[2]
    assert middle[1] == pytest.approx(middle[2])


def test_years_are_taken_where_ten_are_complete():
    some = series(noise(3653 + 300), start="2001-01-01")
    result = answer(some)
    assert [result["step"], result["n"], result["n_values"]] == ["year", 10, 3652]
    assert result["end"] == "2010-12-31T00:00:00Z"
    assert result["start"] == "2001-01-01T00:00:00Z"
    assert result["left_out"] == 2


def test_values_are_taken_where_fewer_than_ten_years_are_complete():
    result = answer(series(noise(3600), start="2001-01-01"))
    assert [result["step"], result["n"]] == ["raw", 3600]


def test_a_year_with_too_few_values_is_left_out():
    whole = series(noise(365 * 4 + 1), start="2001-01-01")
    kept = np.delete(np.arange(whole.values.size), slice(365, 730, 4))
    some = replace(whole, timestamps=whole.timestamps[kept], values=whole.values[kept])
    assert answer(some, step="year")["n"] == 3
    assert answer(some, step="year", min_coverage=0.7)["n"] == 4


def test_the_means_of_months_are_compared_at_their_months():
    some = series(np.arange(800.0), start="2001-01-01")
    assert answer(some, step="month")["n"] == 26
    assert answer(some, step="month")["theil_sen"]["per_year"] == pytest.approx(365.2425, rel=2e-3)


@pytest.mark.parametrize(("years", "words"), [(9, "under 10"), (10, "30"), (29, "30")])
def test_a_short_series_has_a_warning(years, words):
    assert words in answer(yearly(noise(years), start="2001"))["warning"]


def test_thirty_years_have_no_warning():
    assert answer(yearly(noise(30), start="1991"))["warning"] is None


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [3.0] * 20])
@pytest.mark.parametrize("step", ["auto", "raw", "month", "year"])
@pytest.mark.parametrize("interval", ["P1D", "P1Y", ""])
def test_what_has_no_trend_says_why(values, step, interval):
    result = answer(series(values, interval=interval), step=step)
    assert result["theil_sen"] is result["mann_kendall"] is result["line"] is None
    assert result["reason"].endswith(".")


@pytest.mark.parametrize("autocorrelation", ["pre_whitening", "trend_free_pre_whitening"])
def test_whitened_values_widen_the_interval_and_say_what_was_removed(autocorrelation):
    some = yearly(noise(60).cumsum())
    result = answer(some, autocorrelation=autocorrelation)
    test, slope = result["mann_kendall"], result["theil_sen"]
    assert test["removed_autocorrelation"] > 0.5
    assert test["factor"] == 1
    assert slope["corrected_per_year_upper"] > slope["per_year_upper"]
    assert slope == answer(some)["theil_sen"] | {
        name: value for name, value in slope.items() if name.startswith("corrected")
    }


def test_three_values_have_a_trend():
    result = answer(yearly([1.0, 2.0, 4.0]))
    assert result["mann_kendall"]["s"] == 3
    assert result["theil_sen"]["per_year_lower"] == pytest.approx(1, rel=0.01)


def test_huge_values_give_no_number_that_is_not_one():
    answer(yearly(1e300 * noise(20)))


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1000, 1000))
def test_a_trend_follows_the_unit_and_does_not_see_the_zero(seed, scale, shift):
    some = yearly(np.round(noise(30, seed), 2))
    before = answer(some)
    after = answer(replace(some, values=some.values * scale + shift))
    for name in ("per_decade", "per_year_lower", "corrected_per_year_upper"):
        assert after["theil_sen"][name] == pytest.approx(
            before["theil_sen"][name] * scale, abs=1e-9
        )
    assert after["mann_kendall"]["s"] == before["mann_kendall"]["s"]


@LAWS
@given(st.integers(0, 1000))
def test_a_series_turned_upside_down_has_the_opposite_trend(seed):
    some = yearly(noise(25, seed))
    up, down = answer(some), answer(replace(some, values=-some.values))
    assert down["theil_sen"]["per_year"] == pytest.approx(-up["theil_sen"]["per_year"])
    assert down["mann_kendall"]["z"] == -up["mann_kendall"]["z"]
    assert down["mann_kendall"]["p"] == up["mann_kendall"]["p"]
