"""Periodograms against scipy, false alarms against chance, and spectra as they are asked for."""

import json
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lombscargle

from analyses.methods.calendar import YEAR
from analyses.methods.lomb_scargle import at_times, false_alarm, level_of, on_grid
from analyses.methods.spectrum import explain, spectrum
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.test_methods_wavelets import NINO3

LAWS = settings(max_examples=8, deadline=None, database=None)
METHODS = ["lomb_scargle", "wavelet"]


def series(values, *, start="1900-01", unit="M", kept=None, every=1, interval="P1M"):
    kept = np.arange(len(values)) if kept is None else kept
    stamps = (np.datetime64(start, unit) + every * kept).astype("datetime64[us]")
    return Series("T", "degC", "X", stamps, np.asarray(values, float)[kept], interval=interval)


def wave(n, period, seed=1, *, noise=0.5):
    at = np.arange(n)
    return np.sin(2 * np.pi * at / period) + noise * np.random.default_rng(seed).normal(size=n)


def answer(some, **parameters):
    result = spectrum(some, **parameters)
    json.dumps(result, allow_nan=False)
    return result


def scattered(n, seed=2, *, span=2000.0):
    return np.sort(np.random.default_rng(seed).uniform(0, span, n))


@pytest.mark.parametrize("missing", [0, 60])
def test_a_periodogram_on_a_grid_is_that_of_scipy(missing):
    rows = wave(300, 17)
    rows[np.random.default_rng(1).choice(300, missing, replace=False)] = np.nan
    found = on_grid(rows, first=5, last=749, length=1500)
    at = np.flatnonzero(np.isfinite(rows)).astype(float)
    turns = 2 * np.pi * found.frequencies
    wanted = [
        lombscargle(at, rows[np.isfinite(rows)], turns, normalize=way, floating_mean=True)
        for way in ("normalize", "amplitude")
    ]
    assert found.power == pytest.approx(wanted[0], abs=1e-9)
    assert found.amplitude == pytest.approx(np.abs(wanted[1]), abs=1e-9)


def test_a_periodogram_at_any_times_is_that_of_scipy():
    at = scattered(150)
    y = 3 + np.cos(at / 7) + np.random.default_rng(1).normal(size=150)
    frequencies = np.arange(1, 900) / 10_000
    wanted = lombscargle(at, y, 2 * np.pi * frequencies, normalize=True, floating_mean=True)
    assert at_times(at, y, frequencies).power == pytest.approx(wanted, abs=1e-9)


def test_a_false_alarm_is_as_rare_as_it_is_said_to_be():
    # Baluev's bound holds for the highest of all peaks of white noise, whatever the times.
    generator = np.random.default_rng(4)
    there = np.sort(generator.choice(256, 150, replace=False))
    highest = []
    for _ in range(400):
        rows = np.full(256, np.nan)
        rows[there] = generator.normal(size=150)
        highest.append(on_grid(rows, first=5, last=600, length=1280).power.max())
    said = false_alarm(np.array(highest), there.astype(float), width=595 / 1280)
    for share in (0.05, 0.2):
        assert (said < share).mean() == pytest.approx(share, abs=0.04)


def test_the_false_alarm_probability_is_that_of_baluev_by_hand():
    # n = 100 at 0 … 99, width 0.5, power 0.2: single = 0.8^48.5, tau = W γ √(99·0.2/2) 0.8^48 with
    # γ = √(2/99) Γ(49.5) / Γ(49) = 0.99240.
    tau = 0.5 * np.sqrt(4 * np.pi * (100**2 - 1) / 12) * 0.99240 * np.sqrt(9.9) * 0.8**48
    wanted = 1 - (1 - 0.8**48.5) * np.exp(-tau)
    found = false_alarm(np.array([0.2]), np.arange(100.0), width=0.5)
    assert found[0] == pytest.approx(wanted, rel=1e-4)


def test_the_level_of_a_probability_has_that_probability():
    def chance(power):
        return float(false_alarm(np.array([power]), np.arange(100.0), width=0.5)[0])

    found = level_of(0.05, chance)
    assert chance(found) == pytest.approx(0.05)


@pytest.mark.parametrize("lag_1", [0.0, 0.7])
def test_red_noise_is_seldom_above_its_level(lag_1):
    shares = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=700)
        for place in range(1, 700):
            noise[place] += lag_1 * noise[place - 1]
        table = answer(series(noise[100:]))["periodogram"]
        shares.append(np.mean(np.array(table["power"]) > np.array(table["red_noise_level"])))
    assert np.mean(shares) == pytest.approx(0.05, abs=0.015)


def test_carbon_dioxide_at_mauna_loa_breathes_once_and_twice_a_year():
    # Thoning, Tans and Komhyr 1989: amplitudes of about 2.8 and 0.8 ppm.
    table = sm.datasets.co2.load_pandas().data["co2"].dropna()
    stamps = table.index.to_numpy().astype("datetime64[us]")
    co2 = Series("co2", "ppm", "MLO", stamps, table.to_numpy(float), interval="P7D")
    for step in ("raw", "month"):
        peaks = answer(co2, step=step, max_period=3)["periodogram"]["peaks"]
        assert [peak["period"] for peak in peaks[:2]] == pytest.approx([1, 0.5], abs=0.01)
        assert peaks[0]["amplitude"] == pytest.approx(2.8, abs=0.2)
        assert peaks[1]["amplitude"] == pytest.approx(0.8, abs=0.2)
        assert peaks[0]["false_alarm_probability"] < 1e-6


def test_sunspots_come_every_eleven_years():
    table = sm.datasets.sunspots.load_pandas().data
    some = series(table["SUNACTIVITY"], start="1700", unit="Y", interval="P1Y")
    found = answer(some, step="year")["periodogram"]
    assert found["peaks"][0]["period"] == pytest.approx(11, abs=0.2)
    power = answer(some, step="year", method="wavelet")["wavelet"]
    strongest = power["periods"][int(np.argmax(power["average_power"]))]
    assert strongest == pytest.approx(11, abs=0.7)


def test_nino3_is_strong_between_two_and_eight_years():
    # Torrence and Compo 1998, Figure 1: 1880 to 1920 and 1960 to 1990, quiet between.
    some = series(NINO3, start="1871-01", every=3, interval="P3M")
    found = answer(some, step="season", method="wavelet", detrend=False)
    table = found["wavelet"]
    power, periods = np.array(table["power"]), np.array(table["periods"])
    assert table["lag_1"] == pytest.approx(0.72, abs=0.005)
    assert table["variance"] == pytest.approx(0.53817, abs=1e-5)
    band = power[(periods > 2) & (periods < 8)].mean(axis=0)
    years = np.array([int(text[:4]) for text in table["timestamps"]])
    quiet = band[(years >= 1925) & (years < 1960)].mean()
    assert band[(years >= 1880) & (years < 1920)].mean() > 1.5 * quiet
    assert band[(years >= 1960) & (years < 1990)].mean() > 1.5 * quiet
    above = periods[np.array(table["average_power"]) > np.array(table["average_level"])]
    assert 1.5 < above.min() < above.max() < 5
    assert found["units"]["periods"] == found["time_unit"] == "year"


def test_tables_are_of_equal_length_and_bounded():
    days = series(wave(36_500, 1200), unit="D", start="1900-01-01", interval="P1D")
    table = answer(days, step="day")["periodogram"]
    assert {len(table[name]) for name in ("periods", "power", "amplitude", "red_noise_level")} == {
        20_000
    }
    assert len(table["peaks"]) == 10
    assert table["peaks"][0]["period"] == pytest.approx(1200 / 365.2425, rel=0.01)
    power = answer(days, step="day", method="wavelet")["wavelet"]
    assert len(power["timestamps"]) == len(power["cone"]) == len(power["power"][0]) <= 1000
    assert len(power["periods"]) == len(power["power"]) == len(power["level"])
    assert len(power["power"]) * len(power["power"][0]) <= 100_000


def test_a_band_of_periods_is_kept_to_in_years_and_days():
    some = series(wave(600, 40))
    years = answer(some, min_period=2, max_period=5)["periodogram"]["periods"]
    assert [years[0], years[-1]] == pytest.approx([5, 2], rel=0.02)
    days = answer(some, min_period=730.485, max_period=1826.2125, time_unit="day")["periodogram"]
    assert days["periods"] == pytest.approx(365.2425 * np.array(years))
    narrow = answer(some, method="wavelet", min_period=2, max_period=5)["wavelet"]["periods"]
    assert narrow[0] == pytest.approx(2)
    assert narrow[-1] <= 5


def test_hours_have_a_daily_wave():
    at = np.arange(24 * 60)
    some = series(np.cos(2 * np.pi * at / 24), start="2001-01-01", unit="h", interval="PT1H")
    peaks = answer(some, step="raw", time_unit="day")["periodogram"]["peaks"]
    assert peaks[0]["period"] == pytest.approx(1, abs=0.003)
    assert peaks[0]["amplitude"] == pytest.approx(1, abs=0.02)


def test_times_without_a_grid_have_a_periodogram_and_no_red_noise():
    at = scattered(200, span=20.0)
    stamps = np.datetime64("2001-01-01", "us") + (at * YEAR).astype("timedelta64[us]")
    some = Series("T", "degC", "X", stamps, np.sin(2 * np.pi * at / 3.3))
    table = answer(some, step="raw")["periodogram"]
    assert table["peaks"][0]["period"] == pytest.approx(3.3, abs=0.1)
    assert table["red_noise_level"] is table["lag_1"] is None


def test_the_season_and_the_line_can_be_taken_away():
    some = series(10 * wave(600, 12, noise=0.1) + wave(600, 41) + 0.1 * np.arange(600))
    whole = answer(some, max_period=10)["periodogram"]["peaks"][0]
    rest = answer(some, deseasonalise=True)["periodogram"]["peaks"][0]
    assert [whole["period"], rest["period"]] == pytest.approx([1, 41 / 12], rel=0.02)
    bent = answer(some, detrend=False, deseasonalise=True)["periodogram"]
    assert bent["power"][0] > 0.5


def test_a_gap_is_bridged_for_wavelets_and_has_no_power():
    kept = np.delete(np.arange(400), [200, 201])
    table = answer(series(wave(400, 40), kept=kept), method="wavelet")["wavelet"]
    column = [row[200] for row in table["power"]]
    assert set(column) == {None}
    assert [table["missing"], table["every"]] == [2, 1]
    kept = np.delete(np.arange(400), slice(200, 204))
    longer = answer(series(wave(400, 40), kept=kept), method="wavelet")
    assert "longest gap has 4 months" in longer["reason"]
    allowed = answer(series(wave(400, 40), kept=kept), method="wavelet", max_gap=4)
    assert allowed["reason"] is None


def test_a_gap_does_not_matter_to_a_periodogram():
    kept = np.delete(np.arange(600), slice(200, 420))
    found = answer(series(wave(600, 40, noise=0.1), kept=kept))
    assert found["periodogram"]["peaks"][0]["period"] == pytest.approx(40 / 12, rel=0.02)
    assert [found["n"], found["n_times"]] == [380, 380]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 15, 16])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", ["raw", "day", "month", "season", "year"])
@pytest.mark.parametrize("interval", ["P1M", "P1D", ""])
def test_too_little_has_no_spectrum_and_a_reason(count, method, step, interval):
    if (method, step) == ("wavelet", "raw"):
        return
    found = answer(replace(series(wave(count, 5)), interval=interval), method=method, step=step)
    tables = [found["periodogram"], found["wavelet"]]
    assert (tables == [None, None]) == (found["reason"] is not None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", [np.full(100, 3.0), np.arange(100.0), np.full(100, 1e300)])
def test_what_does_not_vary_has_none(method, values):
    assert answer(series(values), method=method)["reason"] == "Nothing is left that varies."


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_huge_and_tiny_values_have_a_spectrum(method, scale):
    found = answer(series(scale * wave(200, 30)), method=method)
    table = found["periodogram"] or found["wavelet"]
    assert np.isfinite(np.array(table["power"], float)).all()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"min_period": 900}, "no frequency between"),
        ({"min_period": 900, "method": "wavelet"}, "no wavelet between"),
        ({"max_period": 1e-6, "method": "wavelet"}, "no wavelet between"),
        ({"max_period": 1e6, "min_period": 1e-6}, None),
    ],
)
def test_a_band_that_holds_nothing_says_so(parameters, words):
    found = answer(series(wave(200, 30)), **parameters)
    assert words in found["reason"] if words else found["reason"] is None


def test_too_many_frequencies_are_refused():
    at = scattered(4000, span=50.0)
    stamps = np.datetime64("1901-01-01", "us") + (at * YEAR).astype("timedelta64[us]")
    some = Series("T", "degC", "X", stamps, np.sin(at))
    assert "at most 100000" in answer(some, step="raw", min_period=1e-4)["reason"]
    assert "irregular" in answer(some, step="raw", min_period=2.6e-3)["reason"]


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1000, 1000))
def test_power_does_not_see_unit_and_zero_and_amplitudes_follow_the_unit(seed, scale, shift):
    some = series(wave(120, 17, seed))
    other = replace(some, values=some.values * scale + shift)
    before, after = answer(some)["periodogram"], answer(other)["periodogram"]
    assert after["power"] == pytest.approx(before["power"], abs=1e-6)
    wanted = np.array(before["amplitude"]) * scale
    assert after["amplitude"] == pytest.approx(wanted.tolist(), abs=1e-6 * scale)
    before, after = (answer(one, method="wavelet")["wavelet"] for one in (some, other))
    assert np.array(after["power"]) == pytest.approx(np.array(before["power"]), abs=1e-6)


@LAWS
@given(st.integers(0, 1000))
def test_turned_in_time_it_is_the_same_spectrum(seed):
    some = series(wave(120, 17, seed))
    back = replace(some, values=some.values[::-1].copy())
    before, after = answer(some)["periodogram"], answer(back)["periodogram"]
    assert after["power"] == pytest.approx(before["power"], abs=1e-9)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"method": "wavelet", "step": "raw"}, "step"),
        ({"min_period": 5, "max_period": 5}, "max_period"),
        ({"min_period": 0}, "min_period"),
        ({"min_period": -1}, "min_period"),
        ({"max_period": 1e9}, "max_period"),
        ({"max_gap": 10**9}, "max_gap"),
        ({"confidence": 1}, "confidence"),
        ({"step": "hour"}, "step"),
        ({"deseasonalise": 1}, "deseasonalise"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(given, wrong):
    with pytest.raises(InvalidInputError) as caught:
        check(analyses["spectrum"], {"variable": "T"} | given)
    assert list(caught.value.details) == [wrong]


def test_parameters_are_taken_as_declared():
    method = analyses["spectrum"]
    given = {"variable": "T", "method": "wavelet", "max_period": 10, "deseasonalise": True}
    checked = method.own(check(method, given))
    assert answer(series(wave(300, 30)), **checked)["wavelet"]["periods"][-1] <= 10


def test_the_values_that_are_used_are_told():
    days = series(wave(400, 30), unit="D", start="2001-01-20", interval="P1D")
    found = explain(days, ("periodogram", "power", 3), method="wavelet")
    assert (found.codes == 0).sum() == answer(days)["n"]
    assert found.reasons[1].startswith("Its month is not complete")
    assert not explain(days, (), step="raw").codes.any()
