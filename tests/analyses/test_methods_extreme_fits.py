"""Distributions of extremes against lmoments3 and scipy."""

import numpy as np
import pytest
from scipy.stats import genextreme, genpareto

from analyses.methods.extreme_fits import (
    Fit,
    fit_l_moments,
    fit_likelihood,
    l_moments,
    log_likelihood,
    probability,
    variate,
)


def test_l_moments_are_those_of_lmoments3():
    # lmoments3 1.0, tests/test_lmoments.py: sample moments, and gev as loc, scale, c = −shape.
    values = np.array([2.0, 3.0, 4.0, 2.4, 5.5, 1.2, 5.4, 2.2, 7.1, 1.3, 1.5])
    assert l_moments(values) == pytest.approx((3.23636364, 1.14181818, 0.27388535), abs=1e-8)
    fit = fit_l_moments(values, "gev")
    assert fit is not None
    assert (fit.location, fit.scale, fit.shape) == pytest.approx(
        (2.1792884, 1.3956404, 0.1555609), abs=1e-6
    )
    pareto = fit_l_moments(values - 0.7928727, "gpd")
    assert pareto is not None
    # Three parameters there, with the threshold among them: loc, scale, and shape −0.14.
    assert (pareto.scale, pareto.shape) == pytest.approx((2.7855796, -0.14), abs=1e-6)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_likelihood_finds_no_less_than_scipy_does(shape):
    # scipy's genextreme has c = −shape, its genpareto c = shape.
    values = genextreme.rvs(-shape, 0, 1, size=80, random_state=3)
    fit = fit_likelihood(values, "gev")
    assert fit is not None
    theirs = genextreme.logpdf(values, *genextreme.fit(values)).sum()
    ours = genextreme.logpdf(values, -fit.shape, fit.location, fit.scale).sum()
    assert ours >= theirs - 1e-4
    excesses = genpareto.rvs(shape, 0, 1, size=80, random_state=3)
    fit = fit_likelihood(excesses, "gpd")
    assert fit is not None
    theirs = genpareto.logpdf(excesses, *genpareto.fit(excesses, floc=0)).sum()
    assert genpareto.logpdf(excesses, fit.shape, 0, fit.scale).sum() >= theirs - 1e-4


@pytest.mark.parametrize("shape", [-0.4, -1e-6, 0.0, 1e-6, 0.4])
def test_probability_and_likelihood_are_those_of_scipy(shape):
    values = np.linspace(-4, 9, 53)
    gev, theirs = Fit("gev", 1.5, 2.0, shape), genextreme(-shape, 1.5, 2.0)
    assert probability(gev, values) == pytest.approx(theirs.cdf(values), abs=1e-9)
    inside = theirs.ppf([0.1, 0.5, 0.9])
    assert variate(gev, -np.log(-np.log([0.1, 0.5, 0.9]))) == pytest.approx(inside)
    assert log_likelihood(gev, inside) == pytest.approx(theirs.logpdf(inside).sum())
    gpd, theirs = Fit("gpd", 0.0, 2.0, shape), genpareto(shape, 0, 2.0)
    assert probability(gpd, values) == pytest.approx(theirs.cdf(values), abs=1e-9)
    inside = theirs.ppf([0.1, 0.5, 0.9])
    assert log_likelihood(gpd, inside) == pytest.approx(theirs.logpdf(inside).sum())


@pytest.mark.parametrize("family", ["gev", "gpd"])
@pytest.mark.parametrize("values", [np.full(20, 2.0), np.where(np.arange(5000) == 9, 1e9, 1.0)])
def test_what_no_distribution_fits_has_none(values, family):
    with np.errstate(all="ignore"):
        assert fit_l_moments(values, family) is None
        assert fit_likelihood(values, family) is None
