"""Decompositions: panels that add up to the first, with gaps as gaps and one bar for all."""

from typing import Any

import numpy as np
import pytest

from tests.visualizations.samples import FACTS, recorded
from visualizations.charts import look
from visualizations.charts.decomposition import compile_decomposition
from visualizations.registry import Drawing


def drawn(results: dict[str, Any]) -> Drawing:
    return compile_decomposition(results, {}, FACTS)


def lines(drawing: Drawing) -> list[list[float]]:
    """Values of each panel; NaN is a gap."""
    return [
        [np.nan if row["v"] is None else row["v"] for row in panel["layer"][0]["data"]["values"]]
        for panel in drawing.spec["layer"][:-1]
    ]


@pytest.mark.parametrize("name", ["usual", "days"])
def test_the_panels_below_the_first_add_up_to_it(name: str) -> None:
    results = recorded("decomposition", name)
    values, *parts = lines(drawn(results))
    np.testing.assert_allclose(np.sum(parts, axis=0), values, atol=1e-3)
    np.testing.assert_array_equal(values, np.array(results["values"], float))


def test_a_gap_is_a_gap_in_every_panel_and_is_counted() -> None:
    results = recorded("decomposition")
    drawing = drawn(results)
    gaps = np.isnan(lines(drawing))
    assert gaps.any()
    assert (gaps == gaps[0]).all()
    assert "Not complete, and a gap: 5 months." in " ".join(drawing.spec["title"]["subtitle"])


def test_the_bar_is_as_high_in_every_panel() -> None:
    heights = [
        row["hi"] - row["lo"]
        for panel in drawn(recorded("decomposition")).spec["layer"][:-1]
        for row in panel["layer"][-2]["data"]["values"]
    ]
    assert len(heights) == 4
    np.testing.assert_allclose(heights, heights[0])


def test_panels_follow_each_other_down_the_height() -> None:
    ranges = [
        panel["layer"][0]["encoding"]["y"]["scale"]["range"]
        for panel in drawn(recorded("decomposition", "days")).spec["layer"][:-1]
    ]
    edges = [float(edge["expr"].split("* ")[1]) for pair in ranges for edge in reversed(pair)]
    assert edges == sorted(edges)
    assert edges[-1] == pytest.approx(1)


def test_strengths_seasons_and_the_way_of_the_trend_are_told() -> None:
    results = recorded("decomposition", "days")
    drawing = drawn(results)
    told = " ".join(drawing.spec["title"]["subtitle"])
    assert f"trend {results['strength']['trend']:.2f}" in told
    assert "season of 365 days" in told
    assert "MSTL" in told
    assert "The trend goes from" in drawing.alt


def test_many_days_are_thinned_to_the_limit_of_marks() -> None:
    results = recorded("decomposition")
    n = 100_000
    values = np.random.default_rng(1).normal(size=n)
    days = np.datetime64("1800-01-01") + np.arange(n)
    results |= {
        "timestamps": [f"{day}T00:00:00Z" for day in days],
        "values": values.tolist(), "trend": values.tolist(), "remainder": values.tolist(),
        "seasons": [{"period": 365, "values": values.tolist()}],
    }  # fmt: skip
    drawing = drawn(results)
    assert sum(map(len, lines(drawing))) <= look.MAX_MARKS
    assert max(lines(drawing)[0]) == values.max()
    assert len(drawing.columns["timestamp"]) == n
