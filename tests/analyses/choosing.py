"""Datasets with several variables and stations, and what an analysis would read of them."""

from typing import Any

import pytest

from accounts.models import User
from analyses.models import Analysis, AnalysisInput
from analyses.parameters import check
from analyses.registry import MAIN, Input
from analyses.registry import Analysis as Method
from analyses.services import inputs
from datasets import access
from datasets.models import Dataset, Station, Variable
from datastream.core.errors import InvalidInputError
from tests.factories import days, make_dataset, write


def filled(owner: User, n: int = 40, *, stations: str = "AB", **facts: Any) -> Dataset:
    dataset = make_dataset(owner, **facts)
    for name, unit in (("TMAX", "degC"), ("TMIN", "degC"), ("PRCP", "mm"), ("LEVEL", "")):
        Variable.objects.create(dataset=dataset, name=name, unit=unit, interval="P1D")
    Variable.objects.create(dataset=dataset, name="sky", kind="text")
    for place, code in enumerate(stations):
        Station.objects.create(dataset=dataset, code=code, latitude=45 + place, longitude=7)
    for code in stations:
        write(dataset, days(n, station=code))
    dataset.refresh_from_db()
    return dataset


def method(*others: Input) -> Method:
    """Reads its series and computes nothing."""
    return Method(
        name="reading", title="", description="", parameters={}, references=(), version=1,
        inputs=(MAIN, *others), compute=lambda *_, **__: {},
    )  # fmt: skip


def chosen(
    dataset: Dataset, of: Method, user: User | None = None, **given: Any
) -> list[inputs.Chosen]:
    user = user or dataset.owner
    whole = check(of, {"variable": "TMAX", "station": "A"} | given)
    return inputs.Chooser(access.view(user, dataset.pk), user).choose(of, whole)


def newest(view: access.View) -> int:
    return view.dataset.revision


def named(found: list[inputs.Chosen]) -> list[tuple[str, str, str]]:
    return [(one.parameter, one.station, one.variable) for one in found]


def refused(dataset: Dataset, of: Method, user: User | None = None, **given: Any) -> Any:
    with pytest.raises(InvalidInputError) as caught:
        chosen(dataset, of, user, **given)
    return caught.value.details


def taken(dataset: Dataset, of: Method, user: User | None = None, **given: Any) -> Any:
    """What the computation would get, by parameter."""
    whole = check(of, {"variable": "TMAX", "station": "A"} | given)
    found = chosen(dataset, of, user, **given)
    analysis = Analysis.objects.create(
        dataset=dataset, type=of.name, parameters=whole, key="",
        dataset_revision=dataset.revision, method_version=1,
    )  # fmt: skip
    AnalysisInput.objects.bulk_create(inputs.rows_of(analysis, found, newest))
    (answer,) = inputs.read(analysis, of)
    return answer
