"""Lines: gaps as gaps, long series in calendar steps that keep their extremes, two units."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.series import Series
from datastream.core.errors import InvalidInputError
from visualizations import options
from visualizations.charts import common, line, look, thinning
from visualizations.charts.look import Spec
from visualizations.registry import Drawing, Facts, kinds

FACTS = Facts(place="Bergen", source="MET Norway", license="CC BY 4.0")


def hourly(
    values: Any, *, name: str = "TA", unit: str = "degC", start: str = "2010-01-01", **facts: Any
) -> Series:
    stamps = np.datetime64(start, "us") + np.arange(len(values)) * np.timedelta64(1, "h")
    values = np.asarray(values, float)
    there = np.isfinite(values)
    return Series(name, unit, "BGO", stamps[there], values[there], **facts)


def drawn(*series: Series, **more: Any) -> Drawing:
    chosen = options.check(kinds["line"], {"variables": ["TA"], **more})
    return line.compile_line(series, chosen, FACTS)


def layers(spec: Spec, mark: str) -> list[Spec]:
    """All layers of one mark, without title and foot."""
    flat = [part for group in spec["layer"] for part in group.get("layer", [group])]
    return [part for part in flat if part["mark"]["type"] == mark and "name" not in part]


def rows(spec: Spec, mark: str) -> list[Spec]:
    return [row for layer in layers(spec, mark) for row in layer["data"]["values"]]


def words(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["text"] + drawing.spec["title"]["subtitle"])


def test_a_gap_breaks_the_line_and_is_counted() -> None:
    drawing = drawn(hourly([1, 2, np.nan, 4, 5]))
    assert [row["v"] for row in rows(drawing.spec, "line")] == [1, 2, None, 4, 5]
    assert "1 gap" in words(drawing)


def test_a_value_between_two_gaps_is_a_dot() -> None:
    drawing = drawn(hourly([1, 2, np.nan, 4, np.nan, 6, 7]))
    assert [row["v"] for row in rows(drawing.spec, "point")] == [4]


def test_months_of_unequal_length_have_no_gaps_between_them() -> None:
    stamps = np.arange("2000-01", "2004-01", dtype="datetime64[M]").astype("datetime64[us]")
    drawing = drawn(Series("TA", "degC", "BGO", stamps, np.ones(stamps.size), interval="P1M"))
    assert "no gaps" in words(drawing)


def test_values_at_irregular_times_are_mostly_joined() -> None:
    rng = np.random.default_rng(1)
    seconds = np.cumsum(rng.integers(10, 5000, 500))
    stamps = np.datetime64("2020-01-01", "us") + seconds * np.timedelta64(1, "s")
    trace = thinning.as_it_is(Series("TA", "degC", "BGO", stamps, np.ones(500)))
    assert trace.gaps < 50


def test_a_hundred_thousand_values_become_few_marks_that_keep_the_extremes() -> None:
    values = np.random.default_rng(2).normal(10, 5, 100_000)
    values[12_345], values[54_321] = 60.0, -50.0
    spec = drawn(hourly(values)).spec
    band = rows(spec, "area")
    assert len(band) + len(rows(spec, "line")) <= look.MAX_MARKS
    assert max(row["hi"] for row in band) == 60.0
    assert min(row["lo"] for row in band) == -50.0
    assert "mean of each week" in " ".join(spec["title"]["subtitle"])


def test_six_long_gappy_series_stay_under_the_limit_of_marks() -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random((6, 20_000)) < 0.4, np.nan, rng.normal(size=(6, 20_000)))
    spec = drawn(*(hourly(v, name=f"T{i}") for i, v in enumerate(values))).spec
    marks = [row for mark in ("line", "area", "point", "text") for row in rows(spec, mark)]
    assert 1000 < len(marks) <= look.MAX_MARKS


def test_a_short_series_beside_a_long_one_is_drawn_as_it_is() -> None:
    drawing = drawn(hourly(np.ones(40_000), name="T1"), hourly(np.arange(5.0), name="T2"))
    assert [row["v"] for row in layers(drawing.spec, "line")[1]["data"]["values"]] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert "T2 (degC)" in drawing.columns
    assert "T1 (degC) highest" in drawing.columns


@pytest.mark.parametrize(
    ("name", "rule"),
    [("3 hours", "3h"), ("day", "D"), ("month", "MS"), ("quarter", "QS"), ("year", "YS")],
)
def test_steps_agree_with_pandas(name: str, rule: str) -> None:
    rng = np.random.default_rng(4)
    series = hourly(rng.normal(size=9000), start="1969-03-05T07:00")
    step = next(step for step in thinning.STEPS if step.name == name)
    trace = thinning.thinned(series, step, 0)
    frame = pd.Series(series.values, pd.DatetimeIndex(series.timestamps)).resample(rule)
    expected = frame.agg(["mean", "min", "max"])
    assert (trace.timestamps == expected.index.to_numpy("datetime64[us]")).all()
    np.testing.assert_allclose(trace.values, expected["mean"])
    np.testing.assert_array_equal(trace.lowest, expected["min"])
    np.testing.assert_array_equal(trace.highest, expected["max"])


def test_weeks_begin_on_monday_and_decades_on_the_tenth_year() -> None:
    stamps = np.array(["1969-12-31T05:00", "2024-02-29T23:00"], "datetime64[us]")
    steps = {step.name: step for step in thinning.STEPS}
    weeks = thinning.floor(stamps, steps["week"]).astype("datetime64[D]").astype(str)
    decades = thinning.floor(stamps, steps["decade"]).astype("datetime64[D]").astype(str)
    assert weeks.tolist() == ["1969-12-29", "2024-02-26"]
    assert decades.tolist() == ["1960-01-01", "2020-01-01"]


def test_two_units_have_two_axes_and_three_are_refused() -> None:
    warm, wet = hourly([1, 2]), hourly([3, 4], name="RR", unit="mm")
    spec = drawn(warm, wet).spec
    axes = [layer["encoding"]["y"]["axis"] for layer in layers(spec, "line")]
    assert [(axis["title"], axis.get("orient")) for axis in axes] == [
        ("TA, °C", None),
        ("RR, mm", "right"),
    ]
    assert spec["resolve"] == {"scale": {"y": "independent"}}
    with pytest.raises(InvalidInputError) as error:
        drawn(warm, wet, hourly([5], name="FF", unit="m s-1"))
    assert "variables" in error.value.details


def test_each_line_has_its_own_colour_dash_and_name_at_its_end() -> None:
    spec = drawn(*(hourly([i, i + 1], name=f"T{i}") for i in range(6))).spec
    looks = [(m["mark"]["color"], tuple(m["mark"]["strokeDash"])) for m in layers(spec, "line")]
    assert [colour for colour, _ in looks] == list(look.SERIES)
    assert len({dash for _, dash in looks}) == 6
    assert [row["k"] for row in rows(spec, "text")] == [f"T{i}" for i in range(6)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_names_at_the_ends_keep_a_distance_and_their_order(heights: list[float]) -> None:
    moved = np.array(common.apart(heights, 0.045))
    assert (np.diff(np.sort(moved)) >= 0.045 - 1e-9).all()
    assert (moved <= 1).all()
    order = np.argsort(heights, kind="stable")
    assert (np.diff(moved[order]) > 0).all()


def test_a_series_without_values_is_named_and_the_others_are_drawn() -> None:
    drawing = drawn(hourly([1, 2]), hourly([], name="RR"))
    assert "No values in this period: RR." in words(drawing)
    assert len(layers(drawing.spec, "line")) == 1


def test_no_values_at_all_are_said_in_a_sentence() -> None:
    spec = drawn(hourly([])).spec
    assert spec["layer"][0]["data"]["values"][0]["k"] == ["There are no values yet."]


def test_one_value_is_a_dot_with_a_sentence() -> None:
    drawing = drawn(hourly([3]))
    assert [row["v"] for row in rows(drawing.spec, "point")] == [3]
    assert "There is only one value." in words(drawing)


@pytest.mark.parametrize("value", [0.0, 5.0, -7e9, 1e-300, 1.7e308])
def test_a_constant_series_stands_inside_its_axis(value: Any) -> None:
    spec = drawn(hourly([value] * 10)).spec
    low, high = layers(spec, "line")[0]["encoding"]["y"]["scale"]["domain"]
    shown = rows(spec, "line")[0]["v"]
    assert low <= shown < high


def test_rain_has_no_room_below_zero() -> None:
    spec = drawn(hourly([0, 12.5, 3], name="RR", unit="mm")).spec
    assert layers(spec, "line")[0]["encoding"]["y"]["scale"]["domain"][0] == 0


def test_the_period_includes_its_start_and_excludes_its_end() -> None:
    drawing = drawn(hourly(range(10)), start="2010-01-01T02:00:00Z", end="2010-01-01T05:00:00Z")
    assert drawing.columns["timestamp"] == [f"2010-01-01T0{h}:00:00Z" for h in (2, 3, 4)]
    np.testing.assert_array_equal(drawing.columns["TA (degC)"], [2, 3, 4])


def test_columns_hold_the_union_of_all_instants() -> None:
    drawing = drawn(hourly([1, 2]), hourly([5, 6], name="T2", start="2010-01-01T01:00"))
    assert list(drawing.columns) == ["timestamp", "TA (degC)", "T2 (degC)"]
    np.testing.assert_array_equal(drawing.columns["TA (degC)"], [1, 2, np.nan])
    np.testing.assert_array_equal(drawing.columns["T2 (degC)"], [np.nan, 5, 6])


def test_variables_of_one_standard_name_keep_their_own_names() -> None:
    pair = [hourly([1, 2], name=name, standard_name="air_temperature") for name in ("TN", "TX")]
    assert common.names(pair) == ["TN", "TX"]
    assert common.names(pair[:1]) == ["air temperature"]


def test_one_variable_at_two_places_is_named_by_place() -> None:
    pair = [hourly([1, 2], station_name=name) for name in ("Oslo", "Bergen")]
    assert common.names(pair) == ["Oslo", "Bergen"]


def test_the_words_say_unit_period_count_and_the_alternative_text_the_extremes() -> None:
    drawing = drawn(hourly([1.5, -2.25, 3]))
    assert "°C; 2010-01-01 00:00 to 2010-01-01 02:00 UTC, one value an hour" in words(drawing)
    assert "lowest −2.25 °C on 2010-01-01, highest 3.00 °C" in drawing.alt
