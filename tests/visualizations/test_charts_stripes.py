"""Stripes: differences from a base period that is named, grey years, colours clamped both ways."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from datasets.series import Series
from visualizations import options
from visualizations.charts import look, stripes
from visualizations.charts.look import Spec
from visualizations.registry import Drawing, Facts, kinds

MONTHS = np.arange("1950-01", "2011-01", dtype="datetime64[M]").astype("datetime64[us]")


def monthly(
    values: Any, *, months: Any = MONTHS, unit: str = "degC", standard_name: str = ""
) -> Series:
    values = np.asarray(values, float)
    there = np.isfinite(values)
    return Series(
        *("T", unit, "A", months[there], values[there]),
        standard_name=standard_name,
        interval="P1M",
    )


def warming() -> NDArray[np.float64]:
    return np.random.default_rng(1).normal(size=MONTHS.size) + np.arange(MONTHS.size) / 300


def drawn(series: Series, **more: Any) -> Drawing:
    chosen = options.check(kinds["stripes"], {"variable": "T", **more})
    return stripes.compile_stripes([series], chosen, Facts(place="Bergen", source="MET Norway"))


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def stripe_layer(drawing: Drawing) -> Spec:
    layer: Spec = drawing.spec["layer"][1]
    return layer


def test_differences_agree_with_pandas() -> None:
    values = warming()
    drawing = drawn(monthly(values))
    years = pd.Series(values, pd.DatetimeIndex(MONTHS)).resample("YS").mean()
    expected = years - years["1971":"2000"].mean()
    np.testing.assert_allclose(drawing.columns["difference (degC)"], expected, atol=1e-12)
    assert drawing.columns["timestamp"][:2] == ["1950-01-01T00:00:00Z", "1951-01-01T00:00:00Z"]
    assert "One stripe a year, 1950–2010. Difference from the 1971–2000 mean, °C" in subtitle(
        drawing
    )


def test_a_base_that_is_not_covered_gives_way_to_all_years_and_says_so() -> None:
    drawing = drawn(monthly(warming()), reference_start=2005, reference_end=2020)
    assert "Under 80 % of 2005–2020 is complete" in subtitle(drawing)
    assert "all 61 complete years" in subtitle(drawing)
    assert abs(np.mean(drawing.columns["difference (degC)"])) < 1e-12


def test_a_year_without_enough_values_is_grey_and_counted() -> None:
    values = warming()
    values[24:28] = np.nan
    drawing = drawn(monthly(values))
    reason = "under 80 % of the values or under half of those of a month"
    assert f"Grey: 1 year with {reason}." in subtitle(drawing)
    behind, drawn_years = drawing.spec["layer"][0], stripe_layer(drawing)["data"]["values"]
    assert behind["mark"]["color"] == look.NO_VALUE
    assert 1952 not in [row["t"] for row in drawn_years]
    # The stripe before a missing year does not run into it.
    assert next(row["hi"] for row in drawn_years if row["t"] == 1951) == 1951.5


def test_an_unfinished_year_is_never_a_year() -> None:
    drawing = drawn(monthly(warming()[:-2], months=MONTHS[:-2]))
    assert drawing.columns["year"][-1] == 2009
    assert "2010 is unfinished and left out." in subtitle(drawing)


def test_colours_are_symmetric_clamped_and_their_legend_says_so() -> None:
    drawing = drawn(monthly(warming()))
    colour = stripe_layer(drawing)["encoding"]["color"]
    domain = colour["scale"]["domain"]
    np.testing.assert_allclose(domain, -np.array(domain)[::-1], atol=1e-12)
    assert colour["scale"]["clamp"] is True
    reach = np.quantile(np.abs(drawing.columns["difference (degC)"]), 0.99)
    assert domain[-1] == pytest.approx(reach, rel=0.05)
    assert colour["scale"]["range"] == list(look.BLUE_RED)
    label = colour["legend"]["labelExpr"]
    assert "≤ −" in label
    assert "≥ +" in label
    assert "0 = mean of 1971–2000" in label


def test_rain_is_brown_to_green_totals_a_year_and_climate_stripes() -> None:
    days = np.arange("2000-01-01", "2003-01-01", dtype="datetime64[D]").astype("datetime64[us]")
    rain = Series("RR", "mm", "A", days, np.ones(days.size), interval="P1D")
    drawing = drawn(rain)
    assert stripe_layer(drawing)["encoding"]["color"]["scale"]["range"] == list(look.BROWN_GREEN)
    assert "Climate stripes, one a year" in subtitle(drawing)
    assert "mm a year" in subtitle(drawing)
    np.testing.assert_allclose(drawing.columns["total (mm)"], [366, 365, 365])


def test_a_palette_can_be_chosen() -> None:
    drawing = drawn(monthly(warming()), palette="brown-green")
    assert stripe_layer(drawing)["encoding"]["color"]["scale"]["range"] == list(look.BROWN_GREEN)
    assert "brown below, green above" in drawing.alt
    assert "blue below, red above" in drawn(monthly(warming())).alt


def test_bare_stripes_have_neither_axis_nor_legend_but_keep_title_and_source() -> None:
    drawing = drawn(monthly(warming()), bare=True)
    encoding = stripe_layer(drawing)["encoding"]
    assert encoding["x"]["axis"] is None
    assert encoding["color"]["legend"] is None
    assert "MET Norway" in drawing.spec["layer"][-1]["data"]["values"][0]["k"][0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [([], "There are no values yet."), ([1.0], "No year is complete"), ([1.0] * 8, "No year is")],
)
def test_without_a_complete_year_a_sentence_says_so(values: Any, sentence: str) -> None:
    drawing = drawn(monthly(values, months=MONTHS[: len(values)]))
    assert sentence in drawing.spec["layer"][0]["data"]["values"][0]["k"][0]
    assert sentence in drawing.alt
    assert not any(len(column) for column in drawing.columns.values())


def test_equal_years_are_neutral_and_said_to_be_equal() -> None:
    drawing = drawn(monthly(np.full(MONTHS.size, 0.1)))
    assert not np.any(drawing.columns["difference (degC)"])
    assert "No year differs from another." in drawing.alt
    assert np.isfinite(stripe_layer(drawing)["encoding"]["color"]["scale"]["domain"]).all()


def test_a_unit_nobody_spelled_stays_out_of_the_expression() -> None:
    drawing = drawn(monthly(warming(), unit="'+alert(1)+'"))
    assert "alert" not in stripe_layer(drawing)["encoding"]["color"]["legend"]["labelExpr"]
    assert "alert" in subtitle(drawing)


def test_the_place_stands_in_the_subtitle_where_the_title_does_not_name_it() -> None:
    found = kinds["stripes"]
    chosen = options.check(found, {"variable": "T"})
    series = [monthly(warming())]
    other = found.compile(series, chosen, Facts(title="My stripes", place="Bergen"))
    named = found.compile(series, chosen, Facts(title="Stripes of Bergen", place="Bergen"))
    assert subtitle(other).startswith("Bergen. One stripe a year")
    assert subtitle(named).startswith("One stripe a year")
    assert other.spec["title"]["text"] == ["My stripes"]
