"""Boxes by month: quartiles, whiskers and rings as matplotlib and R draw them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.visualizations.single import drawn, layers, marks, rain, rows, series_of, words
from visualizations.charts import box_by_month, look

DAYS = pd.date_range("2001-01-01", "2008-12-31")
VALUES = pd.Series(np.random.default_rng(2).standard_t(3, DAYS.size), DAYS)


def test_quartiles_agree_with_pandas() -> None:
    columns = drawn("box_by_month", series_of(VALUES)).columns
    by_month = VALUES.groupby(DAYS.month)
    for name, share in (("lower quartile", 0.25), ("median", 0.5), ("upper quartile", 0.75)):
        np.testing.assert_allclose(columns[f"{name} (degC)"], by_month.quantile(share))
    np.testing.assert_array_equal(columns["values"], by_month.count())
    np.testing.assert_array_equal(columns["month"], np.arange(1, 13))


def test_whiskers_and_rings_are_those_of_a_worked_example() -> None:
    # numpy's quartiles of these are 3.5, 6 and 8.5: whiskers reach to -4 and 16.
    values = np.array([-4.0, -4.1, 1, 2, 3, 4, 5, 6, 6, 6, 7, 8, 9, 10, 11, 16, 16.1])
    box = box_by_month.box_of(1, values)
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 1.5 * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    assert (box.low, box.high) == (inside.min(), inside.max())
    assert sorted(box.rings) == sorted(set(values) - set(inside))


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)))
@settings(max_examples=80, deadline=None)
def test_every_value_is_inside_the_whiskers_or_a_ring(values: np.ndarray) -> None:
    box = box_by_month.box_of(1, values)
    inside = (values >= box.low) & (values <= box.high)
    assert inside.sum() + box.rings.size == values.size
    assert box.low <= box.q1 <= box.median <= box.q3 <= box.high
    reach = 1.5 * (box.q3 - box.q1)
    assert box.low >= box.q1 - reach
    assert box.high <= box.q3 + reach


def test_rings_are_drawn_and_counted() -> None:
    drawing = drawn("box_by_month", series_of(VALUES))
    beyond = sum(drawing.columns["beyond"])
    assert beyond == len(rows(drawing, "point")) > 0
    assert f"Rings: {beyond} values beyond" in words(drawing)
    assert "2,922 values, 226 to 248 a month of the year" in words(drawing)


def test_thousands_of_rings_are_told_but_drawn_where_they_can_be_told_apart() -> None:
    values = np.random.default_rng(3).gamma(0.05, 10, 200_000)
    drawing = drawn("box_by_month", rain(values, step="h"))
    drawn_rings = [row["v"] for row in rows(drawing, "point")]
    assert len(drawn_rings) < sum(drawing.columns["beyond"])
    assert max(drawn_rings) == values.max()
    assert marks(drawing) <= look.MAX_MARKS


def test_months_are_means_or_totals_of_complete_ones() -> None:
    values = VALUES.abs()
    values["2003-03-01":"2003-03-20"] = np.nan
    columns = drawn("box_by_month", rain(values), step="month").columns
    totals = values.resample("MS").sum().drop(pd.Timestamp("2003-03-01"))
    expected = totals.groupby(totals.index.month).median()
    np.testing.assert_allclose(columns["median (mm)"], expected)
    assert columns["values"] == [8, 8, 7, *[8] * 9]


def test_a_month_without_values_has_no_box_and_is_named() -> None:
    drawing = drawn("box_by_month", series_of(VALUES["2001-03":"2001-12"], start="2001-03-01"))
    assert "No values in Jan, Feb." in words(drawing)
    assert len(layers(drawing, "rect")[0]["data"]["values"]) == 10


@pytest.mark.parametrize("kind", ["temperature", "rain"])
def test_rain_has_no_room_below_zero(kind: str) -> None:
    series = (rain if kind == "rain" else series_of)(VALUES.abs())
    low, _ = layers(drawn("box_by_month", series), "rect")[0]["encoding"]["y"]["scale"]["domain"]
    assert (low == 0) == (kind == "rain")
