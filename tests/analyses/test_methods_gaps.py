"""Gaps: counted against pandas, judged by the rule of the WMO, filled with known errors."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.gaps import explain, gaps
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError

LAWS = settings(max_examples=20, deadline=None, database=None)


def series(values, stamps=None, station="X", interval="P1D"):
    if stamps is None:
        stamps = np.datetime64("2001-01-01") + np.arange(len(values))
    stamps = np.asarray(stamps, "datetime64[us]")
    return Series("TMAX", "degC", station, stamps, np.asarray(values, float), interval=interval)


def without(some, *gone):
    kept = np.setdiff1d(np.arange(some.values.size), gone)
    return replace(some, timestamps=some.timestamps[kept], values=some.values[kept])


def answer(some, **given):
    result = gaps(some, **given)
    json.dumps(result, allow_nan=False)
    lengths = {len(column) for column in result["filled"].values()}
    assert lengths == {result["fill"]["n_filled"] if result["fill"] else 0}
    return result


def normal(n, seed=7):
    return np.random.default_rng(seed).normal(size=n)


def weather(n=3653, seed=7):
    """Ten years of days: a season and noise that is alike from one day to the next."""
    noise = np.convolve(normal(n + 4, seed), np.ones(5) / 5, "valid") * 3
    return 12 + 9 * np.sin(np.arange(n) * 2 * np.pi / 365.25) + noise


# ---------------------------------------------------------------- the list


def test_gaps_are_half_open_windows_the_longest_first():
    some = without(series(np.arange(20.0)), 3, 7, 8, 9, 15, 16)
    result = answer(some)
    assert result["gaps"] == [
        {"start": "2001-01-08T00:00:00Z", "end": "2001-01-11T00:00:00Z", "missing": 3},
        {"start": "2001-01-16T00:00:00Z", "end": "2001-01-18T00:00:00Z", "missing": 2},
        {"start": "2001-01-04T00:00:00Z", "end": "2001-01-05T00:00:00Z", "missing": 1},
    ]
    assert (result["n_gaps"], result["expected"], result["missing"]) == (3, 20, 6)
    assert result["completeness"] == 0.7


@LAWS
@given(st.lists(st.integers(1, 98), max_size=70, unique=True), st.sampled_from(["h", "D", "MS"]))
def test_what_is_missing_is_what_pandas_finds_missing(gone, frequency):
    whole = pd.date_range("2001-01-01", periods=100, freq=frequency)
    stamps = whole.to_numpy()
    names = {"h": "PT1H", "D": "P1D", "MS": "P1M"}
    some = without(series(np.arange(100.0), stamps, interval=names[frequency]), *gone)
    result = answer(some, fill="interpolation", max_gap=100)
    expected = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in whole[sorted(gone)]]
    assert result["filled"]["timestamps"] == expected
    assert result["missing"] == sum(gap["missing"] for gap in result["gaps"]) == len(gone)


def test_months_that_are_told_at_their_end_are_missed_at_their_end():
    stamps = pd.date_range("2001-01-31", periods=24, freq="ME").to_numpy()
    result = answer(
        without(series(np.arange(24.0), stamps, interval="P1M"), 1, 2), fill="interpolation"
    )
    assert result["filled"]["timestamps"] == ["2001-02-28T00:00:00Z", "2001-03-31T00:00:00Z"]


def test_more_gaps_than_are_listed_are_counted(monkeypatch):
    monkeypatch.setattr("analyses.methods.gaps.LISTED", 2)
    result = answer(without(series(np.arange(20.0)), 3, 7, 8, 15))
    assert (result["n_gaps"], len(result["gaps"]), result["gaps"][0]["missing"]) == (3, 2, 2)


# ---------------------------------------------------------------- the rule of the WMO


@pytest.mark.parametrize(
    ("gone", "is_missing"),
    [
        (range(31, 31), False),
        (range(40, 44), False),  # four in a row
        (range(40, 45), True),  # five in a row
        (range(32, 52, 2), False),  # ten, none in a row
        (range(32, 54, 2), True),  # eleven
    ],
    ids=["none", "four in a row", "five in a row", "ten", "eleven"],
)
def test_a_month_is_missing_by_the_rule_of_the_wmo(gone, is_missing):
    # WMO-No. 1203 (2017): more than 10 days, or 5 or more in a row.
    result = answer(without(series(weather(365)), *gone))
    february = result["months"][1]
    assert february == {
        "month": "2001-02", "days": 28, "missing_days": len(gone), "is_missing": is_missing,
    }  # fmt: skip
    (year,) = result["years"]
    assert (year["is_missing"], year["missing_months"]) == (is_missing, int(is_missing))
    assert (year["days"], year["missing_days"]) == (365, len(gone))


def test_a_year_that_begins_in_march_is_not_whole():
    stamps = np.datetime64("2001-03-01") + np.arange(306)
    result = answer(series(weather(306), stamps))
    assert (len(result["months"]), result["missing"]) == (10, 0)
    assert result["years"][0]["missing_months"] == 2
    assert result["years"][0]["missing_days"] == 59


def test_a_day_of_hours_counts_with_enough_of_them():
    stamps = np.datetime64("2001-01-01T00") + np.arange(31 * 24)
    some = without(series(normal(744), stamps, interval="PT1H"), *range(24, 24 * 6, 2))
    assert answer(some, min_coverage=0.8)["months"][0]["is_missing"] is True
    assert answer(some, min_coverage=0.5)["months"][0]["missing_days"] == 0


def test_monthly_values_are_there_or_not():
    stamps = np.arange("2001-01", "2003-01", dtype="datetime64[M]")
    result = answer(without(series(np.arange(24.0), stamps, interval="P1M"), 3))
    assert [row["is_missing"] for row in result["years"]] == [True, False]
    assert result["months"][3]["missing_days"] == 30


def test_values_further_apart_have_no_months_and_a_reason():
    result = answer(series([1, 2, 3], ["2001-01-01", "2001-01-06", "2001-01-11"], interval="P5D"))
    assert (result["months"], result["years"]) == ([], [])
    assert "P5D apart" in result["rule_reason"]


# ---------------------------------------------------------------- filled


def test_interpolation_is_that_of_numpy_in_time():
    some = without(series(weather(200)), 50, 51, 52, 100)
    result = answer(some, fill="interpolation")
    missing = (np.datetime64("2001-01-01") + np.array([50, 51, 52, 100])).astype("datetime64[us]")
    expected = np.interp(missing.astype(float), some.timestamps.astype(float), some.values)
    assert result["filled"]["values"] == pytest.approx(expected, rel=1e-12)


def test_a_longer_gap_is_left():
    some = without(series(weather(200)), *range(50, 56), 100)
    fill = answer(some, fill="interpolation")["fill"]
    assert (fill["n_filled"], fill["n_left"], fill["max_gap"]) == (1, 6, 5)
    assert answer(some, fill="interpolation", max_gap=6)["fill"]["n_filled"] == 7


def test_the_expected_error_of_interpolation_is_that_on_hidden_values():
    # The middle of two neighbours of independent normal values is off by sqrt(1 + 1/2).
    some = without(series(normal(20_000)), 9000)
    result = answer(some, fill="interpolation")
    assert result["filled"]["expected_errors"] == pytest.approx([1.5**0.5], rel=0.05)
    assert result["fill"]["cross_validation"]["rmse"] == pytest.approx(1.5**0.5, rel=0.05)
    assert result["fill"]["cross_validation"]["skill"] == pytest.approx(-0.5, abs=0.1)


def test_a_straight_line_is_interpolated_without_error():
    result = answer(without(series(np.arange(100.0)), 40, 41), fill="interpolation")
    assert result["filled"]["values"] == [40.0, 41.0]
    assert result["filled"]["expected_errors"] == pytest.approx([0, 0], abs=1e-12)


def test_no_stretch_is_hidden_across_a_gap_that_stays():
    line = np.append(np.arange(50.0), 1e6 + np.arange(50.0))
    stamps = np.datetime64("2001-01-01") + np.arange(100) + 30 * (np.arange(100) >= 50)
    result = answer(without(series(line, stamps), 20), fill="interpolation")
    assert result["fill"]["n_left"] == 30
    assert result["filled"]["expected_errors"] == pytest.approx([0], abs=1e-9)


def test_climatology_is_the_mean_of_the_days_around_in_other_years():
    whole = series(weather())
    gone = 5 * 365 + 150
    some = without(whole, gone)
    result = answer(some, fill="climatology", reference_start=2001, reference_end=2010)
    table = pd.Series(some.values, pd.DatetimeIndex(some.timestamps))
    date = whole.timestamps[gone].astype("datetime64[s]").item()
    around = [
        table[pd.Timestamp(year, date.month, date.day) + pd.Timedelta(days=shift)]
        for year in range(2001, 2011)
        for shift in range(-7, 8)
        if (year, shift) != (date.year, 0)
    ]
    assert result["filled"]["values"] == pytest.approx([np.mean(around)], rel=1e-12)
    # Noise of standard deviation 3/sqrt(5), and a little for the normal's own.
    assert result["filled"]["expected_errors"][0] == pytest.approx(1.34, rel=0.25)


def test_climatology_is_tried_on_years_that_it_was_not_made_of():
    # Independent normal values of m years: the error of a mean of the others is sqrt(1 + 1/(m-1)).
    stamps = np.arange("1971-01", "2001-01", dtype="datetime64[M]")
    some = without(series(normal(360), stamps, interval="P1M"), 200)
    found = answer(some, fill="climatology", reference_start=1971, reference_end=2000)
    assert found["fill"]["cross_validation"]["n"] == 359
    expected = normal(360).std() * (1 + 1 / 29) ** 0.5
    assert found["fill"]["cross_validation"]["rmse"] == pytest.approx(expected, rel=0.03)
    assert found["filled"]["timestamps"] == ["1987-09-01T00:00:00Z"]


def test_a_leap_day_has_a_normal():
    some = series(weather(1461))
    leap = int((np.datetime64("2004-02-29") - np.datetime64("2001-01-01")).astype(int))
    result = answer(
        without(some, leap), fill="climatology", reference_start=2001, reference_end=2004
    )
    assert result["filled"]["timestamps"] == ["2004-02-29T00:00:00Z"]


def network(n=1461, stations=4):
    truth = weather(n)
    here = series(truth + 0.2 * normal(n, 1))
    others = [
        series(3 + 0.8 * truth + 0.2 * (1 + number) * normal(n, 2 + number), station=f"N{number}")
        for number in range(stations)
    ]
    return here, others


def test_neighbours_fill_with_the_error_that_they_say():
    here, others = network()
    gone = np.arange(600, 700)
    result = answer(without(here, *gone), fill="neighbours", neighbours=others)
    errors = np.array(result["filled"]["values"]) - here.values[gone]
    told = np.sqrt(np.mean(np.square(result["filled"]["expected_errors"])))
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(told, rel=0.25)
    tried = result["fill"]["cross_validation"]
    assert tried["n"] == 1361
    assert tried["rmse"] < 0.4
    assert tried["skill"] > 0.9
    assert tried["correlation"] > 0.99


def test_one_neighbour_is_the_line_of_numpy():
    # numpy.polyfit over May, June and July, the months around the missing day.
    here, (other, *_) = network()
    gone = 161
    some = without(here, gone)
    months = pd.DatetimeIndex(some.timestamps).month.to_numpy()
    near = (months >= 5) & (months <= 7)
    x = without(other, gone).values
    slope, intercept = np.polyfit(x[near], some.values[near], 1)
    result = answer(some, fill="neighbours", neighbours=[other])
    assert result["filled"]["timestamps"] == ["2001-06-11T00:00:00Z"]
    expected = intercept + slope * other.values[gone]
    assert result["filled"]["values"] == pytest.approx([expected], rel=1e-9)


def test_only_the_best_neighbours_count_and_the_next_where_one_is_missing():
    here, others = network()
    some = without(here, 600)
    alone = answer(some, fill="neighbours", neighbours=others[:1])
    best = answer(some, fill="neighbours", neighbours=others, most_neighbours=1)
    assert best["filled"]["values"] == pytest.approx(alone["filled"]["values"])
    second = answer(some, fill="neighbours", neighbours=others[1:2])
    gappy = [without(others[0], 600), *others[1:]]
    next_best = answer(some, fill="neighbours", neighbours=gappy, most_neighbours=1)
    assert next_best["filled"]["values"] == pytest.approx(second["filled"]["values"])


def test_rain_is_not_filled_below_nothing():
    wet = np.maximum(0, normal(800) * 4 - 2)
    here = without(series(wet), *range(300, 340))
    other = series(wet * 0.7 + 3 + 0.1 * normal(800, 3), station="N")
    assert min(answer(here, fill="neighbours", neighbours=[other])["filled"]["values"]) >= 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fill": "neighbours"}, "no neighbouring stations"),
        ({"fill": "climatology"}, "no complete year"),
        ({"fill": "climatology", "reference_start": 1901, "reference_end": 1902}, "3 years"),
    ],
)
def test_what_cannot_be_filled_says_why(given, words):
    result = answer(without(series(weather(100)), 50), **given)
    assert result["fill"]["n_filled"] == 0
    assert words in result["fill"]["reason"]


def test_neighbours_unlike_the_station_fill_nothing():
    here, _ = network()
    strange = series(normal(1461, 99), station="N")
    fill = answer(without(here, 50), fill="neighbours", neighbours=[strange])["fill"]
    assert (fill["n_filled"], fill["n_left"]) == (0, 1)
    assert "correlate" in fill["reason"]


def test_hours_have_no_normals_to_be_filled_with():
    stamps = np.datetime64("2001-01-01T00") + np.arange(24 * 400)
    some = without(series(normal(9600), stamps, interval="PT1H"), 500)
    assert "PT1H apart" in answer(some, fill="climatology")["fill"]["reason"]


def test_more_than_can_be_filled_is_refused_in_a_sentence():
    some = series([1, 2, 3], ["0001-01-01", "1500-01-01", "1500-01-02"])
    result = answer(some, fill="climatology")
    assert "More than 100,000" in result["fill"]["reason"]
    assert result["missing"] > 500_000


# ---------------------------------------------------------------- laws and odd input


@LAWS
@given(st.floats(0.1, 50), st.floats(-300, 300), st.sampled_from(["interpolation", "climatology"]))
def test_a_change_of_unit_changes_what_is_filled_alike(scale, shift, way):
    some = without(series(weather(1461) - 40), 50, 700, 701)
    before = answer(some, fill=way)["filled"]
    after = answer(replace(some, values=some.values * scale + shift - 3000), fill=way)["filled"]
    expected = np.array(before["values"]) * scale + shift - 3000
    assert after["values"] == pytest.approx(expected, rel=1e-9)
    errors = np.array(before["expected_errors"]) * scale
    assert after["expected_errors"] == pytest.approx(errors, rel=1e-6)


@pytest.mark.parametrize("way", ["none", "interpolation", "climatology", "neighbours"])
@pytest.mark.parametrize(
    "values",
    [[], [1.0], [5.0] * 800, [1e308, -1e308] * 400, [1e300] * 800],
    ids=["empty", "one", "constant", "huge", "large"],
)
def test_odd_series_have_a_result(values, way):
    some = without(series(values), 100, 400, 401)
    others = [replace(some, station="N", values=some.values + 1)] if values else []
    result = answer(some, fill=way, neighbours=others)
    if not values:
        assert result["reason"] == "There are no values."
        assert result["completeness"] is None


@pytest.mark.parametrize("interval", ["P1D", ""])
def test_one_value_has_no_gap(interval):
    result = answer(series([4.0], interval=interval), fill="interpolation")
    assert (result["gaps"], result["fill"]["n_filled"]) == ([], 0)
    assert bool(result["reason"]) == (interval == "")


def test_an_explanation_names_the_values_of_a_month_or_year():
    some = series(weather(400))
    own = analyses["gaps"].own(check(analyses["gaps"], {"variable": "TMAX"}))
    found = explain(some, ("months", 1, "missing_days"), **own, neighbours=[])
    assert np.flatnonzero(found.codes == 0).tolist() == list(range(31, 59))
    found = explain(some, ("years", 1, "is_missing"), **own, neighbours=[])
    assert (found.codes == 0).sum() == 35
    for path in (("missing",), ("months", 99), ("months", "x"), ("gaps", 0)):
        assert not explain(some, path, **own, neighbours=[]).codes.any()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"fill": "magic"}, "fill"), ({"max_gap": 0}, "max_gap"), ({"max_gap": -1}, "max_gap"),
        ({"max_gap": 10**9}, "max_gap"), ({"fill": "interpolation", "max_gap": 367}, "max_gap"),
        ({"window_days": 10**9}, "window_days"), ({"min_coverage": 0}, "min_coverage"),
        ({"most_neighbours": 0}, "most_neighbours"), ({"min_correlation": 1}, "min_correlation"),
        ({"neighbours": "A"}, "neighbours"), ({"reference_start": 1}, "reference_start"),
        ({"fill": "climatology", "reference_start": 2000, "reference_end": 1990}, "reference_end"),
    ],
)  # fmt: skip
def test_hostile_parameters_are_refused_by_name(given, named):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["gaps"], {"variable": "TMAX", **given})
    assert list(caught.value.details) == [named]
