"""The generalised ESD test against NIST's example of Rosner's data, and itself done plainly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from analyses.methods.esd import generalised_esd

LAWS = settings(max_examples=25, deadline=None, database=None)

# NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.17.3: Rosner's 54 values, the statistics
# and critical values that it prints for up to ten outliers at 5 %, cut after three places.
ROSNER_TEXT = """
-0.25 0.68 0.94 1.15 1.20 1.26 1.26 1.34 1.38 1.43 1.49 1.49 1.55 1.56 1.58 1.65 1.69 1.70 1.76
1.77 1.81 1.91 1.94 1.96 1.99 2.06 2.09 2.10 2.14 2.15 2.23 2.24 2.26 2.35 2.37 2.40 2.47 2.54
2.62 2.64 2.90 2.92 2.92 2.93 3.21 3.26 3.30 3.59 3.68 4.30 4.64 5.34 5.42 6.01
"""
ROSNER = np.array(ROSNER_TEXT.split(), float)
STATISTICS = [3.118, 2.942, 3.179, 2.810, 2.815, 2.848, 2.279, 2.310, 2.101, 2.067]
CRITICAL = [3.158, 3.151, 3.143, 3.136, 3.128, 3.120, 3.111, 3.103, 3.094, 3.085]


def test_the_example_of_nist():
    found = generalised_esd(ROSNER, most=10)
    assert found.statistics == pytest.approx(STATISTICS, abs=1e-3)
    assert found.critical == pytest.approx(CRITICAL, abs=1e-3)
    # The first two tests are not significant and the third is: that is the point of the method.
    assert found.n_outliers == 3
    assert ROSNER[found.places[:3]].tolist() == [6.01, 5.42, 5.34]


@LAWS
@given(st.integers(0, 1000))
def test_the_order_of_the_values_does_not_matter(seed):
    shuffled = np.random.default_rng(seed).permutation(ROSNER)
    found = generalised_esd(shuffled, most=10)
    assert found.statistics == pytest.approx(generalised_esd(ROSNER, most=10).statistics)
    assert shuffled[found.places[:3]].tolist() == [6.01, 5.42, 5.34]


def plainly(values, most):
    """The robust form by its definition: the farthest from the median, again and again."""
    left, statistics, taken = values.copy(), [], []
    for _ in range(most):
        distances = np.abs(left - np.median(left))
        place = int(np.argmax(distances))
        statistics.append(distances[place] / median_abs_deviation(left, scale="normal"))
        taken.append(left[place])
        left = np.delete(left, place)
    return statistics, taken


@LAWS
@given(st.integers(0, 1000), st.integers(20, 60))
def test_the_robust_form_is_that_of_scipys_deviations(seed, n):
    values = np.random.default_rng(seed).standard_t(3, size=n)
    found = generalised_esd(values, most=8, is_robust=True)
    statistics, taken = plainly(values, 8)
    assert found.statistics == pytest.approx(statistics)
    assert values[found.places].tolist() == taken


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-100, 100), st.booleans())
def test_neither_unit_nor_zero_changes_what_is_found(seed, scale, shift, is_robust):
    values = np.random.default_rng(seed).standard_t(3, size=50)
    before = generalised_esd(values, most=10, is_robust=is_robust)
    after = generalised_esd(scale * values + shift, most=10, is_robust=is_robust)
    assert after.statistics == pytest.approx(before.statistics)
    assert after.n_outliers == before.n_outliers


def test_one_side_is_tested_at_the_whole_level():
    values = np.append(ROSNER, [-9.0])
    high = generalised_esd(values, most=5, direction="high")
    assert values[high.places].tolist() == [6.01, 5.42, 5.34, 4.64, 4.30]
    low = generalised_esd(values, most=5, direction="low")
    assert (low.n_outliers, values[low.places[0]]) == (1, -9.0)
    both = generalised_esd(values, most=5)
    assert (high.critical < both.critical).all()


@pytest.mark.parametrize("n", range(5))
def test_with_hardly_any_values_there_is_hardly_any_test(n):
    found = generalised_esd(np.arange(float(n)), most=10)
    assert found.places.size == max(0, n - 2)
    assert found.n_outliers == 0


@pytest.mark.parametrize("is_robust", [True, False])
def test_equal_values_have_no_outliers(is_robust):
    found = generalised_esd(np.full(30, 0.1), most=5, is_robust=is_robust)
    assert np.isnan(found.statistics).all()
    assert found.n_outliers == 0
