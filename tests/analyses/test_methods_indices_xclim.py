"""Climate indices beside xclim 0.62 on made-up series of several climates, in its environment."""

from typing import Any

import numpy as np
import pytest

from analyses.methods.indices import climate_indices
from bench import xclim

pytestmark = pytest.mark.slow
FIRST, LAST, BASE = 1958, 1974, (1961, 1970)
COUNTED_BY_XCLIM = {"TN10p", "TX10p", "TN90p", "TX90p"}
# mean and swing of the temperature (degC), share of wet days, latitude, share of missing days
CLIMATES = {
    "cold": (-4.0, 18.0, 0.3, 66.0, 0.0),
    "temperate with gaps": (9.0, 11.0, 0.4, 48.0, 0.02),
    "wet tropics": (26.0, 2.0, 0.7, 3.0, 0.0),
    "desert with gaps": (22.0, 9.0, 0.02, -23.0, 0.01),
    "temperate south": (10.0, -9.0, 0.4, -42.0, 0.0),
}


@pytest.fixture(scope="module", autouse=True)
def environment():
    if not xclim.install():
        pytest.skip("xclim cannot be installed here: there is no network, or no index of packages")


def weather_of(climate):
    mean, swing, wet, latitude, gaps = CLIMATES[climate]
    weather = xclim.made_up(FIRST, LAST, seed=len(climate), mean=mean, swing=swing, wet=wet)
    rng = np.random.default_rng(7)
    for values in weather.values():
        values[rng.random(values.size) < gaps] = np.nan
    if gaps:
        weather["tmax"][2000:2040] = np.nan
    return weather, latitude


def ours_of(weather, latitude, options):
    given: dict[str, Any] = dict(xclim.series_of(weather, FIRST, latitude=latitude))
    return climate_indices(**given, **options)


def observed_days(result, step, index):
    """Days that have a value, of each period: what xclim counts ours are a percentage of."""
    dates = np.array([stamp[:10] for stamp in result[step]["timestamps"]], dtype="datetime64[D]")
    ends = np.append(dates[1:], np.datetime64(f"{LAST + 1}-01-01"))
    name = "tmax" if index.startswith("TX") else "tmin"
    return (ends - dates).astype(int) - np.array(result[step]["missing_days"][name])


@pytest.mark.parametrize("climate", CLIMATES)
def test_all_indices_are_those_of_xclim(climate):
    weather, latitude = weather_of(climate)
    wanted, _ = xclim.reference("indices", weather, FIRST, base=BASE, latitude=latitude)
    options = {"base_start": BASE[0], "base_end": BASE[1]}
    limits = {"max_missing_year": 366, "max_missing_month": 31}
    result = ours_of(weather, latitude, options | limits)
    assert len(wanted) == 30 + 11
    for key, theirs in wanted.items():
        index, _, month = key.partition(".")
        if index == "GSL":
            continue
        step = "monthly" if month else "annual"
        ours = np.array(result[step][index], np.float64)
        if index in COUNTED_BY_XCLIM:
            ours *= observed_days(result, step, index) / 100
        # Where nothing was observed we have no number and xclim may have none or a zero.
        there = np.isfinite(ours)
        assert there.any() or climate.startswith("desert"), key
        np.testing.assert_allclose(ours[there], theirs[there], rtol=1e-9, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("climate", ["cold", "wet tropics", "temperate south"])
def test_the_growing_season_is_that_of_xclim(climate):
    """xclim takes a missing day, and one of 5 degC sharp, for a cold one."""
    weather, latitude = weather_of(climate)
    weather["tmax"] += 0.003  # no mean of a day is 5 degC sharp
    wanted, _ = xclim.reference("season", weather, FIRST, base=BASE, latitude=latitude)
    ours = ours_of(weather, latitude, {"indices": ["GSL"]})["annual"]["GSL"]
    # In the south xclim begins with the half year before the first July.
    theirs = wanted["GSL"][1:] if latitude < 0 else wanted["GSL"]
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None]
    assert pairs
    assert [a for a, _ in pairs] == [b for _, b in pairs]
