"""Availability: shares of the expected values by month, in classes that tell none from few."""

import calendar

import numpy as np
import pandas as pd

from analyses.methods.calendar import PeriodMeans
from datasets.series import Series
from tests.visualizations.single import drawn, rows, series_of, words
from visualizations.charts import availability, look
from visualizations.charts.subject import MONTHS


def gappy() -> pd.Series:
    """Fourteen years of days; every third is missing in 2003, and all of May 2005 is."""
    days = pd.date_range("2001-01-01", "2014-12-31")
    values = pd.Series(np.ones(days.size), days)
    values[(days.year == 2003) & (days.day % 3 == 0)] = np.nan
    values["2005-05"] = np.nan
    return values


def test_shares_agree_with_pandas_and_the_calendar() -> None:
    columns = drawn("availability", series_of(gappy())).columns
    counts = gappy().resample("MS").count()
    expected = [calendar.monthrange(t.year, t.month)[1] for t in counts.index]
    np.testing.assert_array_equal(columns["values"], counts)
    np.testing.assert_array_equal(columns["expected"], expected)
    np.testing.assert_allclose(columns["share"], counts / expected)
    assert columns["timestamp"][52] == "2005-05-01T00:00:00Z"


def test_a_month_without_a_value_is_unlike_one_with_few_and_one_outside() -> None:
    drawing = drawn("availability", series_of(gappy()))
    found = {(row["lo"] + 0.5, row["t"] + 0.5): row["k"] for row in rows(drawing, "rect")}
    assert found[2005, 4] == "no value"
    assert found[2003, 0] == "50 to 80 %"
    assert found[2004, 0] == "every value"
    assert len(found) == 168
    scale = drawing.spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == list(availability.CLASSES)
    assert scale["range"][0] == look.NO_VALUE
    assert "1 month without a value" in words(drawing)


def test_classes_begin_at_their_limits() -> None:
    # Of a hundred values a month: 0, 49, 50, 79, 80, 94, 95, 99 and all.
    counts = np.array([0, 49, 50, 79, 80, 94, 95, 99, 100])
    edges = np.arange("2001-01", "2001-11", dtype="datetime64[M]").astype("datetime64[us]")
    finished, expected = np.ones(9, bool), np.full(9, 100)
    means = PeriodMeans("month", edges, counts * 1.0, counts, expected, finished)
    assert availability.classes(means).tolist() == [0, 1, 2, 2, 3, 3, 4, 4, 5]


def test_few_years_stand_below_one_another() -> None:
    for years, across in ((3, "month"), (13, "year")):
        drawing = drawn("availability", series_of(np.ones(365 * years)))
        labels = drawing.spec["layer"][0]["encoding"]["x"]["axis"].get("labelExpr", "")
        assert (MONTHS[0] in labels) == (across == "month")


def test_a_month_that_has_not_ended_is_named() -> None:
    drawing = drawn("availability", series_of(np.ones(40)))
    assert "2001-02 has not ended." in words(drawing)
    assert "has not ended" not in words(drawn("availability", series_of(np.ones(31))))


def test_the_subtitle_has_what_is_there_and_what_should_be() -> None:
    values = np.ones(100)
    values[10:35] = np.nan
    drawing = drawn("availability", series_of(values))
    assert "2001-01-01 to 2001-04-10: 75 values, 75.0 % of 100" in words(drawing)
    assert "one value a day" in words(drawing)
    assert "75.0 % of the values are there" in drawing.alt


def test_a_very_long_series_shows_its_last_years_and_says_so() -> None:
    drawing = drawn("availability", series_of(np.ones(12 * 700), step="M", start="1200"))
    assert len(rows(drawing, "rect")) == 12 * availability.MOST_YEARS
    assert f"Only the last {availability.MOST_YEARS} years are drawn." in words(drawing)
    assert len(drawing.columns["share"]) == 12 * 700


def test_complete_months_stamped_at_their_ends_miss_nothing() -> None:
    stamps = pd.date_range("1990-01-01", "2000-01-31", freq="ME").to_numpy()
    some = Series("T", "degC", "A", stamps.astype("datetime64[us]"), np.ones(stamps.size))
    drawing = drawn("availability", some)
    assert "121 values, 100.0 % of 121" in words(drawing)
    assert "121 months complete" in drawing.alt
