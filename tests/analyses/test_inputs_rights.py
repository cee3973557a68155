"""Analyses that read several datasets: who sees them, and at which revisions they stand."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from analyses import selectors, services
from analyses.models import Analysis
from analyses.registry import analyses as registry
from analyses.services import inputs
from datasets import access
from datasets import services as datasets
from datasets.models import Dataset, Variable
from datastream.core import clock
from tests.analyses.choosing import filled
from tests.factories import make_user, write


@pytest.fixture
def home(analyst: User) -> Dataset:
    return filled(analyst)


def correlated(home: Dataset, other: Dataset, user: User | None = None, **given: Any) -> Analysis:
    user = user or home.owner
    reference = {"dataset": str(other.pk), "variable": "TMIN", "station": "A"}
    body = {"variable": "TMAX", "station": "A", "others": [reference], **given}
    view = access.view(user, home.pk)
    analysis = services.request_analysis(view, "correlation", body, user=user)
    services.execute(analysis.pk)
    return Analysis.objects.get(pk=analysis.pk)


def is_seen(analysis: Analysis, user: User) -> bool:
    caller = User.objects.get(pk=user.pk)
    seen = selectors.analyses_for(caller).filter(pk=analysis.pk).exists()
    view = access.view(caller, analysis.dataset_id)
    assert selectors.analyses_of(caller, view).filter(pk=analysis.pk).exists() == seen
    return seen


def test_over_http_a_hidden_dataset_is_answered_like_one_that_is_not_there(
    home: Dataset, analyst: User
) -> None:
    hidden = filled(make_user("analyst"))
    client = APIClient()
    client.force_authenticate(analyst)

    def answer(identity: str) -> tuple[int, Any]:
        reference = {"dataset": identity, "variable": "TMIN", "station": "A"}
        parameters = {"variable": "TMAX", "station": "A", "reference": reference}
        body = {"type": "comparison", "parameters": parameters}
        found = client.post(f"/api/v1/datasets/{home.pk}/analysis", body, format="json")
        error = found.json()["detail"]
        return found.status_code, (error["code"], error["details"])

    told = {"reference.dataset": ["There is no such dataset, or you may not see it."]}
    assert answer(str(hidden.pk)) == answer(str(uuid4())) == (400, ("VALIDATION_ERROR", told))
    assert Analysis.objects.count() == 0


def test_a_06_it_is_hidden_from_whoever_cannot_see_one_of_its_datasets(analyst: User) -> None:
    home, other = filled(analyst, visibility="public"), filled(analyst)
    analysis = correlated(home, other)
    assert analysis.status == "succeeded", analysis.error
    assert analysis.result is not None
    assert analysis.result.results["n"] == 40
    assert {row.dataset for row in analysis.inputs.all()} == {home, other}
    reader = make_user("analyst")
    assert is_seen(analysis, analyst)
    assert not is_seen(analysis, reader)
    shared = datasets.share(access.full_view(other), "view", user=reader)
    assert is_seen(analysis, reader)
    datasets.withdraw(access.full_view(other), shared)
    assert not is_seen(analysis, reader)


def test_a_06_it_goes_with_a_dataset_that_is_deleted(home: Dataset, analyst: User) -> None:
    other = filled(analyst)
    analysis = correlated(home, other)
    datasets.delete_dataset(access.view(analyst, other.pk))
    assert not is_seen(analysis, analyst)


@pytest.mark.parametrize("side", ["home", "other"])
def test_a_06_it_is_hidden_where_the_embargo_of_either_hides_what_was_read(
    analyst: User, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = (filled(analyst, visibility="public") for _ in range(2))
    end = clock.parse("2001-02-10", "end")
    monkeypatch.setattr(clock, "now", lambda: end + timedelta(hours=5))
    embargoed = home if side == "home" else other
    Dataset.objects.filter(pk=embargoed.pk).update(embargo_days=10)
    wide, reader = correlated(home, other), make_user("analyst")
    narrow = correlated(home, other, reader)
    assert [wide.result.results["n"], narrow.result.results["n"]] == [40, 30]  # type: ignore[union-attr]
    assert [is_seen(wide, analyst), is_seen(wide, reader)] == [True, False]
    assert [is_seen(narrow, analyst), is_seen(narrow, reader)] == [True, True]
    assert is_seen(correlated(home, other, end="2001-01-31"), reader)
    assert not is_seen(correlated(home, other, end="2001-02-01"), reader)


def test_each_dataset_is_read_at_the_revision_that_it_had(home: Dataset, analyst: User) -> None:
    other = filled(analyst)
    first = correlated(home, other)
    assert correlated(home, other).result_id == first.result_id
    write(other, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMIN": 999}}])
    second = correlated(home, other)
    assert second.result_id != first.result_id
    revisions = [row.revision for row in second.inputs.order_by("pk")]
    assert revisions == [home.revision, other.revision + 1]


def test_lists_of_analyses_ask_as_often_for_one_dataset_as_for_two(
    home: Dataset, analyst: User
) -> None:
    other = filled(analyst)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            for one in selectors.analyses_for(analyst):
                assert list(one.inputs.all())
        return len(asked)

    services.request_analysis(
        access.view(analyst, home.pk), "summary", {"station": "A"}, user=analyst
    )
    before = queries()
    for _ in range(3):
        correlated(home, other)
    assert queries() == before


@pytest.mark.parametrize("kind", ["comparison", "regression"])
def test_what_is_stored_is_computed_on_series_of_both_datasets(
    home: Dataset, analyst: User, kind: str
) -> None:
    other = filled(analyst, stations="C")
    Variable.objects.filter(dataset=other, name="TMIN").update(unit="degF")
    name, step = {"comparison": ("reference", {}), "regression": ("predictors", {"step": "raw"})}[
        kind
    ]
    one: Any = {"dataset": str(other.pk), "variable": "TMIN"}
    body = {"variable": "TMAX", "station": "A", name: one if name == "reference" else [one], **step}
    analysis = services.request_analysis(access.view(analyst, home.pk), kind, body, user=analyst)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    assert analysis.result is not None, analysis.error
    (arrays,) = inputs.read(analysis, registry[kind])
    wanted = registry[kind].run(arrays, registry[kind].own(analysis.parameters))
    assert analysis.result.results == orjson.loads(orjson.dumps(wanted))
    assert [wanted["n"], wanted["series"][1]["station"]] == [40, "C"]
    assert wanted["series"][1]["unit"] == ("degC" if kind == "comparison" else "degF")
