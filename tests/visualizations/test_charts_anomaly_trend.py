"""Bars and trend line: slope and test as elsewhere, no line on little, the start year printed."""

from typing import Any

import numpy as np
import pymannkendall
import pytest
from numpy.typing import NDArray

from datasets.series import Series
from visualizations import options
from visualizations.charts import anomaly_trend, look
from visualizations.registry import Drawing, Facts, kinds

FACTS = Facts(place="Bergen", source="MET Norway")


def yearly(
    values: Any,
    *,
    first: int = 1950,
    unit: str = "degC",
    standard_name: str = "air_temperature",
) -> Series:
    values = np.asarray(values, float)
    years = (np.arange(first, first + values.size) - 1970).astype("datetime64[Y]")
    there = np.isfinite(values)
    return Series(
        *("T", unit, "A", years.astype("datetime64[us]")[there], values[there]),
        standard_name=standard_name,
        interval="P1Y",
    )


def noisy(n: int, slope: float = 0.02) -> NDArray[np.float64]:
    return np.random.default_rng(7).normal(0, 0.3, n) + slope * np.arange(n)


def drawn(series: Series, facts: Facts = FACTS, **more: Any) -> Drawing:
    kind = kinds["anomaly_trend"]
    chosen = options.check(kind, {"variable": "T", **more})
    return anomaly_trend.compile_anomaly_trend([series], chosen, facts)


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def layer(drawing: Drawing, mark: str) -> Any:
    layers = drawing.spec["layer"]
    return next((one for one in layers if one["mark"]["type"] == mark), None)


def test_slope_and_tau_agree_with_pymannkendall() -> None:
    values = noisy(60)
    other = pymannkendall.original_test(values)
    drawing = drawn(yearly(values))
    assert f"Trend: +{other.slope * 10:.2f} °C per decade (95 % interval +" in subtitle(drawing)
    assert f"τ = {other.Tau:.2f}, p < 0.001" in subtitle(drawing)
    assert "n = 60 years" in subtitle(drawing)
    line = layer(drawing, "line")["data"]["values"]
    found = (line[1]["v"] - line[0]["v"]) / (line[1]["t"] - line[0]["t"])
    assert found == pytest.approx(other.slope, rel=1e-3)


def test_bars_line_and_band_are_drawn_from_the_same_zero() -> None:
    values = noisy(60)
    drawing = drawn(yearly(values))
    bars = [row["v"] for row in layer(drawing, "rect")["data"]["values"]]
    np.testing.assert_allclose(bars, values - values[11:41].mean(), atol=1e-12)
    columns: dict[str, Any] = drawing.columns
    other = pymannkendall.original_test(values)
    line = other.intercept + other.slope * np.arange(60) - values[11:41].mean()
    np.testing.assert_allclose(columns["trend (degC)"], line, atol=1e-3)
    assert (columns["trend lower (degC)"] <= columns["trend (degC)"] + 1e-9).all()
    assert (columns["trend upper (degC)"] >= columns["trend (degC)"] - 1e-9).all()


def test_the_title_names_the_base_and_the_axis_the_unit() -> None:
    drawing = drawn(yearly(noisy(60)))
    title = "Bergen: air temperature, difference from the 1961–1990 mean"
    assert drawing.spec["title"]["text"] == [title]
    assert layer(drawing, "rect")["encoding"]["y"]["axis"]["title"] == "°C"


def test_with_a_title_of_ones_own_the_subtitle_names_the_base() -> None:
    drawing = drawn(yearly(noisy(60)), facts=Facts(title="Bergen warms", place="Bergen"))
    assert drawing.spec["title"]["text"] == ["Bergen warms"]
    assert "Difference from the 1961–1990 mean, °C" in subtitle(drawing)


def test_under_ten_years_there_is_no_line() -> None:
    drawing = drawn(yearly(noisy(9)))
    assert layer(drawing, "line") is None
    assert "No trend line: it needs 10 years, and there are 9 complete years." in subtitle(drawing)
    assert "trend (degC)" not in drawing.columns


@pytest.mark.parametrize(("n", "warned"), [(10, True), (29, True), (30, False)])
def test_under_thirty_years_there_is_a_warning(n: int, warned: bool) -> None:
    drawing = drawn(yearly(noisy(n)))
    assert layer(drawing, "line") is not None
    assert ("Under 30 years a trend says little" in subtitle(drawing)) is warned


def test_the_start_of_the_line_is_the_readers_and_is_printed() -> None:
    drawing = drawn(yearly(noisy(60)), trend_start=1970)
    assert ", 1970–2009" in subtitle(drawing)
    assert layer(drawing, "line")["data"]["values"][0]["t"] == 1970
    trend = drawing.columns["trend (degC)"]
    assert np.isnan(trend[:20]).all()
    assert np.isfinite(trend[20:]).all()


def test_a_start_too_late_for_a_line_is_said() -> None:
    drawing = drawn(yearly(noisy(60)), trend_start=2005)
    assert "there are 5 complete years from 2005 on" in subtitle(drawing)


def test_dependent_values_are_corrected_for_and_it_is_said() -> None:
    smooth = np.convolve(noisy(80), np.ones(8) / 8, mode="valid")
    assert "after correction for autocorrelation (Yue–Wang" in subtitle(drawn(yearly(smooth)))


def test_equal_values_have_no_line_and_bars_of_no_height() -> None:
    drawing = drawn(yearly([0.1] * 40))
    assert "No trend line. All values are equal" in subtitle(drawing)
    assert not np.any(drawing.columns["difference (degC)"])
    assert layer(drawing, "rect")["encoding"]["y"]["scale"]["domain"] == [-1.0, 1.0]


def test_missing_years_have_no_bar_and_are_counted() -> None:
    values = noisy(60)
    values[20:23] = np.nan
    drawing = drawn(yearly(values))
    assert len(layer(drawing, "rect")["data"]["values"]) == 57
    assert "Without a bar: 3 years" in subtitle(drawing)


def test_dry_years_are_brown_and_wet_ones_green() -> None:
    drawing = drawn(yearly(noisy(40), unit="mm", standard_name="precipitation_amount"))
    colour = layer(drawing, "rect")["encoding"]["color"]
    assert colour["condition"] == {"test": "datum.v < 0", "value": look.DRY}
    assert colour["value"] == look.WET


def test_bars_band_and_zero_are_inside_the_axis() -> None:
    drawing = drawn(yearly(noisy(60) + 50), reference_start=1950, reference_end=1959)
    low, high = layer(drawing, "rect")["encoding"]["y"]["scale"]["domain"]
    shown = [row[key] for row in layer(drawing, "area")["data"]["values"] for key in ("lo", "hi")]
    assert low <= min(0, *shown, *drawing.columns["difference (degC)"])
    assert high >= max(0, *shown, *drawing.columns["difference (degC)"])


def test_the_alternative_text_names_extremes_and_trend() -> None:
    values = noisy(60)
    values[33] = 9.0
    alt = drawn(yearly(values)).alt
    assert "each year as difference from the 1961–1990 mean, 1950–2009" in alt
    assert "Highest: 1983 with +8." in alt
    assert "Trend line: +0." in alt


def test_without_a_complete_year_a_sentence_says_so() -> None:
    assert "There are no values yet." in drawn(yearly([])).alt
    drawing = drawn(yearly([1.0]), end="1950-01-01")
    assert "There are no values in this period." in drawing.alt
    assert not any(len(column) for column in drawing.columns.values())
