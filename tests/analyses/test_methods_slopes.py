"""Theil–Sen slopes and the Mann–Kendall test against scipy and pymannkendall."""

import tracemalloc

import numpy as np
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, theilslopes

from analyses.methods import slopes
from analyses.methods.autocorrelation import autocorrelations, sample_size_factor
from analyses.methods.mann_kendall import (
    hamed_rao,
    mann_kendall,
    variance_factor,
    yue_wang,
)
from analyses.methods.slopes import (
    count_inversions,
    list_inversions,
    select_slopes,
    slopes_between,
    theil_sen,
)
from tests.timing import assert_within, seconds_of

LAWS = settings(max_examples=25, deadline=None, database=None)
VALUES = st.lists(st.integers(-50, 50).map(lambda number: number / 10), min_size=3, max_size=40)


def walk(n, seed, *, ar=0.0, slope=0.0):
    """First-order autoregressive noise on a slope."""
    noise = np.random.default_rng(seed).normal(size=n)
    for place in range(1, n):
        noise[place] += ar * noise[place - 1]
    return noise + slope * np.arange(n)


def all_slopes(x, y):
    first, second = np.triu_indices(x.size, 1)
    return np.sort((y[second] - y[first]) / (x[second] - x[first]))


@LAWS
@given(st.permutations(range(23)))
def test_inversions_are_counted_and_listed_as_by_hand(numbers):
    pairs = {(b, a) for i, a in enumerate(numbers) for b in numbers[i + 1 :] if a > b}
    assert count_inversions(np.array(numbers)) == len(pairs)
    assert set(zip(*map(np.ndarray.tolist, list_inversions(np.array(numbers))), strict=True)) == (
        pairs
    )


@LAWS
@given(VALUES, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_slope_intercept_and_interval_are_those_of_scipy_theilslopes(values, confidence):
    y, x = np.array(values), np.arange(len(values), dtype=np.float64) ** 1.2
    wanted = theilslopes(y, x, alpha=confidence)
    line = theil_sen(x, y, confidence=confidence)
    assert [line.slope, line.intercept, line.lower, line.upper] == pytest.approx(list(wanted))


@LAWS
@given(st.lists(st.integers(-40, 40), min_size=30, max_size=90), st.integers(0, 10**6))
def test_slopes_selected_by_counting_are_those_found_by_sorting(values, place):
    y, x = np.array(values) / 10, np.cumsum(1.0 + np.arange(len(values)) % 3)
    wanted = all_slopes(x, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slopes, "DIRECT_UP_TO", 0)
        patch.setattr(slopes, "LISTED_UP_TO", 20)
        patch.setattr(slopes, "SAMPLED", 300)
        found = select_slopes(x, y, [place % wanted.size])
    assert found[0] == pytest.approx(wanted[place % wanted.size], abs=1e-12)


@pytest.mark.parametrize("decimals", [15, 1, 0])
def test_more_values_than_scipy_is_given_have_the_slope_scipy_would_find(decimals):
    y = np.round(walk(2100, 3, slope=0.002), decimals)
    x = np.arange(2100) / 365.2425
    wanted = all_slopes(x, y)
    ranks = [wanted.size // 3, wanted.size // 2]
    assert select_slopes(x, y, ranks) == pytest.approx(list(wanted[ranks]), rel=1e-12)


def test_an_exact_line_of_many_values_has_its_slope():
    x = np.arange(3000) / 365.2425
    assert theil_sen(x, 3 + 0.02 * x, confidence=0.95).slope == pytest.approx(0.02)


def test_values_that_are_mostly_equal_have_no_slope_at_all():
    y = np.maximum(walk(2100, 6) - 1, 0)
    line = theil_sen(np.arange(2100.0), y, confidence=0.95)
    assert [line.slope, line.lower, line.upper] == [0, 0, 0]


def test_slopes_between_two_slopes_are_strictly_between_them():
    x, y = np.arange(50.0), walk(50, 1)
    wanted = all_slopes(x, y)
    low, high = wanted[100:102].mean(), wanted[299:301].mean()
    found = np.sort(slopes_between(x, y, low=low, high=high))
    assert found.tolist() == wanted[101:300].tolist()


@pytest.mark.slow
def test_a_century_of_days_takes_under_two_seconds():
    x = np.arange(36_500) / 365.2425
    y = np.round(walk(36_500, 5, slope=0.0001) + 10 * np.sin(2 * np.pi * x), 1)
    assert_within(2, lambda: seconds_of(lambda: theil_sen(x, y, confidence=0.95)))


@pytest.mark.slow
def test_a_century_of_days_takes_under_150_megabytes():
    x, y = np.arange(36_500.0), np.round(walk(36_500, 5, slope=0.0001), 1)
    tracemalloc.start()
    theil_sen(x, y, confidence=0.95)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 150e6


@pytest.mark.parametrize("decimals", [15, 1, 0])
def test_mann_kendall_is_the_original_test_of_pymannkendall(decimals):
    y = np.round(walk(80, 7, slope=0.01), decimals)
    wanted = pymannkendall.original_test(y)
    found = mann_kendall(y)
    assert found.s == wanted.s
    assert [found.variance, found.z, found.p] == pytest.approx([wanted.var_s, wanted.z, wanted.p])
    assert found.tau == pytest.approx(kendalltau(np.arange(80), y).statistic)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hamed_and_rao_is_the_modification_of_pymannkendall(seed):
    # 120 values have an even number of slopes, so that no two residuals tie but for rounding.
    y = walk(120, seed, ar=0.6, slope=0.02)
    wanted = pymannkendall.hamed_rao_modification_test(y, alpha=0.1)
    slope = theil_sen(np.arange(120.0), y, confidence=0.9).slope
    factor = hamed_rao(y - slope * np.arange(120), confidence=0.9)
    found = mann_kendall(y, factor=factor)
    assert [found.variance, found.z, found.p] == pytest.approx([wanted.var_s, wanted.z, wanted.p])


@pytest.mark.parametrize("lag", [1, 5, 99])
def test_the_sample_size_of_yue_and_wang_is_that_of_pymannkendall(lag):
    y = walk(100, 4, ar=0.5)
    wanted = pymannkendall.yue_wang_modification_test(y, lag=lag)
    slope = theil_sen(np.arange(100.0), y, confidence=0.95).slope
    rho = autocorrelations(y - slope * np.arange(100))[1 : lag + 1]
    plain_variance = pymannkendall.original_test(y).var_s
    assert sample_size_factor(rho, 100) == pytest.approx(wanted.var_s / plain_variance)


def test_yue_and_wang_is_the_closed_form_for_one_lag():
    # Matalas and Langbein 1962: 1 + 2 (r^(n+1) − n r² + (n−1) r) / (n (r−1)²).
    y = walk(60, 9, ar=0.7)
    r, n = autocorrelations(y)[1], 60
    wanted = 1 + 2 * (r ** (n + 1) - n * r**2 + (n - 1) * r) / (n * (r - 1) ** 2)
    assert yue_wang(y) == pytest.approx(wanted)


@pytest.mark.parametrize("method", ["hamed_rao", "yue_wang"])
def test_the_correction_never_shrinks_below_one(method):
    y = walk(100, 2, ar=-0.7)
    assert pymannkendall.hamed_rao_modification_test(y).var_s < (
        pymannkendall.original_test(y).var_s
    )
    assert variance_factor(y, method, confidence=0.95) == 1


@pytest.mark.parametrize(("method", "limit"), [("hamed_rao", 0.25), ("yue_wang", 0.1)])
def test_the_correction_makes_false_alarms_of_dependent_values_rarer(method, limit):
    plain, corrected = 0, 0
    for seed in range(150):
        y = walk(100, seed, ar=0.6)
        slope = theil_sen(np.arange(100.0), y, confidence=0.95).slope
        factor = variance_factor(y - slope * np.arange(100), method, confidence=0.95)
        plain += mann_kendall(y).p < 0.05
        corrected += mann_kendall(y, factor=factor).p < 0.05
    assert plain / 150 > 0.3
    assert corrected / 150 < limit
