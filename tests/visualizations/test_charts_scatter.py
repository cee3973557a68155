"""Scatter: pairs at the same times, r as scipy has it, and hexagons that hold every pair once."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from datasets.series import Series
from tests.visualizations.samples import series
from visualizations import options
from visualizations.charts import look, scatter
from visualizations.registry import Drawing, Facts, kinds


def pair(n: int, seed: int = 1) -> tuple[Series, Series]:
    rng = np.random.default_rng(seed)
    x = rng.normal(10, 5, n)
    return series(x, step="D", variable="X"), series(
        0.7 * x + rng.normal(size=n), step="D", variable="Y", unit="mm"
    )


def drawn(x: Series, y: Series, **more: Any) -> Drawing:
    chosen = options.check(kinds["scatter"], {"x": "X", "y": "Y", **more})
    return scatter.compile_scatter([x, y], chosen, Facts(place="Bergen", source="MET Norway"))


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def test_dots_are_the_pairs_and_r_is_that_of_scipy() -> None:
    x, y = pair(300)
    drawing = drawn(x, y)
    rows = drawing.spec["layer"][0]["data"]["values"]
    np.testing.assert_array_equal([row["t"] for row in rows], x.values)
    np.testing.assert_array_equal([row["v"] for row in rows], y.values)
    np.testing.assert_array_equal(drawing.columns["Y (mm)"], y.values)
    r = stats.pearsonr(x.values, y.values).statistic
    assert f"n = 300, r = {r:.2f} (Pearson)" in subtitle(drawing)
    assert "°C" in drawing.spec["layer"][0]["encoding"]["x"]["axis"]["title"]


def test_only_the_same_times_are_paired_and_the_others_counted() -> None:
    x, y = (
        series(range(30), step="D", variable="X"),
        series(range(40), "1960-01-11", step="D", variable="Y"),
    )
    drawing = drawn(x, y)
    assert "n = 20" in subtitle(drawing)
    assert "Left out: 10 values of X and 20 values of Y at other times." in subtitle(drawing)
    assert drawing.columns["timestamp"][0] == "1960-01-11T00:00:00Z"
    np.testing.assert_array_equal(drawing.columns["X (degC)"], np.arange(10, 30))


def test_over_5000_pairs_are_hexagons_that_count_each_once() -> None:
    x, y = pair(30_000)
    drawing = drawn(x, y)
    assert sum(drawing.columns["pairs"]) == 30_000
    pairs = scatter.pairs_of([x, y])
    centres, counts = scatter.hexagons_of(pairs)
    # Another way to the same: the nearest of all centres, where a hexagon is regular.
    width, height = scatter.cell(pairs)
    scale = np.array([1 / width, np.sqrt(3) / 2 / height])
    points = np.column_stack([pairs.x, pairs.y])[:2000] * scale
    far = np.linalg.norm(points[:, None] - centres * scale, axis=2)
    nearest = far.argmin(axis=1)
    assert (np.bincount(nearest, minlength=len(counts)) <= counts).all()
    # No pair is farther from the centre of its hexagon than a corner.
    assert far.min(axis=1).max() <= 1 / np.sqrt(3) + 1e-9
    marks = {row["k"] for row in drawing.spec["layer"][0]["data"]["values"]}
    assert len(marks) == len(counts) < look.MAX_MARKS
    assert "over 5,000" in subtitle(drawing)
    assert "≥" in drawing.spec["layer"][0]["encoding"]["fill"]["legend"]["labelExpr"]


def test_no_line_is_drawn_unless_asked_for() -> None:
    x, y = pair(100)
    assert len(drawn(x, y).spec["layer"]) == 2  # dots and foot
    line = drawn(x, y, line="least_squares").spec["layer"][1]["data"]["values"]
    fit = stats.linregress(x.values, y.values)
    slope = (line[1]["v"] - line[0]["v"]) / (line[1]["t"] - line[0]["t"])
    assert slope == pytest.approx(fit.slope, rel=1e-9)
    assert line[0]["v"] == pytest.approx(fit.intercept + fit.slope * line[0]["t"], rel=1e-9)
    equal = drawn(x, y, line="equal").spec["layer"][1]["data"]["values"]
    assert all(row["t"] == pytest.approx(row["v"]) for row in equal)


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        ([], [], "There are no values in this period of at least one of the two series."),
        ([1, np.nan], [np.nan, 1], "The two series have no value at the same time."),
    ],
)
def test_without_a_pair_a_sentence_says_so(x: list[float], y: list[float], sentence: str) -> None:
    drawing = drawn(series(x, variable="X"), series(y, variable="Y"))
    assert sentence in " ".join(drawing.spec["layer"][0]["data"]["values"][0]["k"])
    assert sentence in drawing.alt
    assert not any(len(column) for column in drawing.columns.values())


@pytest.mark.parametrize("factor", [1.0, 1e-300, 1e298])
def test_a_constant_has_no_r_and_any_size_is_drawn(factor: float) -> None:
    x, y = pair(50)
    constant = series(np.full(50, 0.1 * factor), step="D", variable="X")
    drawing = drawn(constant, y, line="least_squares")
    assert "r is not defined: one of the two does not change" in subtitle(drawing)
    assert len(drawing.spec["layer"]) == 2
    large = series(x.values * factor, step="D", variable="X")
    assert "r = 0.9" in subtitle(drawn(large, y))


def test_one_pair_is_a_dot_and_says_that_r_needs_more() -> None:
    drawing = drawn(series([1.0], variable="X"), series([2.0], variable="Y"))
    assert len(drawing.spec["layer"][0]["data"]["values"]) == 1
    assert "n = 1, r needs more than one pair" in subtitle(drawing)


def test_a_period_cuts_both() -> None:
    x, y = pair(100)
    drawing = drawn(x, y, start="1960-01-11", end="1960-01-21")
    assert "n = 10" in subtitle(drawing)
