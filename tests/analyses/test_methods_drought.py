"""Drought indices: FAO-56, Vicente-Serrano et al. 2010, McKee et al. 1993, and xclim 0.62.0.

`test_methods_drought_xclim.py` computes all of them with xclim itself.
"""

import json
from dataclasses import replace
from math import gamma
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analyses.methods.drought import SCALES, drought, explain
from analyses.methods.drought_events import events
from analyses.methods.standardized import TAILS, fitted, rolling_sums, standardized
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError

LAWS = settings(max_examples=8, deadline=None, database=None)
N = np.arange(360)
# Thirty years of months without a random number; 28 of a hundred are dry.
TOTALS = np.where(
    N * N % 11 < 2,
    0.0,
    np.round((N * 7907 % 89) ** 1.5 / 6 * (1.2 + np.cos(N * np.pi / 6)), 1),
)
BALANCE = np.round(TOTALS - 60 + 40 * np.cos(N * np.pi / 6), 1)


def series(name, values, *, start="1971-01", unit="mm", step="M", latitude=50.0):
    values = np.asarray(values, np.float64)
    stamps = (np.datetime64(start, step) + np.arange(values.size)).astype("datetime64[us]")
    there = np.isfinite(values)
    interval = {"M": "P1M", "D": "P1D"}[step]
    return Series(
        name.upper(), unit, "X", stamps[there], values[there], interval=interval, latitude=latitude
    )


def rain(values=TOTALS, **options):
    return series("precipitation", values, **options)


def temperatures(mean=12.0, count=360, **options):
    season = mean - 10 * np.cos((np.arange(count) % 12) * np.pi / 6)
    tmax = series("tmax", season + 5, unit="degC", **options)
    tmin = series("tmin", season - 5, unit="degC", **options)
    return {"tmax": tmax, "tmin": tmin}


def answer(**parameters):
    result = drought(**parameters)
    json.dumps(result, allow_nan=False)
    assert {len(one) for one in result["values"].values()} <= {len(result["timestamps"])}
    return result


REFERENCE: dict[str, Any] = {"reference_start": 1971, "reference_end": 1995}
# June 1971, February 1973, July 1973, May 1979 (of months without rain) and December 2000 by xclim
# 0.62.0, for L-moments with lmoments3 1.0.8.
PLACES = [5, 25, 30, 100, 359]
XCLIM = {
    ("gamma", "app", 1): (-0.536626, -0.56277, 0.087216, -0.706303, 0.558594),
    ("gamma", "ml", 1): (-0.536235, -0.562534, 0.090222, -0.706303, 0.560117),
    ("gamma", "lmoments", 1): (-0.542724, -0.566871, 0.113042, -0.706303, 0.523459),
    ("pearson3", "lmoments", 1): (-0.470945, -0.461937, 0.066074, -0.706303, 0.353786),
    ("log_logistic", "lmoments", 1): (-0.483033, -0.451706, -0.009322, -0.706303, 0.340593),
    ("gamma", "app", 3): (None, None, 0.353524, -1.405072, 1.176217),
    ("gamma", "ml", 12): (None, None, -0.391519, 0.250704, 0.492895),
    ("gamma", "lmoments", 12): (None, None, -0.403579, 0.250752, 0.537768),
    ("pearson3", "lmoments", 12): (None, None, -0.529955, 0.116599, 0.272318),
    ("log_logistic", "lmoments", 12): (None, None, -0.578059, 0.133707, 0.343164),
}


@pytest.mark.parametrize(("distribution", "fit", "scale"), XCLIM)
def test_the_spi_is_that_of_xclim(distribution, fit, scale):
    found = answer(
        precipitation=rain(), scales=[scale], distribution=distribution, fit=fit, **REFERENCE
    )
    values = found["values"][str(scale)]
    wanted = dict(zip(PLACES, XCLIM[distribution, fit, scale], strict=True))
    for place, theirs in wanted.items():
        if theirs is not None:
            assert values[place] == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(
    ("distribution", "names"),
    [
        (stats.gamma(0.6, scale=30), {"shape": 0.6, "scale": 30}),
        (stats.gamma(7, scale=3), {"shape": 7, "scale": 3}),
        (stats.pearson3(2.4, loc=50, scale=9), {"mean": 50, "deviation": 9, "skewness": 2.4}),
        (stats.pearson3(-0.8, loc=5, scale=9), {"mean": 5, "deviation": 9, "skewness": -0.8}),
    ],
)
def test_a_fit_finds_what_made_a_sample(distribution, names):
    """Quantiles of scipy's distributions."""
    sample = distribution.ppf((np.arange(50_000) + 0.5) / 50_000)
    kind: Any = "gamma" if "shape" in names else "pearson3"
    found: Any = fitted(1, sample, distribution=kind, way="lmoments", has_zeros=False).parameters
    assert found == pytest.approx(names, rel=0.003)
    quantiles = TAILS[kind](found, distribution.ppf([0.01, 0.5, 0.99]))
    assert quantiles[0] == pytest.approx([0.01, 0.5, 0.99], abs=0.002)


@pytest.mark.parametrize(
    ("distribution", "wanted"),
    [
        ("pearson3", (0.185287, -1.74603, 1.363813)),
        ("log_logistic", (0.198481, -1.655054, 1.400176)),
    ],
)
def test_a_balance_is_standardized_as_by_xclim(distribution, wanted):
    found, _ = standardized(
        rolling_sums(BALANCE, 3),
        N % 12 + 1,
        N < 25 * 12,
        distribution=distribution,
        way="lmoments",
        has_zeros=False,
    )
    assert found[[30, 100, 359]] == pytest.approx(wanted, abs=1e-6)


def test_the_log_logistic_is_that_of_the_paper():
    """Equations 6 to 10 of Vicente-Serrano et al. 2010, with unbiased moments."""
    sample = BALANCE[5::12]
    x, n = np.sort(sample), sample.size
    rank = np.arange(n)[::-1]  # how many are larger
    w0, w1 = x.mean(), (rank * x).sum() / (n * (n - 1))
    w2 = (rank * (rank - 1) * x).sum() / (n * (n - 1) * (n - 2))
    beta = (2 * w1 - w0) / (6 * w1 - w0 - 6 * w2)
    gammas = gamma(1 + 1 / beta) * gamma(1 - 1 / beta)
    alpha = (w0 - 2 * w1) * beta / gammas
    origin = w0 - alpha * gammas
    _, fits = standardized(
        BALANCE, N % 12 + 1, N >= 0, distribution="log_logistic", way="lmoments", has_zeros=False
    )
    fit: Any = fits[5].parameters
    # F = 1 / (1 + (α / (x − γ))^β) in the other spelling: k = −1 / β, scale = α / β.
    found = [-1 / fit["k"], fit["scale"] / -fit["k"], fit["location"] + fit["scale"] / fit["k"]]
    assert found == pytest.approx([beta, alpha, origin])


# ------------------------------------------------------------------ evapotranspiration


@pytest.mark.parametrize("formula", ["auto", "hargreaves", "thornthwaite"])
def test_the_spei_takes_evapotranspiration_off(formula):
    given = temperatures()
    result = answer(precipitation=rain(), **given, index="spei", evapotranspiration=formula)
    assert result["formula"] == ("hargreaves" if formula == "auto" else formula)
    assert result["distribution"] == "log_logistic"
    assert len(result["evapotranspiration"]) == 360
    assert result["reason"] is None
    assert result["n_periods"] == {"1": 360, "3": 358, "6": 355, "12": 349}


def test_the_mean_temperature_is_enough_for_thornthwaite():
    given = temperatures()
    mean = replace(given["tmax"], variable="TAVG", values=given["tmax"].values - 5)
    one = answer(precipitation=rain(), tmean=mean, index="spei")
    two = answer(precipitation=rain(), **given, index="spei", evapotranspiration="thornthwaite")
    assert one["values"] == two["values"]


def test_what_an_spei_lacks_is_told():
    given = temperatures()
    told = [
        answer(precipitation=rain(), index="spei"),
        answer(precipitation=rain(), tmin=given["tmin"], index="spei"),
        answer(precipitation=rain(latitude=None), **given, index="spei"),
    ]
    assert [("`tmean`" in one["reason"], one["values"]) for one in told[:2]] == [(True, {})] * 2
    assert "latitude" in told[2]["reason"]


# ------------------------------------------------------------------ droughts


def test_a_drought_is_below_zero_and_reaches_minus_one():
    """McKee et al. 1993: it begins below zero and ends with the first positive value."""
    values = np.array([0.5, -0.2, -1.2, -0.8, 0.1, -0.9, 0.3, -1.6, np.nan, -2.5])
    found = events(values)
    assert [(one.first, one.after, one.category) for one in found] == [
        (1, 4, "moderate"),
        (7, 8, "severe"),
        (9, 10, "extreme"),
    ]
    assert found[0].magnitude == pytest.approx(2.2)
    assert [found[0].peak, found[0].peak_at] == [-1.2, 2]
    assert [one.is_cut_off for one in found] == [False, True, True]


def test_droughts_are_listed_with_their_months():
    result = answer(precipitation=rain(), scales=[12])
    first = result["events"][0]
    place = result["timestamps"].index(first["start"])
    spell = result["values"]["12"][place : place + first["months"]]
    assert max(spell) < 0
    assert first["peak"] == min(spell)
    assert first["magnitude"] == pytest.approx(-sum(spell))
    assert result["timestamps"][place + first["months"]] == first["end"]


def test_numbers_end_at_the_limit():
    wide = np.array(answer(precipitation=rain(), scales=[3], limit=8)["values"]["3"][2:])
    result = answer(precipitation=rain(), scales=[3], limit=1.5)
    assert result["values"]["3"][2:] == np.clip(wide, -1.5, 1.5).tolist()
    assert [wide.min() < -1.5, wide.max() > 1.5] == [True, True]


# ------------------------------------------------------------------ months


def test_days_make_months_and_a_missing_day_unmakes_one():
    values = np.tile(np.arange(10.0), 1462)[: 40 * 365 + 10]
    values[3] = np.nan
    daily = rain(values, step="D", start="1971-01-01")
    result = answer(precipitation=daily, scales=[1])
    assert result["totals"][:2] == [None, pytest.approx(values[31:59].sum())]
    allowed = answer(precipitation=daily, scales=[1], max_missing_days=1)
    assert allowed["totals"][0] == pytest.approx(np.nanmean(values[:31]) * 31)


def test_a_rate_is_times_the_days_of_the_month():
    result = answer(precipitation=rain(np.full(24, 2.0), unit="mm d-1"), scales=[1])
    assert result["totals"][:3] == [62, 56, 62]
    same = answer(precipitation=rain(np.full(24, 2.0 / 86400), unit="kg m-2 s-1"), scales=[1])
    assert same["totals"] == pytest.approx(result["totals"])


def test_a_missing_month_is_missing_in_every_sum_with_it():
    values = TOTALS.copy()
    values[100] = np.nan
    result = answer(precipitation=rain(values), scales=[1, 3])
    assert result["missing_periods"] == {"1": 1, "3": 2 + 3}


def test_two_series_need_not_cover_the_same_months():
    given = temperatures(count=300, start="1973-01")
    result = answer(precipitation=rain(), **given, index="spei", scales=[1])
    assert result["values"]["1"][:24] == [None] * 24
    assert result["n_periods"] == {"1": 300}


# ------------------------------------------------------------------ odd input


@pytest.mark.parametrize(
    "values", [[], [3.0], [5.0] * 360, [0.0] * 360, [1e300] * 360, [1e300, 0, 2] * 120]
)
@pytest.mark.parametrize("index", ["spi", "spei"])
@pytest.mark.parametrize("fit", ["lmoments", "ml", "app"])
def test_odd_values_give_nulls_and_a_reason(values, index, fit):
    way = fit if index == "spi" else "lmoments"
    result = answer(precipitation=rain(values), **temperatures(), index=index, fit=way)
    has_number = any(one is not None for column in result["values"].values() for one in column)
    assert (result["reason"] is None) == has_number
    assert all(entry["reason"] or entry["parameters"] for entry in result["fits"])


def test_a_month_that_is_hardly_ever_wet_has_no_number_and_a_reason():
    values = np.where(N % 12 == 6, np.where(N < 30, 5.0, 0.0), TOTALS + 1)
    result = answer(precipitation=rain(values), scales=[1])
    july = result["fits"][6]
    assert [july["zeros"] > 20, july["parameters"]] == [True, None]
    assert "above zero" in july["reason"]
    assert result["values"]["1"][6::12] == [None] * 30
    assert result["reason"] is None


def test_ten_years_are_the_fewest():
    assert "wants 10 years" in answer(precipitation=rain(TOTALS[:100]))["reason"]
    assert answer(precipitation=rain(TOTALS[:132]))["reason"] is None


def test_a_series_that_has_no_months_is_refused():
    stamps = np.arange("1971", "2001", dtype="datetime64[Y]").astype("datetime64[us]")
    yearly = Series("PR", "mm", "X", stamps, np.ones(30), interval="P1Y")
    hourly = replace(temperatures()["tmax"], interval="PT1H")
    wrong: list[dict[str, Any]] = [
        {"precipitation": yearly},
        {"precipitation": rain(), "tmax": hourly, "index": "spei"},
        {"precipitation": rain(unit="degC")},
    ]
    for options in wrong:
        with pytest.raises(InvalidInputError):
            answer(**options)


# ------------------------------------------------------------------ laws


@LAWS
@given(st.floats(0.01, 100))
def test_the_unit_of_precipitation_does_not_matter(factor):
    one = answer(precipitation=rain(), scales=[3], limit=8)["values"]["3"]
    two = answer(precipitation=rain(TOTALS * factor), scales=[3], limit=8)["values"]["3"]
    assert two[2:] == pytest.approx(one[2:], abs=1e-6)


@LAWS
@given(st.integers(0, 359), st.floats(0.1, 50))
def test_more_rain_is_never_drier(place, more):
    """Beyond the reference, so that the fit stays the same."""
    values = np.append(TOTALS, TOTALS)
    before = answer(
        precipitation=rain(values), scales=[1], reference_start=1971, reference_end=2000
    )
    values[360 + place] += more
    after = answer(precipitation=rain(values), scales=[1], reference_start=1971, reference_end=2000)
    assert after["values"]["1"][360 + place] >= before["values"]["1"][360 + place]


# ------------------------------------------------------------------ explanations


def test_a_number_is_made_of_its_months_and_of_the_same_months_of_the_reference():
    some = rain()
    told = explain(some, ("values", "3", 100), precipitation=some, **REFERENCE)
    used = np.flatnonzero(told.codes == 0)
    wanted = {100, 99, 98}
    # May is the fifth month: sums of March to May of 25 years.
    wanted |= {12 * year + month for year in range(25) for month in (2, 3, 4)}
    assert set(used.tolist()) == wanted
    assert told.reasons[told.codes[359]].endswith("outside the reference period.")


def test_a_number_that_is_missing_has_no_values_but_a_reason():
    some = rain()
    told = explain(some, ("values", "3", 1), precipitation=some)
    assert (told.codes != 0).all()
    assert "missing" in told.reasons[told.codes[0]]
    assert not explain(some, ("events", 0), precipitation=some).codes.any()


def test_temperature_has_no_part_in_an_spi():
    given = temperatures()
    path = ("values", "1", 10)
    told = explain(given["tmax"], path, precipitation=rain(), **given)
    assert "not computed from" in told.reasons[told.codes[0]]
    told = explain(given["tmax"], path, precipitation=rain(), **given, index="spei")
    assert (told.codes == 0).sum() == 30


# ------------------------------------------------------------------ the declaration


def test_only_precipitation_is_wanted_and_has_usual_names():
    found = check(analyses["drought"], {})
    assert [found["scales"], found["limit"]] == [SCALES, 3.0]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"index": "pdsi"}, "index"),
        ({"scales": []}, "scales"),
        ({"scales": [0]}, "scales"),
        ({"scales": [25]}, "scales"),
        ({"scales": [3, 3]}, "scales"),
        ({"distribution": "normal"}, "distribution"),
        ({"index": "spei", "distribution": "gamma"}, "distribution"),
        ({"distribution": "pearson3", "fit": "ml"}, "fit"),
        ({"index": "spei", "fit": "app"}, "fit"),
        ({"reference_start": 2000, "reference_end": 1990}, "reference_end"),
        ({"max_missing_days": 11}, "max_missing_days"),
        ({"limit": 9}, "limit"),
        ({"limit": 0}, "limit"),
    ],
)
def test_wrong_parameters_are_refused_by_name(wrong, name):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["drought"], wrong)
    assert list(caught.value.details) == [name]
