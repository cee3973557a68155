"""Every registered analysis, with each of its choices, on odd series."""

import json
from typing import Any

import pytest

import analyses.methods
from analyses.registry import Analysis
from analyses.registry import analyses as registry
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder
from tests.analyses.odd import ODD, ODDEST, TOO_FEW, choices, numbers, taken_by, told

import_folder(analyses.methods)
BY_NAME = [pytest.param(one, id=one.name) for one in registry]
# Ten thousand years of days take their time.
ODD_NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name == "two far apart" else ()) for name in ODD
]
BY_CHOICE = [pytest.param(one, own, id=told(one, own)) for one in registry for own in choices(one)]
# What is null where it does not apply, or stands beside the count that says why.
NOT_ASKED = {
    "reason", "rule_reason", "warning", "window_days", "februaries_29", "fill", "longest_gap",
    "records_by_month", "base", "seasonal", "month", "values", "means", "annual", "monthly",
    "doubted",
}  # fmt: skip


def outcome(analysis: Analysis, name: str, own: dict[str, Any]) -> dict[str, Any] | None:
    """What it finds, as JSON that has no NaN; None where it refuses in a sentence."""
    try:
        found = analysis.run(taken_by(analysis, name), own)
    except InvalidInputError as error:
        for parameter, (sentence,) in error.details.items():
            assert parameter in analysis.schema["properties"]
            assert sentence.endswith(".")
        return None
    result: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return result


def explained(analysis: Analysis, name: str, own: dict[str, Any], result: dict[str, Any]) -> None:
    taken = taken_by(analysis, name)
    assert analysis.explain is not None
    for of, series in analysis.series_of(taken):
        for path in numbers(result):
            said = analysis.why(taken, path, own, of)
            assert said.codes.shape == series.values.shape, path
            assert set(said.codes.tolist()) <= set(range(len(said.reasons))), path
            assert said.reasons[0] == ""
            assert all(reason.endswith(".") for reason in said.reasons[1:])


def without_reason(value: Any, path: tuple[str, ...] = ()) -> set[str]:
    """Where there is a null and no reason beside it or above."""
    if isinstance(value, dict):
        if value.get("reason"):
            return set()
        return set().union(*(without_reason(v, (*path, k)) for k, v in value.items()))
    if isinstance(value, list):
        return set().union(*(without_reason(one, path) for one in value))
    return {".".join(path)} if value is None and not NOT_ASKED & set(path) else set()


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("analysis", BY_NAME)
def test_in_54_an_odd_series_ends_with_a_result_or_a_sentence(
    analysis: Analysis, name: str
) -> None:
    own = next(choices(analysis))
    result = outcome(analysis, name, own)
    if result is None:
        return
    assert result["n"] <= sum(one.values.size for one in all_of(taken_by(analysis, name)))
    assert isinstance(result["units"], dict)
    assert result["station"] == "A"
    explained(analysis, name, own, result)


def all_of(taken: dict[str, Any]) -> list[Any]:
    return [one for v in taken.values() for one in (v if isinstance(v, list) else [v])]


@pytest.mark.slow
@pytest.mark.parametrize(("analysis", "own"), BY_CHOICE)
def test_in_54_so_it_does_with_each_of_its_choices(analysis: Analysis, own: dict[str, Any]) -> None:
    for name in ODDEST:
        result = outcome(analysis, name, own)
        if result is not None:
            explained(analysis, name, own, result)


@pytest.mark.parametrize("name", TOO_FEW)
@pytest.mark.parametrize("analysis", BY_NAME)
def test_in_54_what_is_null_of_too_little_has_a_reason(analysis: Analysis, name: str) -> None:
    result = outcome(analysis, name, next(choices(analysis)))
    assert result is not None
    assert without_reason(result) == set()


@pytest.mark.parametrize(("analysis", "own"), BY_CHOICE)
def test_in_54_nothing_is_told_of_nothing_but_why_and_what_was_left_out(
    analysis: Analysis, own: dict[str, Any]
) -> None:
    result = outcome(analysis, "nothing", own)
    assert result is not None
    assert result["reason"].endswith(".")
    assert result["n"] == 0
    # Of several by name, those of the ones that it needs.
    assert result["left_out"] % 5 == 0
    assert result["left_out"] >= 5
    assert (result["start"], result["end"]) == (None, None)
