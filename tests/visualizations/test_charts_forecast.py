"""Forecasts: history, expected values and limits as the results have them, joined and explained."""

from typing import Any

import numpy as np

from tests.visualizations.samples import FACTS, recorded
from visualizations.charts.forecast import compile_forecast
from visualizations.registry import Drawing


def drawn(results: dict[str, Any]) -> Drawing:
    return compile_forecast(results, {}, FACTS)


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def test_lines_and_band_are_those_of_the_results() -> None:
    results = recorded("forecast")
    band, rule, known, expected, _ = drawn(results).spec["layer"]
    ahead = results["forecast"]
    assert [row["lo"] for row in band["data"]["values"]] == ahead["lower"]
    assert [row["hi"] for row in band["data"]["values"]] == ahead["upper"]
    assert [row["v"] for row in known["layer"][0]["data"]["values"]] == results["history"]["values"]
    # The dashed line begins with the last value that is known.
    rows = expected["layer"][0]["data"]["values"]
    assert [row["v"] for row in rows] == [results["history"]["values"][-1], *ahead["mean"]]
    assert rule["data"]["values"][0]["t"] == rows[0]["t"]
    assert rows[0]["t"] == np.datetime64("2019-12-01", "ms").astype(int)


def test_the_table_has_what_is_known_and_what_is_expected() -> None:
    results = recorded("forecast")
    columns = drawn(results).columns
    n = len(results["history"]["values"])
    np.testing.assert_array_equal(columns["known (degC)"][:n], results["history"]["values"])
    np.testing.assert_array_equal(columns["forecast mean (degC)"][n:], results["forecast"]["mean"])
    assert np.isnan(columns["forecast mean (degC)"][:n]).all()


def test_method_interval_and_back_test_are_told() -> None:
    results = recorded("forecast")
    (row,) = [one for one in results["backtest"]["methods"] if one["method"] == "theta"]
    told = subtitle(drawn(results))
    assert "expected by Theta for 24 months (dashed)" in told
    assert "Band: 95 % prediction interval." in told
    assert f"MASE {row['mase']:.2f}" in told
    assert f"{100 * row['coverage']:.0f} % of the values inside the intervals" in told
    assert "from 10 moments of the past" in told


def test_gaps_of_the_past_are_gaps() -> None:
    results = recorded("forecast", "gappy")
    known = drawn(results).spec["layer"][2]["layer"][0]["data"]["values"]
    assert [row["v"] for row in known] == results["history"]["values"]
    assert None in [row["v"] for row in known]


def test_without_limits_or_back_test_the_line_is_drawn_alone() -> None:
    results = recorded("forecast")
    results["forecast"] |= {"lower": None, "upper": None}
    results["backtest"] = None
    drawing = drawn(results)
    assert "Band" not in subtitle(drawing)
    assert "Back-test" not in subtitle(drawing)
    assert len(drawing.spec["layer"]) == 4
