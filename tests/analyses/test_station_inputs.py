"""Analyses that choose several variables of a station by themselves, from request to result."""

from typing import Any

import numpy as np
import pytest

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.services import explaining
from datasets import access
from datasets.models import Dataset
from datasets.services import add_variable
from datastream.core.errors import InvalidInputError
from tests.factories import days, make_dataset, write


@pytest.fixture
def weather(analyst: User) -> Dataset:
    """Two years of TMAX in degC, TMIN in K and PRCP in mm a day."""
    dataset = make_dataset(analyst)
    for name, unit in (("TMAX", "degC"), ("TMIN", "K"), ("PRCP", "mm d-1")):
        add_variable(access.view(analyst, dataset.pk), name=name, unit=unit)
    points = days(731, station="A")
    for number, point in enumerate(points):
        point["value"]["TMIN"] += 273.15
        point["value"]["PRCP"] = float(number % 4)
    write(dataset, points)
    dataset.refresh_from_db()
    return dataset


def done(dataset: Dataset, kind: str, **given: Any) -> Analysis:
    view = access.view(dataset.owner, dataset.pk)
    analysis = services.request_analysis(view, kind, given, user=dataset.owner)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    return analysis


def results(analysis: Analysis) -> Any:
    assert analysis.result is not None, analysis.error
    return analysis.result.results


def test_indices_take_the_usual_variables_in_whatever_unit(weather: Dataset) -> None:
    found = results(done(weather, "indices"))
    named = {name: one["variable"] for name, one in found["variables"].items()}
    assert named == {"tmax": "TMAX", "tmin": "TMIN", "precipitation": "PRCP"}
    values = np.arange(365) % 4
    assert found["annual"]["PRCPTOT"][0] == values.sum()
    assert found["annual"]["TNx"][:2] == pytest.approx([4.0, 4.0])
    assert found["not_computed"].keys() >= {"TX90p", "R95pTOT"}


@pytest.mark.parametrize(
    ("kind", "field"), [("indices", "tmax"), ("drought", "precipitation"), ("summary", "variable")]
)
def test_a_dataset_without_any_variable_of_a_type_is_refused(
    analyst: User, kind: str, field: str
) -> None:
    dataset = make_dataset(analyst)
    add_variable(access.view(analyst, dataset.pk), name="sky", kind="text")
    if kind != "summary":
        add_variable(access.view(analyst, dataset.pk), name="X", unit="m")
    write(
        dataset, [{"timestamp": "2001-01-01T00:00:00Z", "station": "A", "value": {"sky": "dull"}}]
    )
    dataset.refresh_from_db()
    with pytest.raises(InvalidInputError) as caught:
        done(dataset, kind)
    assert list(caught.value.details) == [field]
    assert not Analysis.objects.exists()


def test_a_drought_of_two_years_has_no_numbers_but_a_reason(weather: Dataset) -> None:
    found = results(done(weather, "drought", scales=[1], index="spei"))
    assert found["totals"][0] == sum(number % 4 for number in range(31))
    assert found["reason"]
    assert found["variables"].keys() == {"precipitation", "tmax", "tmin"}


def test_each_of_the_variables_can_be_explained(weather: Dataset) -> None:
    analysis = done(weather, "indices")
    rain = explaining.explain(analysis, "annual.PRCPTOT.0", of="precipitation")
    assert [(rain.codes == 0).sum(), rain.value] == [365, 546.0]
    assert rain.counts() == [("It is in another period.", 366)]
    warmth = explaining.explain(analysis, "annual.PRCPTOT.0", of="tmax")
    assert warmth.counts() == [("The index is not computed from this variable.", 731)]
    dry = explaining.explain(done(weather, "drought", scales=[3]), "values.3.1")
    assert dry.value is None
    assert dry.reason


def test_a_usual_variable_that_does_not_fit_is_passed_over_but_not_one_that_is_named(
    analyst: User,
) -> None:
    dataset = make_dataset(analyst)
    for name, unit in (("TMAX", ""), ("PRCP", "mm")):
        add_variable(access.view(analyst, dataset.pk), name=name, unit=unit)
    write(dataset, [{**point, "value": {"TMAX": 1.0, "PRCP": 2.0}} for point in days(365)])
    dataset.refresh_from_db()
    found = results(done(dataset, "indices", indices=["TXx", "PRCPTOT"]))
    assert found["annual"]["PRCPTOT"] == [730.0]
    assert found["not_computed"] == {"TXx": "There are no values of tmax."}
    with pytest.raises(InvalidInputError) as caught:
        done(dataset, "indices", tmax="TMAX")
    assert list(caught.value.details) == ["tmax"]
