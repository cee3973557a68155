"""Return levels: the line is the fitted distribution's, dots and band are those of the results."""

import numpy as np
import pytest
from scipy import stats

from tests.visualizations.samples import FACTS, recorded
from visualizations.charts.return_levels import compile_return_levels
from visualizations.registry import Drawing


def drawn(name: str = "usual", **changed: object) -> Drawing:
    return compile_return_levels(recorded("extremes", name) | changed, {}, FACTS)


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def test_the_line_is_that_of_the_distribution_as_scipy_has_it() -> None:
    results = recorded("extremes")
    found = results["parameters"]
    _, line, _, _ = drawn().spec["layer"]
    rows = line["data"]["values"]
    periods = np.array([row["t"] for row in rows])
    # Of the lowest: the series turned upside down. scipy's shape has the other sign.
    turned = stats.genextreme(-found["shape"], -found["location"], found["scale"])
    expected = -turned.ppf(1 - 1 / periods)
    np.testing.assert_allclose([row["v"] for row in rows], expected, rtol=2e-4)
    assert (np.diff(periods) >= 0).all()


def test_band_and_dots_are_the_intervals_and_the_extremes() -> None:
    results = recorded("extremes")
    band, _, dots, _ = drawn().spec["layer"]
    assert [(row["t"], row["lo"], row["hi"]) for row in band["data"]["values"]] == [
        (row["period"], row["lower"], row["upper"]) for row in results["return_levels"]
    ]
    seen = results["quantile_pairs"]
    assert [row["v"] for row in dots["data"]["values"]] == seen["observed"]
    assert [row["t"] for row in dots["data"]["values"]] == seen["period"]


def test_the_level_of_a_hundred_years_is_told_with_its_interval() -> None:
    (row,) = [one for one in recorded("extremes")["return_levels"] if one["period"] == 100]
    drawing = drawn()
    assert f"Once in 100 years: −{-row['level']:.1f} °C" in subtitle(drawing)
    assert "95 % interval by bootstrap (parametric)" in subtitle(drawing)
    assert "The lowest of 40 observed" in drawing.alt
    assert "°C" in drawing.spec["layer"][1]["encoding"]["y"]["axis"]["title"]


def test_peaks_over_a_threshold_and_warnings_are_said() -> None:
    drawing = drawn("peaks", warning="There are 9 years.")
    assert "generalized Pareto distribution" in subtitle(drawing)
    assert "There are 9 years." in subtitle(drawing)
    # What is passed more often than once a year has no return period.
    assert min(row["t"] for row in drawing.spec["layer"][2]["data"]["values"]) >= 1


def test_missing_intervals_leave_the_line() -> None:
    levels = [{"period": 10, "level": 1.0, "lower": None, "upper": None},
              {"period": 2, "level": 0.5, "lower": None, "upper": None}]  # fmt: skip
    drawing = drawn(return_levels=levels, quantile_pairs=None)
    assert "Band" not in subtitle(drawing)
    assert [row["t"] for row in drawing.spec["layer"][0]["data"]["values"]] == [2, 10]


@pytest.mark.parametrize("period", [2.0, 100.0])
def test_one_level_alone_is_drawn(period: float) -> None:
    levels = [{"period": period, "level": 5.0, "lower": 5.0, "upper": 5.0}]
    drawing = drawn(return_levels=levels, quantile_pairs=None)
    low, high = drawing.spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < high
    assert f"Once in {period:g} years: 5" in drawing.alt
