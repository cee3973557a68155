"""Climate indices: by hand, and numbers written down from xclim 0.62.0.

`test_methods_indices_xclim.py` computes all of them with xclim itself.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.indices import ALL, climate_indices
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.weather import UNITS, by_formula, series, without, year

LAWS = settings(max_examples=8, deadline=None, database=None)


def answer(**parameters):
    result = climate_indices(**parameters)
    json.dumps(result, allow_nan=False)
    return result


def annual(index, **given):
    return answer(**given, indices=[index])["annual"][index]


@pytest.fixture(scope="module")
def weather():
    return by_formula(1961, 1985)


@pytest.fixture(scope="module")
def result(weather):
    return answer(**weather, base_start=1961, base_end=1972)


# Of 1965, in the base period, and of 1981, after it: xclim 0.62.0 (window 5, bootstrap=True).
XCLIM = {
    "TXx": (29.6, 28.4),
    "TXn": (-10.4, -8.2),
    "TNx": (24.0, 23.1),
    "TNn": (-21.3, -19.2),
    "DTR": (8.0044, 7.9923),
    "Rx1day": (31.0, 31.0),
    "Rx5day": (67.3, 67.3),
    "FD": (110.0, 95.0),
    "SU": (24.0, 12.0),
    "ID": (31.0, 25.0),
    "TR": (7.0, 3.0),
    "GSL": (270.0, 280.0),
    "GDDgrow": (997.1, 901.9),
    "HDDheat": (3634.65, 3468.85),
    "CDDcold": (163.05, 96.55),
    "SDII": (12.6438, 12.7696),
    "R10mm": (73.0, 75.0),
    "R20mm": (35.0, 36.0),
    "Rnnmm": (20.0, 20.0),
    "CDD": (8.0, 8.0),
    "CWD": (3.0, 3.0),
    "PRCPTOT": (1732.2, 1762.2),
    "R95pTOT": (182.5, 182.5),
    # xclim counts days, of which both years have 365.
    "TN10p": (100 * 35.2727 / 365, 100 * 37 / 365),
    "TN90p": (100 * 46.4545 / 365, 100 * 52 / 365),
    "TX10p": (100 * 36.1818 / 365, 100 * 38 / 365),
    "TX90p": (100 * 46.4545 / 365, 100 * 52 / 365),
}


@pytest.mark.parametrize("index", XCLIM)
def test_annual_numbers_are_those_of_xclim(result, index):
    found = [result["annual"][index][place] for place in (4, 20)]
    assert found == pytest.approx(XCLIM[index], abs=5e-5)


def test_monthly_numbers_are_those_of_xclim(result):
    """May 1961 and September 1962; a percentage of 31 or 30 days."""
    monthly = result["monthly"]
    assert monthly["timestamps"][20] == "1962-09-01T00:00:00Z"
    found = [monthly[name][4] for name in ("TXx", "TNn", "DTR", "Rx5day", "TN10p")]
    assert found == pytest.approx([21.6, 2.3, 7.7968, 50.8, 100 * 3.9091 / 31], abs=2e-4)
    found = [monthly[name][20] for name in ("TXn", "TNx", "Rx1day", "TN10p", "TX10p")]
    assert found == pytest.approx([4.8, 13.0, 28.2, 100 * 9.9091 / 30, 100 * 7.9091 / 30], abs=2e-4)
    defined = {"TXx", "TXn", "TNx", "TNn", "TN10p", "TX10p", "TN90p", "TX90p", "DTR"}
    others = {"timestamps", "missing_days", "Rx1day", "Rx5day"}
    assert monthly.keys() == defined | others


def test_every_index_of_the_list_is_there(result):
    assert len(ALL) == 30
    assert result["annual"].keys() == {*ALL, "timestamps", "missing_days"}
    assert result["units"].keys() == {*ALL, "missing_days"}
    lengths = {len(result["annual"][name]) for name in [*ALL, "timestamps"]}
    assert lengths == {25}
    assert [result["not_computed"], result["reason"], result["hemisphere"]] == [{}, None, "north"]
    assert result["base"] == {"start": 1961, "end": 1972, "chosen": "as asked"}
    assert result["n"] == 3 * 9131


# ------------------------------------------------------------------ by hand


def test_thresholds_are_crossed_and_not_only_reached():
    assert annual("FD", tmin=year("tmin", 1.0, d1=0.0, d2=-0.1)) == [1]
    assert annual("SU", tmax=year("tmax", 1.0, d1=25.0, d2=25.1)) == [1]
    assert annual("ID", tmax=year("tmax", 1.0, d1=0.0, d2=-0.1)) == [1]
    assert annual("TR", tmin=year("tmin", 1.0, d1=20.0, d2=20.1)) == [1]


def test_amounts_of_rain_are_reached_and_not_only_crossed():
    rain = year("precipitation", 0.0, d1=10.0, d2=9.9, d40=20.0, d41=30.0, d60=1.0, d61=0.9)
    found = answer(precipitation=rain, rnn_mm=30)["annual"]
    assert [found[name] for name in ("R10mm", "R20mm", "Rnnmm")] == [[3], [2], [1]]
    assert found["PRCPTOT"] == pytest.approx([10 + 9.9 + 20 + 30 + 1])
    assert found["SDII"] == pytest.approx([70.9 / 5])
    assert found["CWD"] == [2]
    assert found["CDD"] == [365 - 60]
    assert [found["Rx1day"], found["Rx5day"]] == [[30], [50]]


def test_a_year_without_rain_has_no_intensity():
    found = answer(precipitation=year("precipitation"))["annual"]
    assert [found["SDII"], found["PRCPTOT"], found["CDD"], found["CWD"]] == [
        [None],
        [0],
        [365],
        [0],
    ]


def test_five_days_may_begin_in_the_month_before():
    rain = year("precipitation", 0.0, d31=7.0, d32=1.0, d36=2.0)
    assert answer(precipitation=rain)["monthly"]["Rx5day"][:3] == [7.0, 8.0, 0.0]


def test_a_spell_ends_with_the_year():
    rain = series("precipitation", "2001-01-01", np.zeros(730))
    assert annual("CDD", precipitation=rain) == [365, 365]


def season(cold_before, cold_after):
    """A year with days of 10 degC between days of 0 degC."""
    values = np.full(365, 10.0)
    values[: cold_before - 1] = values[cold_after - 1 :] = 0.0
    return values


def test_the_growing_season_is_from_the_first_warm_to_the_first_cold_spell():
    values = season(91, 301)
    values[110:115] = values[250:255] = 0.0  # five cold days end nothing
    given = {name: series(name, "2001-01-01", values) for name in ("tmax", "tmin")}
    assert annual("GSL", **given) == [301 - 91]


def test_the_growing_season_of_the_south_is_from_july_to_june():
    """Warm from 1 September 2001 to 30 April 2002: 242 days; the last year has no end."""
    values = np.zeros(730)
    values[243:485] = 10.0
    given = {n: series(n, "2001-01-01", values, latitude=-40.0) for n in ("tmax", "tmin")}
    result = answer(**given, indices=["GSL"])
    assert [result["annual"]["GSL"], result["hemisphere"]] == [[242, None], "south"]


def test_a_season_without_an_end_lasts_to_the_end_of_the_year():
    for first, length in ((1, 365), (100, 266), (366, 0)):
        values = season(first, 366)
        given = {name: series(name, "2001-01-01", values) for name in ("tmax", "tmin")}
        assert annual("GSL", **given) == [length]


def test_a_cold_spell_that_begins_with_the_last_days_of_a_year_does_not_end_its_season():
    values = np.append(season(91, 363), np.zeros(365))
    given = {name: series(name, "2001-01-01", values) for name in ("tmax", "tmin")}
    assert annual("GSL", **given) == [275, 0]


def test_warm_spells_are_counted_from_six_days_on():
    values = np.tile(np.sin(np.arange(365) / 58.1), 12)
    values[4000 - 5 : 4000] += 5  # five days
    values[4100:4106] += 5  # six
    tmax = series("tmax", "2001-01-01", values)
    found = annual("WSDI", tmax=tmax, base_start=2001, base_end=2010)
    assert found == [0] * 11 + [6]


def test_degree_days_are_of_the_mean_of_both_extremes():
    given = {"tmax": year("tmax", 20.0), "tmin": year("tmin", 10.0)}
    found = answer(**given, growing_above_degc=5, heating_below_degc=16, cooling_above_degc=14)
    names = ("GDDgrow", "HDDheat", "CDDcold", "DTR")
    assert [found["annual"][name] for name in names] == [[3650], [365], [365], [10]]


# ------------------------------------------------------------------ missing days


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ([1, 2, 3], [362, 365]),
        ([1, 2, 3, 4], [None, 365]),
        (list(range(0, 300, 20)), [350, 365]),
        (list(range(0, 320, 20)), [None, 365]),
    ],
)
def test_a_year_wants_all_but_fifteen_days_and_a_month_all_but_three(places, wanted):
    result = answer(tmin=without(places), indices=["FD", "TNn"])
    assert result["annual"]["FD"] == wanted
    assert result["annual"]["missing_days"]["tmin"] == [len(places), 0]
    assert result["monthly"]["TNn"][0] == (None if len(places) == 4 else -1.0)


def test_the_limits_can_be_chosen():
    tmin = without([1, 2, 3, 4])
    assert answer(tmin=tmin, indices=["FD"], max_missing_month=4)["annual"]["FD"] == [361, 365]
    assert answer(tmin=without([1]), indices=["FD"], max_missing_year=0)["annual"]["FD"][0] is None


def test_a_day_without_one_of_two_temperatures_is_missing_for_both():
    given = {"tmax": without([1, 2], "tmax"), "tmin": without([3, 4])}
    assert answer(**given, indices=["DTR"])["annual"]["DTR"] == [None, 0]


def test_an_unfinished_year_has_no_number():
    assert answer(tmin=without([], count=600), indices=["FD"])["annual"]["FD"] == [365, None]


def test_what_is_missing_is_left_out_with_a_reason():
    result = answer(tmax=by_formula(1961, 1980)["tmax"])
    assert result["not_computed"]["GSL"] == "There are no values of tmin."
    assert result["not_computed"]["CDD"] == "There are no values of precipitation."
    assert "GSL" not in result["annual"]
    assert result["reason"] is None
    only = answer(tmax=year("tmax"), indices=["FD"])
    assert "None of the indices" in only["reason"]


def test_thresholds_want_a_base_period_that_is_covered():
    tmax = by_formula(1961, 1985)["tmax"]
    refused = answer(tmax=tmax, base_start=1940, base_end=1970)["not_computed"]
    assert refused["TX90p"].startswith("tmax has 32 % of the days of the base period 1940–1970")
    short = answer(tmax=year("tmax"), indices=["TX90p"])
    assert short["not_computed"]["TX90p"].startswith("There is no base period")
    dry = answer(precipitation=series("precipitation", "2001-01-01", np.zeros(4000)))
    assert "no wet day" in dry["not_computed"]["R95pTOT"]


@pytest.mark.parametrize(
    ("first", "last", "base"),
    [
        (1955, 1995, (1961, 1990)),
        (1985, 2021, (1991, 2020)),
        (2001, 2012, (2001, 2012)),
        (1920, 1955, (1926, 1955)),
    ],
)
def test_the_base_period_is_the_first_usual_one_that_is_covered(first, last, base):
    values = np.arange(np.datetime64(f"{first}-01-01"), np.datetime64(f"{last + 1}-01-01")).size
    tmax = series("tmax", f"{first}-01-01", np.arange(values) % 17)
    found = answer(tmax=tmax, indices=["TXx"])["base"]
    assert (found["start"], found["end"]) == base
    assert found["chosen"]


# ------------------------------------------------------------------ odd input


@pytest.mark.parametrize(
    ("unit", "factor"), [("mm d-1", 1), ("kg m-2 s-1", 1 / 86400), ("in", 1 / 25.4), ("kg m-2", 1)]
)
def test_precipitation_may_come_in_other_units(unit, factor):
    amounts = np.arange(365) % 30 + 0.5
    wanted = annual("PRCPTOT", precipitation=series("precipitation", "2001-01-01", amounts))
    other = series("precipitation", "2001-01-01", amounts * factor, unit=unit)
    assert annual("PRCPTOT", precipitation=other) == pytest.approx(wanted)


@pytest.mark.parametrize("unit", ["degC", "", "m2", "no unit"])
def test_precipitation_in_another_unit_is_refused(unit):
    with pytest.raises(InvalidInputError) as caught:
        answer(precipitation=series("precipitation", "2001-01-01", [1.0, 2.0], unit=unit))
    assert list(caught.value.details) == ["precipitation"]


def test_a_variable_that_no_chosen_index_needs_is_left_alone():
    odd = series("precipitation", "2001-01-01", [1.0, 2.0], unit="")
    result = answer(tmin=year("tmin", -1.0), precipitation=odd, indices=["FD"])
    assert result["annual"]["FD"] == [365]
    assert list(result["variables"]) == ["tmin"]


def test_values_that_are_not_daily_are_refused():
    day = year("tmax")
    for spacing in (np.timedelta64(1, "h"), np.timedelta64(7, "D")):
        other = replace(day, timestamps=day.timestamps[:1] + np.arange(365) * spacing)
        with pytest.raises(InvalidInputError) as caught:
            answer(tmax=other)
        assert list(caught.value.details) == ["tmax"]


def test_a_thousand_years_are_the_most():
    stamps = np.array(["0900-01-01", "2001-01-01"], "datetime64[us]")
    with pytest.raises(InvalidInputError):
        answer(tmax=Series("T", "degC", "X", stamps, np.zeros(2)))


def test_without_any_series_it_is_refused():
    with pytest.raises(InvalidInputError):
        answer()


@pytest.mark.parametrize("values", [[], [3.0], [1e300] * 800, [5.0] * 800, [-1e300] * 800])
def test_odd_values_give_nulls_or_numbers_and_never_an_error(values):
    given = {name: series(name, "2001-01-01", values) for name in UNITS}
    result = answer(**given)
    assert result["reason"] is None or result["reason"].endswith(".")
    assert (result["reason"] is None) == (len(values) > 1)


def test_an_unknown_latitude_is_taken_for_northern_and_told():
    given = {n: series(n, "2001-01-01", season(91, 301), latitude=None) for n in ("tmax", "tmin")}
    result = answer(**given, indices=["GSL"])
    assert [result["hemisphere"], result["annual"]["GSL"]] == [None, [210]]


# ------------------------------------------------------------------ laws


@LAWS
@given(st.integers(-30, 30))
def test_warming_by_the_same_everywhere_leaves_percentiles_as_they_are(shift):
    tmax = by_formula(1961, 1974)["tmax"]
    # No value is as large as a threshold, so rounding decides nothing.
    before = replace(tmax, values=tmax.values + np.arange(tmax.values.size) * 1e-7)
    after = replace(before, values=before.values + shift)
    names = ["TX10p", "TX90p", "WSDI"]
    options = {"indices": names, "base_start": 1961, "base_end": 1971}
    found, wanted = (answer(tmax=one, **options)["annual"] for one in (after, before))
    assert [found[name] for name in names] == [wanted[name] for name in names]


@LAWS
@given(st.lists(st.integers(0, 729), max_size=60))
def test_gaps_anywhere_make_no_count_larger(places):
    whole = np.sin(np.arange(730) / 20.0) * 30
    gappy = whole.copy()
    gappy[places] = np.nan
    options = {"indices": ["FD", "TR"], "max_missing_year": 366, "max_missing_month": 31}
    most = answer(tmin=series("tmin", "2001-01-01", whole), **options)["annual"]
    found = answer(tmin=series("tmin", "2001-01-01", gappy), **options)["annual"]
    for name in ("FD", "TR"):
        assert all(few <= many for few, many in zip(found[name], most[name], strict=True))


# ------------------------------------------------------------------ the declaration


def test_everything_may_be_left_out():
    given = check(analyses["indices"], {})
    assert given["indices"] == ALL
    assert [given["base_start"], given["max_missing_year"]] == [None, 15]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"indices": []}, "indices"),
        ({"indices": ["FD", "FD"]}, "indices"),
        ({"indices": ["XX"]}, "indices"),
        ({"base_start": 1961}, "base_end"),
        ({"base_end": 1990}, "base_start"),
        ({"base_start": 1990, "base_end": 1961}, "base_end"),
        ({"base_start": 1961, "base_end": 1965}, "base_end"),
        ({"base_start": 1700, "base_end": 2000}, "base_end"),
        ({"rnn_mm": -1}, "rnn_mm"),
        ({"rnn_mm": 1e9}, "rnn_mm"),
        ({"growing_above_degc": 1e9}, "growing_above_degc"),
        ({"max_missing_year": -1}, "max_missing_year"),
        ({"max_missing_month": 32}, "max_missing_month"),
        ({"variable": "TMAX"}, "variable"),
    ],
)
def test_wrong_parameters_are_refused_by_name(wrong, name):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["indices"], wrong)
    assert list(caught.value.details) == [name]
