"""Live analyses: run again when their data change, with earlier results kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from datasets import access
from datasets import services as datasets
from datasets.models import Dataset
from datastream.core.errors import InvalidInputError
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, make_user, write

API = "/api/v1"
NEWER = [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}]


@pytest.fixture
def filled(analyst: User) -> Dataset:
    dataset = make_dataset(analyst)
    write(dataset, days(60, station="A"))
    dataset.refresh_from_db()
    return dataset


def live(dataset: Dataset, user: User | None = None) -> Analysis:
    """A live analysis that was asked for two minutes ago, and is done."""
    user = user or dataset.owner
    view = access.view(user, dataset.pk)
    analysis = services.request_analysis(view, "summary", {}, user=user, live=True)
    services.execute(analysis.pk)
    age(analysis)
    return analysis


def age(analysis: Analysis) -> None:
    Analysis.objects.filter(pk=analysis.pk).update(created_at=Now() - timedelta(minutes=2))


def updates(analysis: Analysis) -> list[Analysis]:
    return list(Analysis.objects.filter(live_of=analysis).order_by("created_at"))


def test_it_is_run_again_when_its_data_change(filled: Dataset) -> None:
    first = live(filled)
    assert services.renew_live() == 0
    write(filled, NEWER)
    assert services.renew_live() == 1
    (again,) = updates(first)
    services.execute(again.pk)
    again.refresh_from_db()
    first.refresh_from_db()
    assert (first.dataset_revision, again.dataset_revision) == (1, 2)
    assert again.result != first.result
    assert (again.status, again.live, again.user) == ("succeeded", False, filled.owner)


def test_at_most_once_a_minute(filled: Dataset) -> None:
    first = live(filled)
    write(filled, NEWER)
    services.renew_live()
    (again,) = updates(first)
    services.execute(again.pk)
    write(filled, [{**NEWER[0], "value": {"TMAX": 98}}])
    assert services.renew_live() == 0
    age(again)
    assert services.renew_live() == 1


def test_not_while_one_is_open(filled: Dataset) -> None:
    first = live(filled)
    write(filled, NEWER)
    services.renew_live()
    (again,) = updates(first)
    age(again)
    write(filled, [{**NEWER[0], "value": {"TMAX": 98}}])
    assert services.renew_live() == 0


def test_a_change_of_another_dataset_moves_nothing(filled: Dataset) -> None:
    live(filled)
    other = make_dataset(filled.owner)
    write(other, days(3, station="A"))
    assert services.renew_live() == 0


def test_it_ends_when_its_author_may_no_longer_see_the_data(filled: Dataset) -> None:
    reader = make_user("analyst")
    view = access.view(filled.owner, filled.pk)
    share = datasets.share(view, "view", user=reader)
    first = live(filled, reader)
    write(filled, NEWER)
    share.delete()
    assert services.renew_live() == 0
    first.refresh_from_db()
    assert (first.live, updates(first)) == (False, [])


def test_it_ends_when_its_author_is_deactivated(filled: Dataset) -> None:
    reader = make_user("analyst")
    datasets.share(access.view(filled.owner, filled.pk), "view", user=reader)
    first = live(filled, reader)
    User.objects.filter(pk=reader.pk).update(is_active=False)
    write(filled, NEWER)
    assert services.renew_live() == 0
    first.refresh_from_db()
    assert not first.live


def test_looking_takes_the_same_number_of_queries_for_any_number(filled: Dataset) -> None:
    live(filled)
    with CaptureQueriesContext(
        connection,
    ) as one:
        services.renew_live()
    for _ in range(3):
        live(filled)
    with CaptureQueriesContext(connection) as four:
        services.renew_live()
    assert len(one) == len(four) == 1


def test_over_http_it_is_switched_on_and_off(filled: Dataset, client_of: ClientOf) -> None:
    client = client_of(filled.owner)
    body: dict[str, Any] = {"type": "summary", "live": True}
    made = client.post(f"{API}/datasets/{filled.pk}/analysis", body, format="json").json()
    assert (made["live"], made["latest"]) == (True, None)
    url = f"{API}/analyses/{made['id']}"
    services.execute(made["id"])
    Analysis.objects.update(created_at=Now() - timedelta(minutes=2))
    write(filled, NEWER)
    services.renew_live()
    (again,) = client.get(f"{API}/analyses", {"live_of": made["id"]}).json()["results"]
    services.execute(again["id"])
    assert client.get(url).json()["latest"] == again["id"]
    off = client.patch(url, {"live": False}, format="json")
    assert (off.status_code, off.json()["live"]) == (200, False)
    assert client.get(f"{API}/analyses", {"live": "true"}).json()["count"] == 0
    refused = client.patch(f"{API}/analyses/{again['id']}", {"live": True}, format="json")
    assert refused.status_code == 409
    assert client.patch(url, {"status": "failed"}, format="json").status_code == 400


def test_what_is_cancelled_is_live_no_more(filled: Dataset) -> None:
    view = access.view(filled.owner, filled.pk)
    analysis = services.request_analysis(view, "summary", {}, user=filled.owner, live=True)
    services.cancel(analysis)
    analysis.refresh_from_db()
    assert not analysis.live


def test_what_is_live_names_no_revision(filled: Dataset) -> None:
    view = access.view(filled.owner, filled.pk)
    with pytest.raises(InvalidInputError) as caught:
        services.request_analysis(view, "summary", {"revision": 1}, user=filled.owner, live=True)
    assert list(caught.value.details) == ["revision"]
