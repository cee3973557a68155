"""Pre-whitening against pymannkendall, and how often it is wrong."""

import numpy as np
import pymannkendall
import pytest
from scipy.stats import theilslopes

from analyses.methods.slopes import theil_sen
from analyses.methods.trend_line import fit, slopes
from analyses.methods.whitening import removable, whitened

WAYS = {
    "pre_whitening": pymannkendall.pre_whitening_modification_test,
    "trend_free_pre_whitening": pymannkendall.trend_free_pre_whitening_modification_test,
}


def walk(n, seed, *, ar=0.0, slope=0.0):
    noise = np.random.default_rng(seed).normal(size=n + 50)
    for place in range(1, n + 50):
        noise[place] += ar * noise[place - 1]
    return noise[50:] + slope * np.arange(n)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whitened_values_are_tested_as_by_pymannkendall(way, seed):
    y = walk(120, seed, ar=0.6, slope=0.01)
    wanted = WAYS[way](y)
    found = fit(np.arange(120.0), y, confidence=0.95, autocorrelation=way)
    assert found.corrected.s == wanted.s
    assert [found.corrected.variance, found.corrected.z, found.corrected.p] == pytest.approx(
        [wanted.var_s, wanted.z, wanted.p]
    )
    assert found.line.slope == pytest.approx(wanted.slope)
    assert found.test.p == pytest.approx(pymannkendall.original_test(y).p)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", [1, 5, 11])
def test_the_corrected_slope_is_that_of_the_whitened_values_by_scipy(way, seed):
    """As Wang and Swail 2001 have it: slope and interval of (y − r · the one before) / (1 − r)."""
    y = walk(40, seed, ar=0.7, slope=0.02)
    found = fit(np.arange(40.0), y, confidence=0.5, autocorrelation=way)
    r = found.removed
    assert r > 0
    wanted = theilslopes((y[1:] - r * y[:-1]) / (1 - r), np.arange(1.0, 40.0))
    assert found.wide.slope == pytest.approx(wanted.slope)
    assert found.wide.lower <= found.wide.slope <= found.wide.upper
    told = slopes(found.line, found.wide)
    assert told["per_decade"] == pytest.approx(10 * found.line.slope)
    assert told["corrected_per_decade"] == pytest.approx(10 * wanted.slope)
    middle = found.wide.intercept + found.wide.slope * 19.5
    assert middle == pytest.approx(found.line.intercept + found.line.slope * 19.5)


def test_what_is_not_alike_is_not_whitened():
    y = walk(100, 3)
    found = fit(np.arange(100.0), y, confidence=0.95, autocorrelation="trend_free_pre_whitening")
    assert found.removed == 0
    assert found.corrected == found.test
    assert found.wide == found.line


def test_values_that_alternate_are_not_made_surer():
    assert removable(walk(100, 2, ar=-0.7), confidence=0.95) == 0


def test_the_limit_of_chance_is_that_of_anderson():
    # 100 values, 95 %: (1.96 · √98 − 1) / 99 = 0.186.
    rates = [removable(walk(100, seed), confidence=0.95) for seed in range(300)]
    found = [rate for rate in rates if rate]
    assert min(found) > 0.1858
    assert len(found) / 300 < 0.05


def test_whitened_noise_is_white_again_and_keeps_its_trend():
    y = walk(2000, 4, ar=0.8, slope=0.05)
    x = np.arange(2000.0)
    slope = theil_sen(x, y, confidence=0.95).slope
    found = whitened(x, y, slope=slope, r=0.8, share=0.2) / 0.2
    assert np.polyfit(x[1:], found, 1)[0] == pytest.approx(0.05, abs=0.001)
    assert removable(found - 0.05 * x[1:], confidence=0.95) < 0.1


def test_a_gap_does_not_bend_a_whitened_line():
    x = np.concatenate([np.arange(50.0), np.arange(500.0, 550.0)])
    found = whitened(x, 2 * x, slope=2.0, r=0.9, share=0.1)
    assert np.diff(found) / np.diff(x[1:]) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("way", "low", "high"),
    [("pre_whitening", 0.03, 0.12), ("trend_free_pre_whitening", 0.3, 0.55)],
)
def test_the_trend_free_way_cries_wolf_and_its_interval_does_not(way, low, high):
    # Wang et al. 2015, doi:10.3390/w7126673, find it to be too sure as well.
    wrong = misses = 0
    for seed in range(150):
        found = fit(np.arange(100.0), walk(100, seed, ar=0.6), confidence=0.95, autocorrelation=way)
        wrong += found.corrected.p < 0.05
        misses += not found.wide.lower <= 0 <= found.wide.upper
    assert low < wrong / 150 < high
    assert misses / 150 < 0.16


@pytest.mark.parametrize("way", WAYS)
def test_an_exact_line_and_few_values_have_their_slope(way):
    for y in ([1.0, 2.0, 4.0], [0.0, 0.0, 0.0, 1.0], 0.5 * np.arange(30)):
        found = fit(np.arange(float(len(y))), np.array(y), confidence=0.95, autocorrelation=way)
        assert np.isfinite([found.wide.lower, found.wide.upper, found.corrected.p]).all()
