"""Options: what is unknown, mistyped or out of range is named; defaults are filled in."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

import visualizations.charts
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder
from tests.visualizations.samples import least
from visualizations import options
from visualizations.registry import Kind, kinds

import_folder(visualizations.charts)


def refused(kind: str, **given: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidInputError) as error:
        options.check(kinds[kind], least(kinds[kind]) | given)
    return error.value.details


@pytest.mark.parametrize("kind", list(kinds), ids=lambda kind: kind.name)
def test_every_kind_declares_a_valid_closed_and_described_schema(kind: Kind) -> None:
    Draft202012Validator.check_schema(kind.schema)
    assert kind.schema["additionalProperties"] is False
    assert all(option["description"] for option in kind.options.values())
    assert set(kind.required) <= set(kind.options)


def test_defaults_are_filled_in_and_what_is_given_stays() -> None:
    found = options.check(kinds["stripes"], {"variable": "T", "reference_start": 1981})
    assert found["reference_start"] == 1981
    assert found["reference_end"] == 2000
    assert found["bare"] is False
    assert "station" not in found


@pytest.mark.parametrize("kind", kinds.names())
@pytest.mark.parametrize(
    "name", ["url", "href", "expr", "signal", "calculate", "mark", "image", "color", "data", "spec"]
)
def test_in_56_unknown_options_are_refused_by_name(kind: str, name: str) -> None:
    assert list(refused(kind, **{name: "x"})) == [name]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("line", "variables", []),
        ("line", "variables", ["a"] * 2),
        ("line", "variables", list("abcdefg")),
        ("line", "variables", [1]),
        ("line", "variables", "T"),
        ("line", "variables", ["a\0b"]),
        ("line", "start", "yesterday"),
        ("line", "start", 5),
        ("line", "station", "x\0"),
        ("line", "station", "\ud800"),
        ("line", "station", ""),
        ("line", "station", "x" * 201),
        ("stripes", "variable", None),
        ("stripes", "bare", 1),
        ("stripes", "reference_start", True),
        ("stripes", "reference_start", "1971"),
        ("stripes", "reference_start", 1971.0),
        ("stripes", "reference_start", 0),
        ("stripes", "reference_start", 2001),
        ("stripes", "reference_end", 10_000),
        ("stripes", "palette", "url(#a)"),
        ("stripes", "palette", "red;}"),
        ("stripes", "palette", {"expr": "1"}),
        ("stripes", "step", "month"),
        ("anomaly_trend", "trend_start", 1e300),
        ("scatter", "line", "url(#a)"),
        ("scatter", "x", ""),
        ("wind_rose", "calm_below", -1),
        ("wind_rose", "calm_below", "red;}"),
        ("wind_rose", "calm_below", 1e300),
        ("map", "statistic", "expr"),
        ("map", "palette", "url(#a)"),
        ("map", "palette", "red;}"),
        ("map", "area", [0, 0, 10]),
        ("map", "area", [0, 0, 10, 1e9]),
        ("map", "area", ["a", 0, 10, 20]),
        ("map", "area", "world"),
        ("taylor", "months", "red;}"),
    ],
)
def test_in_57_wrong_values_are_refused_by_name(kind: str, name: str, value: Any) -> None:
    details = refused(kind, **{name: value})
    assert list(details) == [name]
    assert all(isinstance(message, str) and message.endswith(".") for message in details[name])


def test_an_end_before_its_start_is_refused() -> None:
    assert list(refused("line", start="2010-01-02", end="2010-01-01T00:00:00Z")) == ["end"]


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as error:
        options.check(kinds["stripes"], {"bare": "yes", "colour": "red"})
    assert set(error.value.details) == {"bare", "colour", "variable"}


@pytest.mark.parametrize("given", [None, [], "x", 1])
def test_options_that_are_no_object_are_refused(given: Any) -> None:
    with pytest.raises(InvalidInputError):
        options.check(kinds["line"], given)
