"""Potential evapotranspiration: the examples of FAO-56, and by hand."""

import numpy as np
import pytest

from analyses.methods.evapotranspiration import daylight_hours, hargreaves, radiation, thornthwaite


def test_radiation_and_daylight_are_those_of_the_fao():
    """FAO-56, examples 8 and 9: 20° S on 3 September."""
    assert radiation(246, -20.0) == pytest.approx(32.2, abs=0.05)
    assert daylight_hours(246, -20.0) == pytest.approx(11.7, abs=0.05)
    assert [float(daylight_hours(172, latitude)) for latitude in (80, -80)] == [24, 0]


def test_hargreaves_is_that_of_the_fao():
    """FAO-56, example 20: July near Lyon, 26.6 and 14.8 degC, 5.0 mm a day."""
    july = np.array(["2001-07"], "datetime64[M]")
    found = hargreaves(np.array([26.6]), np.array([14.8]), july, latitude=45.72)
    assert found / 31 == pytest.approx([5.0], abs=0.06)


def test_thornthwaite_by_hand():
    """At the equator with 20 degC all year: I = 12 · 4^1.514, and 12 hours of light."""
    months = np.arange("2001-01", "2002-01", dtype="datetime64[M]")
    heat = 12 * 4**1.514
    power = 6.75e-7 * heat**3 - 7.71e-5 * heat**2 + 1.792e-2 * heat + 0.49239
    found = thornthwaite(np.full(12, 20.0), months, latitude=0.0)
    assert found[[0, 1]] == pytest.approx([16 * (200 / heat) ** power * n / 30 for n in (31, 28)])
    assert not thornthwaite(np.full(12, -5.0), months, latitude=60.0).any()
