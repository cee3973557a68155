"""Kinds of one series with odd input: a picture each, that says of what there was too little."""

import json
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

import visualizations.charts
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder
from tests.visualizations.single import drawn, marks, rain, sentence, series_of
from visualizations import options
from visualizations.charts import look
from visualizations.registry import Drawing, Facts, kinds

import_folder(visualizations.charts)

SINGLE = ["availability", "bars", "box_by_month", "calendar", "histogram", "ribbon"]
RNG = np.random.default_rng(7)
YEAR = RNG.normal(10, 5, 366)


def with_gaps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.arange(values.size) % 97 < 30, np.nan, values)


ODD: dict[str, Series] = {
    "two values": series_of(np.where(np.arange(200) % 190 == 3, 1.5, np.nan)),
    "a month": series_of(YEAR[:31]),
    "constant": series_of(np.full(900, 5.0)),
    "zeros": rain(np.zeros(900)),
    "gaps": series_of(with_gaps(np.tile(YEAR, 4))),
    "huge": series_of(np.tile(YEAR, 4) * 5e305),
    "one huge": series_of(np.where(np.arange(900) == 400, 1.7e308, 1.0)),
    "tiny": series_of(np.tile(YEAR, 4) * 1e-300),
    "almost constant": series_of(1e9 + np.arange(900) * 1e-7),
    "hours": series_of(RNG.normal(size=20_000), step="h"),
    "months": series_of(RNG.normal(size=400), step="M", start="1970-01"),
    "years": series_of(RNG.normal(size=300), step="Y", start="1700"),
    "the first year": series_of(YEAR, start="0001-01-01"),
    "the last year": series_of(YEAR[:365], start="9999-01-01"),
    "no interval": series_of(YEAR, interval=""),
    "seconds": series_of(YEAR, interval="PT1S"),
    "nonsense": series_of(
        YEAR, interval="every now and then", unit="\0'+alert(1)", variable="\ud800"
    ),
}


def is_whole(drawing: Drawing) -> None:
    """A picture that can be drawn and read: no NaN in it, not too many marks, words that end."""
    json.dumps(drawing.spec, allow_nan=False)
    # As the API writes it: of numpy's numbers it knows none.
    orjson.dumps(drawing.spec)
    assert 0 < marks(drawing) <= look.MAX_MARKS
    assert drawing.alt.endswith(".")
    assert "nan" not in drawing.alt
    assert "inf" not in f"{drawing.alt} {drawing.spec['title']}"
    assert len({len(column) for column in drawing.columns.values()}) == 1


@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.parametrize("name", ODD)
def test_odd_input_makes_a_picture(kind: str, name: str) -> None:
    is_whole(drawn(kind, ODD[name]))


@pytest.mark.parametrize("kind", SINGLE)
def test_a_long_series_makes_a_picture_of_few_marks(kind: str) -> None:
    stamps = np.datetime64("1000-01-01", "us") + np.arange(365_000) * np.timedelta64(1, "D")
    series = Series("T", "degC", "A", stamps, RNG.gamma(0.3, 9, stamps.size), interval="P1D")
    is_whole(drawn(kind, series))


@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.parametrize(
    ("more", "told"),
    [({}, "There are no values yet."), ({"start": "2030-01-01"}, "There are no values in this")],
)
def test_no_values_are_said_in_a_sentence(kind: str, more: dict[str, Any], told: str) -> None:
    drawing = drawn(kind, series_of(YEAR if more else []), **more)
    assert told in sentence(drawing)
    assert told in drawing.alt
    assert not any(len(column) for column in drawing.columns.values())


@pytest.mark.parametrize("kind", ["availability", "bars", "calendar", "ribbon"])
def test_one_value_without_an_interval_is_said_in_a_sentence(kind: str) -> None:
    drawing = drawn(kind, series_of([4.0], interval=""))
    assert "There is one value and no declared interval" in sentence(drawing)


@pytest.mark.parametrize("kind", ["availability", "calendar", "ribbon"])
def test_values_too_far_apart_are_said_in_a_sentence(kind: str) -> None:
    drawing = drawn(kind, series_of(RNG.normal(size=40), step="Y", start="1970"))
    assert "There is only one value a year, which is too few" in sentence(drawing)


@pytest.mark.parametrize("kind", SINGLE)
def test_two_series_are_refused(kind: str) -> None:
    chosen = options.check(kinds[kind], {"variable": "T"})
    with pytest.raises(InvalidInputError) as error:
        kinds[kind].compile([series_of(YEAR)] * 2, chosen, Facts())
    assert "variable" in error.value.details


@pytest.mark.parametrize("kind", SINGLE)
def test_values_that_failed_quality_control_are_counted(kind: str) -> None:
    drawing = drawn(kind, series_of(YEAR, left_out=3))
    assert "3 values failed quality control" in " ".join(drawing.spec["title"]["subtitle"])


@pytest.mark.parametrize("kind", SINGLE)
def test_the_place_stands_in_the_subtitle_where_the_title_does_not_name_it(kind: str) -> None:
    for title, is_there in (("My picture", True), ("Bergen in one picture", False)):
        drawing = drawn(kind, series_of(YEAR), Facts(title=title, place="Bergen"))
        assert ("Bergen. " in drawing.spec["title"]["subtitle"][0]) == is_there
