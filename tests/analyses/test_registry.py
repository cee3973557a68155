"""What analyses declare, and the check of their parameters."""

import inspect
import json
import math

import pytest
from jsonschema import Draft202012Validator

import analyses.methods
from analyses.parameters import check
from analyses.registry import Analysis
from analyses.registry import analyses as registry
from datastream.core.errors import InvalidInputError
from datastream.core.registry import NameTakenError, import_folder

import_folder(analyses.methods)
NAMES = ("anomaly", "climatology", "summary", "trend")
BOUNDS = {
    "string": {"enum"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "boolean": set(),
    "array": {"items", "minItems", "maxItems"},
}


def refusals(name, parameters):
    with pytest.raises(InvalidInputError) as caught:
        check(registry[name], parameters)
    json.dumps(caught.value.details)
    return caught.value.details


def test_the_four_analyses_are_registered():
    assert set(NAMES) <= set(registry.names())


def test_a_name_is_taken_once():
    with pytest.raises(NameTakenError):
        registry.add(registry["trend"])


@pytest.mark.parametrize("analysis", list(registry), ids=lambda analysis: analysis.name)
def test_a_declaration_is_whole(analysis):
    Draft202012Validator.check_schema(analysis.schema)
    json.dumps(analysis.schema, allow_nan=False)
    assert analysis.title
    assert analysis.description.endswith(".")
    assert analysis.references
    assert analysis.missing.endswith(".")
    assert analysis.version >= 1
    assert analysis.schema["additionalProperties"] is False


@pytest.mark.parametrize("analysis", list(registry), ids=lambda analysis: analysis.name)
def test_each_parameter_has_type_description_default_and_bounds(analysis):
    for entry in analysis.parameters.values():
        types = [entry["type"]] if isinstance(entry["type"], str) else entry["type"]
        assert BOUNDS[types[0]] <= entry.keys()
        assert entry["description"].endswith(".")
        Draft202012Validator(entry).validate(entry["default"])


@pytest.mark.parametrize("analysis", list(registry), ids=lambda analysis: analysis.name)
def test_defaults_are_those_of_the_function(analysis):
    taken = inspect.signature(analysis.compute).parameters
    declared = {name: entry["default"] for name, entry in analysis.parameters.items()}
    given = {"series", *(one.parameter for one in analysis.inputs)}
    defaults = {name: one.default for name, one in taken.items() if name not in given}
    # A list of JSON is a tuple where it is a default.
    lists = {name: list(one) for name, one in defaults.items() if isinstance(one, tuple)}
    assert declared == defaults | lists


def test_defaults_are_filled_in_and_parted_from_the_common_ones():
    found = check(registry["trend"], {"variable": "TMAX", "confidence": 0.9})
    assert found == {
        "variable": "TMAX",
        "flags": "exclude",
        "step": "auto",
        "by": "none",
        "min_coverage": 0.8,
        "confidence": 0.9,
        "autocorrelation": "yue_wang",
    }
    assert registry["trend"].own(found).keys() == registry["trend"].parameters.keys()


@pytest.mark.parametrize("name", ["trend", "climatology", "anomaly"])
def test_a_variable_must_be_given(name):
    assert refusals(name, {}) == {"variable": ["Must be given."]}


@pytest.mark.parametrize("given", [{}, {"variable": "TMAX"}, {"variables": ["TMAX", "TMIN"]}])
def test_a_summary_takes_one_variable_or_several_or_all(given):
    assert check(registry["summary"], given) == given | {"flags": "exclude"}


def test_a_summary_does_not_take_variable_and_variables():
    details = refusals("summary", {"variable": "TMAX", "variables": ["TMIN"]})
    assert details == {"variables": ["Give either `variable` or `variables`."]}


def test_each_of_several_that_are_missing_is_named_once():
    wanted = {"reference": ["Must be given."], "variable": ["Must be given."]}
    assert refusals("comparison", {}) == wanted


def test_everything_that_is_wrong_is_named():
    details = refusals("trend", {"bogus": 1, "step": "week", "confidence": 2, "revision": 0})
    assert details == {
        "bogus": ["Is not a parameter of this analysis."],
        "confidence": ["Must be at most 0.999."],
        "revision": ["Must be at least 1."],
        "step": ["Must be one of: auto, raw, month, year."],
        "variable": ["Must be given."],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("variable", 3),
        ("variable", ""),
        ("variable", None),
        ("variable", "a\0b"),
        ("variable", "\ud800"),
        ("variable", "x" * 201),
        ("station", ["A"]),
        ("revision", True),
        ("revision", 1.5),
        ("revision", "1"),
        ("revision", 2**63),
        ("revision", 10**400),
        ("flags", "maybe"),
        ("start", "yesterday"),
        ("start", "2001-02-30"),
        ("start", "2001-01-01T00:00:00"),
        ("start", "2001-01-01\n"),
        ("end", "2001-01-01T25:00:00Z"),
        ("end", "0001-01-01T00:00:00+01:00"),
        ("end", 2001),
        ("by", "week"),
        ("window_days", 14),
        ("window_days", 63),
        ("window_days", -1),
        ("window_days", True),
        ("min_years", 0),
        ("min_years", math.nan),
        ("min_coverage", math.nan),
        ("min_coverage", math.inf),
        ("min_coverage", False),
        ("min_coverage", "0.8"),
        ("reference_start", 1),
        ("reference_start", "1991"),
        ("reference_end", {}),
        ("variables", ["TMAX"]),
        ("series", 1),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name, value):
    details = refusals("climatology", {"variable": "TMAX"} | {name: value})
    assert list(details) == [name]
    assert len(details[name]) == 1


@pytest.mark.parametrize(
    "variables", [[], ["A"] * 2, [str(n) for n in range(21)], [1], ["a\0"], "A", [None], [["A"]]]
)
def test_a_wrong_list_of_variables_is_refused(variables):
    assert list(refusals("summary", {"variables": variables})) == ["variables"]


@pytest.mark.parametrize("name", ["climatology", "anomaly"])
def test_a_reference_must_not_end_before_it_starts(name):
    details = refusals(name, {"variable": "T", "reference_start": 2000, "reference_end": 1990})
    assert list(details) == ["reference_end"]


@pytest.mark.parametrize(
    ("start", "end"),
    [("2001-01-01", "2001-01-01"), ("2001-01-01T12:00:00Z", "2001-01-01T13:00:00+02:00")],
)
def test_the_end_must_be_after_the_start(start, end):
    details = refusals("trend", {"variable": "T", "start": start, "end": end})
    assert details == {"end": ["Must be after `start`."]}


@pytest.mark.parametrize("time", ["2001-01-01", "2001-01-01t00:00:00z", "2001-01-01T00:00:00.5Z"])
def test_dates_and_times_are_taken_as_they_are(time):
    assert check(registry["trend"], {"variable": "T", "start": time})["start"] == time


def test_a_number_without_a_fraction_is_whole():
    found = check(registry["climatology"], {"variable": "T", "min_years": 5.0, "revision": 2.0})
    assert [type(found["min_years"]), type(found["revision"])] == [int, int]


@pytest.mark.parametrize("name", ["trend", "climatology", "anomaly", "outliers", "gaps"])
def test_what_was_checked_is_checked_again_to_the_same(name):
    analysis = registry[name]
    once = check(analysis, {"variable": "T"})
    again = check(analysis, once)
    # As texts: a rerun must have the key of what it repeats, and 5 and 5.0 have two.
    assert json.dumps(again, sort_keys=True) == json.dumps(once, sort_keys=True)


@pytest.mark.parametrize("parameters", [None, [], "variable", 3])
def test_parameters_must_be_an_object(parameters):
    assert list(refusals("trend", parameters)) == ["parameters"]


def test_an_analysis_needs_no_rules_of_its_own():
    analysis = Analysis(
        name="none",
        title="None",
        description="None.",
        parameters={},
        references=(),
        version=1,
        compute=lambda _series: {},
    )
    given = {"variable": "T", "station": "A"}
    assert check(analysis, given) == given | {"flags": "exclude"}
