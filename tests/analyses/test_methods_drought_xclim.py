"""Drought indices beside xclim 0.62 and lmoments3 on made-up weather, in their environment."""

from typing import Any

import numpy as np
import pytest

from analyses.methods.drought import drought
from analyses.methods.evapotranspiration import days_in, hargreaves, thornthwaite
from bench import xclim

pytestmark = pytest.mark.slow
FIRST, LAST, BASE = 1961, 2010, (1971, 2000)
SCALES = [1, 3, 12, 24]
# Share of wet days and latitude; the desert has many months without rain.
CLIMATES = {"desert": (0.02, 23.0), "temperate": (0.35, 50.0), "wet": (0.7, -3.0)}


@pytest.fixture(scope="module", autouse=True)
def environment():
    if not xclim.install():
        pytest.skip("xclim cannot be installed here: there is no network, or no index of packages")


@pytest.mark.parametrize("climate", CLIMATES)
def test_spi_and_spei_are_those_of_xclim(climate):
    wet, latitude = CLIMATES[climate]
    weather = xclim.made_up(FIRST, LAST, seed=3, wet=wet)
    given: dict[str, Any] = dict(xclim.series_of(weather, FIRST, latitude=latitude))
    options: dict[str, Any] = {
        "scales": SCALES,
        "reference_start": BASE[0],
        "reference_end": BASE[1],
    }

    def ours(**more: Any) -> dict[str, Any]:
        return drought(**given, **options, limit=8.21, **more)

    balanced = ours(index="spei")
    totals = np.array(balanced["totals"])
    balance = totals - np.array(balanced["evapotranspiration"])
    arrays = {"totals": totals, "balance": balance}
    wanted, _ = xclim.reference("drought", arrays, FIRST, base=BASE, latitude=latitude)
    assert len(wanted) == 7 * len(SCALES)
    for key, theirs in wanted.items():
        index, distribution, fit, scale = key.split(".")
        found = ours(index=index, distribution=distribution, fit=fit)["values"][scale]
        values = np.array(found, np.float64)
        # Beyond the end of a distribution xclim has no number and ours is the limit.
        there = np.isfinite(values) & np.isfinite(theirs)
        assert there.sum() >= 590 - int(scale)
        # xclim takes probabilities near 1 from below, so that they have few digits left.
        near = there & (values < 5)
        np.testing.assert_allclose(values[near], theirs[near], atol=1e-8, err_msg=key)


def test_evapotranspiration_is_that_of_xclim():
    """To 7 %: xclim sums up days with Spencer's sun, ours takes the middle one with the FAO's."""
    months = np.arange("2001-01", "2011-01", dtype="datetime64[M]")
    mean = 14 - 9 * np.cos((np.arange(120) % 12) * np.pi / 6)
    tmax, tmin = mean + 6, mean - 4
    arrays = {name: np.repeat(x, days_in(months)) for name, x in (("tmax", tmax), ("tmin", tmin))}
    for latitude in (-35.0, 10.0, 48.0):
        wanted, _ = xclim.reference(
            "evapotranspiration", arrays, 2001, base=BASE, latitude=latitude
        )
        found = hargreaves(tmax, tmin, months, latitude=latitude)
        np.testing.assert_allclose(found, wanted["hargreaves"], rtol=0.07)
        found = thornthwaite((tmax + tmin) / 2, months, latitude=latitude)
        theirs = wanted["thornthwaite"] * days_in(months) / 30
        np.testing.assert_allclose(found, theirs, rtol=0.03)
