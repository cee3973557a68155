"""Calendars: each day in its week and on its weekday, rain in its classes, gaps unlike dry days."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.visualizations.single import drawn, rain, rows, series_of, words
from visualizations.charts import calendar, look
from visualizations.registry import Drawing


def squares(drawing: Drawing) -> list[dict[str, Any]]:
    return rows(drawing, "rect")


def classes(drawing: Drawing) -> list[str]:
    return [row["k"] for row in squares(drawing)]


def test_days_stand_on_their_weekday_in_the_week_that_the_calendar_says() -> None:
    found = squares(drawn("calendar", rain(np.zeros(365 * 4 + 1)), years=4))
    first = dt.date(2001, 1, 1)
    for i, row in enumerate(found):
        day = first + dt.timedelta(days=i)
        start = dt.date(day.year, 1, 1)
        # Weeks of the year that begin on Monday, as %W counts them, from 0 where 1 January is one.
        week = int(f"{day:%W}") - (1 if start.weekday() == 0 else 0)
        assert row["lo"] == pytest.approx(week + calendar.NARROW)
        block = (day.year - 2001) * calendar.BLOCK + calendar.HEAD
        assert (row["t"] + row["v"]) / 2 == pytest.approx(block + day.weekday())


@pytest.mark.parametrize(
    ("value", "name"),
    [(0, "< 0.1"), (0.09, "< 0.1"), (0.1, "0.1 to 1"), (1, "1 to 5"), (5, "5 to 10"),
     (10, "10 to 20"), (20, "20 to 30"), (29.9, "20 to 30"), (30, "≥ 30"), (500, "≥ 30")],
)  # fmt: skip
def test_rain_is_in_classes_that_begin_at_their_limits(value: float, name: str) -> None:
    drawing = drawn("calendar", rain([0.0, value, 0.0]))
    assert classes(drawing) == ["< 0.1", name, "< 0.1"]
    scale = drawing.spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["range"] == [*look.RAIN, look.NO_VALUE]


def test_a_missing_day_is_unlike_a_dry_one_and_days_to_come_are_neither() -> None:
    drawing = drawn("calendar", rain([0.0, np.nan, 3.0]))
    assert classes(drawing) == ["< 0.1", "no value", "1 to 5"]
    scale = drawing.spec["layer"][0]["encoding"]["color"]["scale"]
    colours = dict(zip(scale["domain"], scale["range"], strict=True))
    assert colours["no value"] == look.NO_VALUE != colours["< 0.1"]
    assert "3 days, 1 of them without a value" in words(drawing)


def test_inches_are_put_in_classes_of_millimetres() -> None:
    drawing = drawn("calendar", rain([0.0, 0.05, 2.0], unit="inch"))
    assert classes(drawing) == ["< 0.1", "1 to 5", "≥ 30"]
    assert "Classes in mm; the values were in in." in words(drawing)
    np.testing.assert_allclose(drawing.columns["total (inch)"], [0, 0.05, 2.0])


def test_hours_of_rain_are_added_up_by_day() -> None:
    hours = np.random.default_rng(1).gamma(0.2, 2, 24 * 30)
    drawing = drawn("calendar", rain(hours, step="h"))
    np.testing.assert_allclose(drawing.columns["total (mm)"], hours.reshape(30, 24).sum(axis=1))


def test_other_values_are_in_round_classes_between_which_most_lie() -> None:
    values = np.random.default_rng(2).normal(8, 7, 365)
    drawing = drawn("calendar", series_of(values))
    names = drawing.spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
    edges = calendar.round_edges(values)
    assert names[0] == f"< {edges[0]:.0f}".replace("-", "−")
    assert names[-2] == f"≥ {edges[-1]:.0f}"
    assert 4 <= edges.size <= calendar.MOST_EDGES
    np.testing.assert_allclose(edges % np.diff(edges)[0], 0, atol=1e-9)
    inside = (values >= edges[0]) & (values < edges[-1])
    assert inside.mean() > 0.75


def test_equal_values_are_one_class() -> None:
    drawing = drawn("calendar", series_of(np.full(30, 5.0)))
    assert set(classes(drawing)) == {"= 5.0"}
    assert "All are 5.0 °C." in drawing.alt


@pytest.mark.parametrize(("years", "first"), [(1, "2010"), (4, "2007"), (10, "2001")])
def test_only_the_last_years_are_shown(years: int, first: str) -> None:
    drawing = drawn("calendar", rain(np.ones(3652)), years=years)
    assert drawing.columns["timestamp"][0].startswith(f"{first}-01-01")
    assert ("Only the last" in words(drawing)) == (years < 10)


def test_the_alternative_text_counts_wet_days() -> None:
    text = drawn("calendar", rain([0.0, 0.9, 1.0, 12.0])).alt
    assert "Highest: 12.0 mm on 2001-01-04" in text
    assert text.endswith("2 days with at least 1 mm.")
