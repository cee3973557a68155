"""Every registered analysis is asked for what it cannot do: refused by name, and no job made."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from accounts.models import User
from analyses.models import Analysis
from analyses.parameters import check
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from datasets.models import Dataset
from datastream.core.errors import InvalidInputError
from tests.analyses.choosing import filled
from tests.conftest import ClientOf

BY_NAME = [pytest.param(one, id=one.name) for one in registry]
WRONG_NUMBERS = (10**9, -(10**9), -1, 0, 1e300, 10**400, math.nan, math.inf, -math.inf)
OTHER_TYPES: tuple[Any, ...] = ("1", "", [], {}, None, True)
CODE = ("__import__('os').system('id')", "{{7*7}}", "${7*7}", "<script>alert(1)</script>", "%s%n")
# What one needs beside its defaults.
NEEDED: dict[str, dict[str, Any]] = {
    "comparison": {"reference": {"variable": "TMIN"}},
    "correlation": {"others": [{"variable": "TMIN"}]},
    "regression": {"predictors": [{"variable": "TMIN"}]},
}


def good(method: Method) -> dict[str, Any]:
    """A request that is accepted."""
    main = {"variable": "TMAX"} if "variable" in method.schema["properties"] else {}
    return {"station": "A"} | main | NEEDED.get(method.name, {})


def types(entry: Mapping[str, Any]) -> set[str]:
    return {entry["type"]} if isinstance(entry["type"], str) else set(entry["type"])


def fits(value: Any, entry: Mapping[str, Any]) -> bool:
    """Whether a number is one that the bounds of a parameter allow."""
    return bool(entry["minimum"] <= value <= entry["maximum"])


def has_type(value: Any, entry: Mapping[str, Any]) -> bool:
    of = {str: "string", list: "array", dict: "object", type(None): "null", bool: "boolean"}
    return of[type(value)] in types(entry)


def wrong_values(entry: Mapping[str, Any]) -> Iterator[Any]:
    yield from (value for value in OTHER_TYPES if not has_type(value, entry))
    if {"integer", "number"} & types(entry):
        yield from (value for value in WRONG_NUMBERS if not fits(value, entry))
    if "integer" in types(entry):
        yield 1.5
    if "array" in types(entry):
        longest = entry["maxItems"] + 1
        yield from ([1] * longest, ["x"] * longest, [{}], [math.nan], [10**9], [-1], [[1]])
    if "enum" in entry:
        yield from ("nonsense", *CODE)


def refused(method: Method, given: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        check(method, given)
    json.dumps(caught.value.details, allow_nan=False)
    return list(caught.value.details)


@pytest.mark.parametrize("method", BY_NAME)
def test_in_52_a_value_beyond_its_bounds_or_of_another_type_is_refused_by_name(
    method: Method,
) -> None:
    for name, entry in method.schema["properties"].items():
        for value in wrong_values(entry):
            told = refused(method, good(method) | {name: value})
            assert {one.partition(".")[0] for one in told} == {name}, (name, value, told)


@pytest.mark.parametrize("method", BY_NAME)
def test_in_51_each_needed_parameter_is_missed_by_name(method: Method) -> None:
    for name in method.schema["required"]:
        given = {key: value for key, value in good(method).items() if key != name}
        assert refused(method, given) == [name]
    assert refused(method, good(method) | {"window": 3, "": 1}) == ["", "window"]


@pytest.mark.parametrize("method", BY_NAME)
def test_what_is_good_is_accepted_with_every_default(method: Method) -> None:
    found = check(method, good(method))
    assert method.parameters.keys() <= found.keys()
    again = check(method, found)
    assert json.dumps(again, sort_keys=True) == json.dumps(found, sort_keys=True)


# ------------------------------------------------------------------ over HTTP


@pytest.fixture
def home(analyst: User) -> Dataset:
    return filled(analyst)


def asked(
    home: Dataset, client_of: ClientOf, method: Method, parameters: dict[str, Any]
) -> dict[str, Any]:
    """What is said of a request that is refused, which made no job."""
    path = f"/api/v1/datasets/{home.pk}/analysis"
    body = {"type": method.name, "parameters": parameters}
    answer = client_of(home.owner).post(path, body, format="json")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/json"
    assert not Analysis.objects.exists()
    details: dict[str, Any] = answer.json()["detail"]["details"]
    return details


@pytest.mark.parametrize("method", BY_NAME)
def test_in_51_everything_wrong_at_once_is_named_and_makes_no_job(
    home: Dataset, client_of: ClientOf, method: Method
) -> None:
    wrong = {name: {"a": 1} for name in method.schema["properties"]}
    told = asked(home, client_of, method, wrong | {"window": 10**9})
    assert {one.partition(".")[0] for one in told} == {*wrong, "window"}


@pytest.mark.parametrize("method", BY_NAME)
def test_in_52_absurd_numbers_are_named_and_make_no_job(
    home: Dataset, client_of: ClientOf, method: Method
) -> None:
    numbers = {name: one for name, one in method.schema["properties"].items() if "maximum" in one}
    beyond = {
        name: [value for value in (10**9, -(10**9)) if not fits(value, one)]
        for name, one in numbers.items()
    }
    absurd = {name: values[0] for name, values in beyond.items() if values}
    assert absurd
    told = asked(home, client_of, method, good(method) | absurd)
    assert told.keys() == absurd.keys()


def test_a_huge_threshold_is_taken_and_told_as_it_was_given(
    home: Dataset, client_of: ClientOf
) -> None:
    parameters = good(registry["extremes"]) | {
        "approach": "peaks_over_threshold",
        "threshold": 1e299,
    }
    client = client_of(home.owner)
    path = f"/api/v1/datasets/{home.pk}/analysis"
    body = {"type": "extremes", "parameters": parameters}
    answer = client.post(path, body, format="json")
    assert answer.status_code == 202, answer.content
    assert client.get(answer["Location"]).json()["parameters"]["threshold"] == 1e299


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("method", BY_NAME)
def test_in_53_code_in_a_string_is_text_that_names_nothing(
    home: Dataset, client_of: ClientOf, method: Method, code: str
) -> None:
    strings = [name for name, one in method.schema["properties"].items() if "string" in types(one)]
    assert {"station", "flags", "start"} <= set(strings)
    for name in strings:
        given = {key: value for key, value in good(method).items() if key != name}
        told = asked(home, client_of, method, given | {name: code})
        assert list(told) == [name], told
        assert "49" not in str(told)
