"""Means of amounts are told as what falls in the interval of the values: mm a day, and not mm."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import analyses.methods
from analyses.methods.words.phrases import spoken
from analyses.registry import analyses as registry
from datasets.series import Series
from datastream.core.registry import import_folder

import_folder(analyses.methods)


def rain(*, step: str = "D", unit: str = "mm", standard_name: str = "") -> Series:
    """Twelve years, wetter in summer and from year to year, and a jump."""
    stamps = np.arange("2001-01-01", "2013-01-01", dtype=f"datetime64[{step}]")
    stamps = stamps.astype("datetime64[us]")
    n, noise = np.arange(stamps.size), np.random.default_rng(3).gamma(2, 0.3, stamps.size)
    year = stamps.size / 12
    values = 4 + noise - 2 * np.cos(2 * np.pi * n / year) + n / year / 10 + (n > 6 * year)
    interval = {"D": "P1D", "M": "P1M", "h": "PT1H"}[step]
    return Series(
        *("PRCP", unit, "A", stamps, values), interval=interval, standard_name=standard_name
    )


def told(name: str, series: Series, **own: Any) -> str:
    method = registry[name]
    return " ".join(method.words(method.compute(series, **own)))


CASES: dict[str, dict[str, Any]] = {
    "trend": {"by": "season"},
    "changepoint": {},
    "climatology": {},
    "anomaly": {"step": "year"},
    "forecast": {"step": "month", "horizon": 2, "method": "seasonal_naive"},
    "decomposition": {},
    "anomaly_detection": {"step": "month"},
}


@pytest.mark.parametrize("name", CASES)
def test_means_of_daily_amounts_are_in_mm_a_day(name: str) -> None:
    text = told(name, rain(), **CASES[name])
    assert "mm a day" in text
    assert text.count("mm") == text.count("mm a day")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("other", [{"unit": "degC"}, {"unit": "mm", "standard_name": "height"}])
def test_what_does_not_add_up_keeps_its_unit(name: str, other: dict[str, str]) -> None:
    assert " a day" not in told(name, rain(**other), **CASES[name])


def test_the_trend_of_a_year_and_of_a_season_say_what_an_amount_is_of() -> None:
    words = told("trend", rain(), by="season")
    assert "mm a day per decade (95 % interval" in words
    assert "By season, in mm a day per decade: DJF" in words
    monthly = told("trend", rain(step="M"), by="month")
    assert "mm a month per decade (95 % interval" in monthly
    assert "By month, in mm per decade: 01" in monthly


def test_values_as_they_are_keep_their_unit() -> None:
    assert "a day" not in told("trend", rain(), step="raw")
    assert "a month" not in told("climatology", rain(step="M"))
    assert "a day" not in told("climatology", rain(), by="day_of_year")


def test_the_numbers_are_those_of_the_days_and_their_interval_is_in_the_result() -> None:
    series = rain()
    result: dict[str, Any] = registry["climatology"].compute(series)
    assert [result["unit"], result["amount_interval"]] == ["mm", "P1D"]
    july = series.timestamps.astype("datetime64[M]").astype(int) % 12 == 6
    assert result["normals"][6]["mean"] == pytest.approx(series.values[july].mean())


def beside(series: Series, **changes: Any) -> Series:
    noise = np.random.default_rng(9).normal(size=series.values.size)
    return replace(series, values=series.values * 1.2 + noise, station="B", **changes)


def test_a_comparison_of_means_of_daily_amounts_is_in_mm_a_day() -> None:
    text = told("comparison", rain(), reference=beside(rain()), step="month")
    assert text.count("mm") == text.count("mm a day") == 4
    as_they_are = told("comparison", rain(), reference=beside(rain()), step="raw")
    assert as_they_are.count(" mm") == 4
    assert " a day" not in as_they_are


def test_a_comparison_of_amounts_of_days_with_those_of_months_says_neither() -> None:
    text = told("comparison", rain(), reference=beside(rain(step="M")), step="year")
    assert "mm" in text
    assert " a day" not in text
    assert " a month" not in text


def test_a_coefficient_says_what_amounts_on_both_sides_are_of() -> None:
    sun = replace(beside(rain()), variable="SUN", unit="W m-2")
    monthly = beside(rain(step="M"))
    text = told("regression", rain(), predictors=[sun, monthly], step="year", trend=True)
    for unit in ("mm a day per W m-2 (95 %", "mm a day per mm a month (95 %",
                 "mm a day per year (95 %"):  # fmt: skip
        assert unit in text
    text = told("regression", sun, predictors=[rain()], step="month")
    assert "W m-2 per mm a day (95 %" in text
    assert " a day" not in told("regression", rain(), predictors=[sun], step="raw")


def test_an_extreme_says_what_its_amount_is_of() -> None:
    storms = np.random.default_rng(2).gamma(2, 5, rain().values.size)
    text = told("extremes", replace(rain(), values=storms), trend=True, resamples=20)
    assert re.search(r"exceeds [\d.]+ mm a day \(95 % interval", text)
    assert "mm a day per decade" in text
    assert "peaks beyond" in (peaks := told("extremes", rain(), approach="peaks_over_threshold"))
    assert peaks.count("mm") == peaks.count("mm a day") == 2
    assert "mm a month (95 %" in told("extremes", rain(step="M"), resamples=20)
    assert " a day" not in told("extremes", rain(unit="degC"), resamples=20)


@pytest.mark.parametrize(
    ("interval", "wanted"),
    [("P1D", "a day"), ("PT1H", "an hour"), ("P1M", "a month"), ("PT1M", "a minute"),
     ("PT3H", "in 3 hours"), ("PT0.5S", "in PT0.5S")],
)  # fmt: skip
def test_an_interval_is_spoken(interval: str, wanted: str) -> None:
    assert spoken(interval) == wanted
