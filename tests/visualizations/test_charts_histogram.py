"""Histograms: counts as numpy counts them, in classes of a round width."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.visualizations.single import drawn, layers, rain, rows, series_of, words
from visualizations.charts import histogram

VALUES = np.round(np.random.default_rng(1).normal(10, 5, 4000), 1).astype(np.float64)


def test_counts_agree_with_numpy() -> None:
    drawing = drawn("histogram", series_of(VALUES))
    edges = np.append(drawing.columns["from (degC)"], drawing.columns["to (degC)"][-1])
    counts, _ = np.histogram(VALUES, edges)
    np.testing.assert_array_equal(drawing.columns["values"], counts)
    np.testing.assert_allclose(drawing.columns["share"], counts / 4000)
    assert sum(row["v"] for row in rows(drawing, "rect")) == 4000


def test_a_share_is_in_percent_and_adds_up() -> None:
    drawing = drawn("histogram", series_of(VALUES), show="share")
    assert sum(row["v"] for row in rows(drawing, "rect")) == pytest.approx(100)
    assert layers(drawing, "rect")[0]["encoding"]["y"]["axis"]["title"].endswith("%")


@given(arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e9, 1e9, allow_subnormal=False)))
@settings(max_examples=80, deadline=None)
def test_every_value_is_in_a_class(values: np.ndarray) -> None:
    found = histogram.classes_of(values, None)
    assert found.counts.sum() == values.size
    assert found.edges[0] <= values.min()
    assert values.max() <= found.edges[-1]
    assert found.counts.size <= 2 * histogram.MOST
    np.testing.assert_allclose(np.diff(found.edges), found.width, rtol=1e-6)


def test_the_width_follows_freedman_and_diaconis_to_a_round_number() -> None:
    upper, lower = np.quantile(VALUES, [0.75, 0.25])
    rule = 2 * (upper - lower) / np.cbrt(VALUES.size)
    width = histogram.classes_of(VALUES, None).width
    assert rule * 0.99 <= width <= 2.5 * rule
    assert f"in classes of {width:g} °C" in words(drawn("histogram", series_of(VALUES)))


@pytest.mark.parametrize("wanted", [5, 20, 200])
def test_the_number_of_classes_is_about_what_was_asked_for(wanted: int) -> None:
    found = histogram.classes_of(VALUES * 100, wanted)
    assert wanted / 2.5 - 1 <= found.counts.size <= wanted + 2


def test_no_class_is_narrower_than_the_steps_of_the_values() -> None:
    # Tens of degrees, as wind directions are reported.
    values = np.asarray(np.random.default_rng(2).integers(0, 37, 3000) * 10, np.float64)
    assert histogram.classes_of(values, 200).width == 10
    assert (histogram.classes_of(values, 200).counts > 0).all()


def test_decimal_edges_hold_the_values_that_equal_them() -> None:
    values = np.arange(60, dtype=np.float64) / 10
    found = histogram.classes_of(np.tile(values, 10), 60)
    assert set(found.counts.tolist()) == {10}


def test_days_that_are_mostly_dry_have_classes_all_the_same() -> None:
    values = np.where(np.arange(1000) % 10, 0, np.arange(1000) / 20)
    assert histogram.classes_of(values, None).counts.size > 10
    assert "median 0 mm" in words(drawn("histogram", rain(values)))


@pytest.mark.parametrize("value", [0.0, 5.0, -7e9, 1e-300])
def test_equal_values_are_one_bar_in_the_middle(value: Any) -> None:
    drawing = drawn("histogram", series_of([value] * 4))
    assert [row["v"] for row in rows(drawing, "rect")] == [4]
    assert "All values are" in words(drawing)
    assert list(drawing.columns["values"]) == [0, 0, 4, 0, 0]


def test_median_mean_and_deviation_are_told_and_the_median_is_drawn() -> None:
    drawing = drawn("histogram", series_of(VALUES))
    (row,) = rows(drawing, "rule")
    assert row["t"] == np.median(VALUES)
    assert f"Dashed: median {np.median(VALUES):.1f} °C" in words(drawing)
    assert f"Mean {VALUES.mean():.1f} °C" in words(drawing)
    assert f"standard deviation {VALUES.std(ddof=1):.1f} °C" in words(drawing)
