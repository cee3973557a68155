"""Parameters that change nothing beside the others are refused, and these do change nothing."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.parameters import check, effective
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from analyses.services import notebooks
from datasets import access
from datastream.core.errors import InvalidInputError
from tests.analyses.choosing import filled
from tests.analyses.odd import taken_by
from tests.analyses.test_contract_requests import good
from tests.conftest import ClientOf

Given = dict[str, Any]
# How many random series are drawn: few will do.
DRAWN = ("resamples", "simulations")
BASE = {"base_start": 1961, "base_end": 1990}


def another(entry: Mapping[str, Any]) -> Any:
    """A value that is not the default."""
    choices = entry.get("enum", [entry.get("minimum"), entry.get("maximum")])
    return next(one for one in choices if one != entry["default"])


def outside(entry: Mapping[str, Any], wanted: tuple[Any, ...]) -> Any:
    """A value with which what wants others changes nothing."""
    if wanted == (None,):
        return 12.5
    choices = entry["items"]["enum"] if entry["type"] == "array" else entry["enum"]
    found = next(one for one in choices if one not in wanted)
    return [found] if entry["type"] == "array" else found


CASES = [
    pytest.param(method, name, other, id=f"{method.name} {name} {other}")
    for method in registry
    for name, needs in method.only_with.items()
    for other in needs
]


def beside(method: Method, name: str, other: str) -> Given:
    """Parameters with which one is idle because of one other."""
    needs, entries = method.only_with[name], method.parameters
    met = {
        one: wanted[0]
        for one, wanted in needs.items()
        if "enum" in entries[one] and entries[one]["default"] not in wanted
    }
    return met | {other: outside(entries[other], needs[other])}


@pytest.mark.parametrize(("method", "name", "other"), CASES)
def test_what_is_idle_is_refused_by_name_and_its_default_is_not(
    method: Method, name: str, other: str
) -> None:
    given = good(method) | beside(method, name, other)
    value = another(method.parameters[name])
    with pytest.raises(InvalidInputError) as error:
        check(method, given | {name: value} | (BASE if name in BASE else {}))
    (message,) = error.value.details[name]
    assert f"`{other}`" in message
    stored = check(method, given | {name: method.parameters[name]["default"]})
    assert check(method, stored) == stored == effective(method, stored)
    assert effective(method, stored | {name: value}).keys() == stored.keys() - {name}


@pytest.mark.parametrize(("method", "name", "other"), CASES)
def test_what_is_idle_changes_nothing(method: Method, name: str, other: str) -> None:
    given = beside(method, name, other)
    if method.extra and given.get(method.extra.parameter) == method.extra.value:
        pytest.importorskip(method.extra.module)
    own = {key: entry["default"] for key, entry in method.parameters.items()} | given
    own |= {key: method.parameters[key]["minimum"] for key in DRAWN if key in own}
    taken = taken_by(method, "ordinary")
    changed = own | {name: another(method.parameters[name])} | (BASE if name in BASE else {})
    results = [method.run(taken, one) for one in (own, changed)]
    assert told(results[0], name) == told(results[1], name)


def told(results: Given, name: str) -> str:
    """All but the parameter itself, where it is repeated."""
    repeated = "base" if name in BASE else name
    return json.dumps({k: v for k, v in results.items() if k != repeated}, sort_keys=True)


def test_what_has_an_effect_is_taken() -> None:
    peaks = {"approach": "peaks_over_threshold", "threshold": 30.0, "run_days": 5}
    assert check(registry["extremes"], good(registry["extremes"]) | peaks)["run_days"] == 5
    some = {"methods": ["jumps", "hampel"], "hampel_window": 5}
    assert check(registry["outliers"], good(registry["outliers"]) | some)["hampel_window"] == 5


def test_a_request_with_an_idle_parameter_is_answered_with_its_name(
    analyst: User, client_of: ClientOf
) -> None:
    dataset = filled(analyst)
    url = f"/api/v1/datasets/{dataset.pk}/analysis"
    given = {"variable": "TMAX", "station": "A", "threshold": 30}
    answer = client_of(analyst).post(url, {"type": "extremes", "parameters": given}, format="json")
    assert answer.status_code == 400
    assert answer.json()["detail"]["details"] == {
        "threshold": ["Has an effect only where `approach` is or has `peaks_over_threshold`."]
    }
    assert not Analysis.objects.exists()


def test_one_that_was_once_taken_can_be_asked_for_again(analyst: User) -> None:
    dataset = filled(analyst)
    view = access.view(analyst, dataset.pk)
    given = {"variable": "TMAX", "station": "A"}
    old = services.request_analysis(view, "extremes", given, user=analyst)
    old.parameters |= {"threshold": 30}
    old.save()
    services.execute(old.pk)
    old.refresh_from_db()
    again = services.rerun(view, old, user=analyst)
    assert again.parameters == old.parameters | {"threshold": None}
    (cell,) = [
        text
        for one in notebooks.notebook(old, address="http://testserver")["cells"]
        if "request = " in (text := "".join(one["source"]))
    ]
    assert "threshold_quantile" in cell
    assert not re.search(r"threshold\W*: ?30", cell)
