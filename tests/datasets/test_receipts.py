"""Receipts over the API."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import ingest, services
from datasets.models import Dataset
from tests.datasets.reading import point, view
from tests.factories import days, make_dataset, make_user, signed_in, write

ALL = "/api/v1/datasets"
ONE = "/api/v1/receipts"


def post(api: APIClient, dataset: Dataset, points: list[Any], **more: Any) -> Any:
    return api.post(f"{ALL}/{dataset.pk}/data", points, format="json", **more)


def test_what_a_write_answered_can_be_read_again(api: APIClient, dataset: Dataset):
    told = post(api, dataset, [*days(3), point({"TMAX": "warm"})]).json()["detail"]["details"]
    bad = [*days(3), point({"TMAX": True}, "1999-01-01")]
    stored = api.post(f"{ALL}/{dataset.pk}/data?on_invalid=skip", bad, format="json").json()
    listed = api.get(f"{ALL}/{dataset.pk}/receipts").json()
    newest, oldest = listed["results"]
    assert listed["count"] == 2
    assert (newest["id"], newest["status"]) == (stored["receipt"], "stored")
    assert (oldest["id"], oldest["status"]) == (told["receipt"], "refused")
    assert newest.items() >= {k: v for k, v in stored.items() if k != "receipt"}.items()
    assert (newest["deleted"], oldest["revision"], oldest["rejected"]) == (0, None, 1)
    assert oldest["errors"] == told["rows"]
    assert newest["user"] == {"id": str(dataset.owner.pk), "username": dataset.owner.username}
    assert newest["route"] == f"POST /datasets/{dataset.pk}/data"
    assert (newest["dataset"], newest["run"]) == (str(dataset.pk), None)


def test_a_receipt_is_found_below_its_dataset_and_by_its_id(api: APIClient, dataset: Dataset):
    receipt = str(write(dataset, days(3)).receipt)
    below, alone = (api.get(path) for path in (f"{ALL}/{dataset.pk}/receipts/{receipt}",
                                               f"{ONE}/{receipt}"))  # fmt: skip
    assert (
        below.json() == alone.json() == api.get(f"{ALL}/{dataset.pk}/receipts").json()["results"][0]
    )
    assert below["ETag"] == alone["ETag"]
    assert api.get(f"{ONE}/{receipt}", headers={"If-None-Match": alone["ETag"]}).status_code == 304
    assert api.get(f"{ONE}/{receipt}?fields=id,revision").json() == {"id": receipt, "revision": 1}


def test_a_revision_names_its_receipt(api: APIClient, dataset: Dataset):
    write(dataset, days(3))
    named = api.get(f"{ALL}/{dataset.pk}/revisions/1").json()["receipt"]
    assert api.get(f"{ONE}/{named}").json()["revision"] == 1


def test_a_deletion_is_on_its_receipt(api: APIClient, dataset: Dataset):
    write(dataset, days(5))
    removed = api.delete(f"{ALL}/{dataset.pk}/data?start=2001-01-02&end=2001-01-04").json()
    receipt = api.get(f"{ONE}/{removed['receipt']}").json()
    assert (receipt["deleted"], receipt["revision"], receipt["received"]) == (2, 2, 0)
    assert receipt["route"] == f"DELETE /datasets/{dataset.pk}/data"


def test_a_run_is_named(api: APIClient, dataset: Dataset):
    run = uuid4()
    author = ingest.Author("feed x", run_id=run)
    receipt = ingest.write(dataset.pk, ingest.from_records(days(1)), author=author).receipt
    found = api.get(f"{ONE}/{receipt}").json()
    assert (found["run"], found["user"], found["route"]) == (str(run), None, "feed x")


def test_no_receipt_shows_an_idempotency_key(api: APIClient, dataset: Dataset):
    key = uuid4().hex
    receipt = post(api, dataset, days(1), headers={"Idempotency-Key": key}).json()["receipt"]
    for path in (f"{ALL}/{dataset.pk}/receipts", f"{ONE}/{receipt}"):
        answer = api.get(path)
        assert answer.status_code == 200
        assert key not in answer.content.decode()
        assert "digest" not in answer.content.decode()


def test_receipts_are_filtered_and_ordered(api: APIClient, dataset: Dataset):
    ids = [str(write(dataset, days(number)).receipt) for number in (1, 2)]
    post(api, dataset, [{}])
    path = f"{ALL}/{dataset.pk}/receipts"

    def found(query: str) -> list[str]:
        return [one["id"] for one in api.get(f"{path}?{query}").json()["results"]]

    assert found("status=stored") == ids[::-1]
    assert found("status=stored&ordering=created_at") == ids
    assert len(found("status=refused")) == 1
    assert len(found("page_size=2")) == 2
    for query in ("status=lost", "ordering=route", "user=1", "idempotency_key=x", "search=x"):
        answer = api.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert query.split("=")[0] in answer.json()["detail"]["details"]


def test_a_list_costs_no_query_for_each_receipt(api: APIClient, dataset: Dataset):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"{ALL}/{dataset.pk}/receipts").status_code == 200
        return len(captured)

    write(dataset, days(1))
    few = queries()
    for number in range(2, 8):
        write(dataset, days(number))
    assert queries() == few


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize(
    ("who", "below", "alone"),
    [("anonymous", (401, 401), (401, 401)), ("viewer", (404, 403), (404, 404)),
     ("analyst", (404, 403), (404, 404)), ("steward", (404, 200), (404, 200)),
     ("share view", (403, 403), (404, 404)), ("share edit", (200, 200), (200, 200)),
     ("admin", (200, 200), (200, 200))],
)  # fmt: skip
def test_a_01_receipts_are_for_editors(
    analyst: User, who: str, below: tuple[int, int], alone: tuple[int, int]
):
    shared = who.startswith("share")
    user = None if who == "anonymous" else make_user("analyst" if shared else who)
    client = signed_in(user)
    for place, visibility in enumerate(("private", "public")):
        dataset = make_dataset(analyst, visibility=visibility)
        receipt = write(dataset, days(1)).receipt
        if shared:
            services.share(view(dataset), who.rsplit(maxsplit=1)[-1], user=user)
        for path in ("", f"/{receipt}"):
            answer = client.get(f"{ALL}/{dataset.pk}/receipts{path}")
            assert answer.status_code == below[place]
        assert client.get(f"{ONE}/{receipt}").status_code == alone[place]


def test_who_wrote_reads_the_receipt_as_long_as_the_dataset_is_seen(analyst: User):
    colleague = make_user("analyst")
    client = signed_in(colleague)
    dataset = make_dataset(analyst)
    share = services.share(view(dataset), "edit", user=colleague)
    receipt = post(client, dataset, days(1)).json()["receipt"]
    other = write(dataset, days(2)).receipt
    services.share(view(dataset), "view", user=colleague)
    assert client.get(f"{ONE}/{receipt}").status_code == 200
    assert client.get(f"{ONE}/{other}").status_code == 404
    assert client.get(f"{ALL}/{dataset.pk}/receipts").status_code == 403
    share.delete()
    assert client.get(f"{ONE}/{receipt}").status_code == 404


def test_a_receipt_of_another_dataset_is_not_found(api: APIClient, dataset: Dataset):
    other = make_dataset(dataset.owner)
    receipt = write(other, days(1)).receipt
    for path in (f"{ALL}/{dataset.pk}/receipts/{receipt}", f"{ONE}/{uuid4()}", f"{ONE}/x"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()["detail"]["code"]) == (404, "NOT_FOUND")


def test_a_receipt_cannot_be_changed(api: APIClient, dataset: Dataset):
    receipt = write(dataset, days(1)).receipt
    for path in (f"{ONE}/{receipt}", f"{ALL}/{dataset.pk}/receipts/{receipt}"):
        for ask in (api.patch, api.delete, api.post, api.put):
            assert ask(path).status_code == 405


def test_revisions_are_filtered_by_their_numbers(api: APIClient, dataset: Dataset):
    for number in range(1, 6):
        write(dataset, days(number))
    path = f"{ALL}/{dataset.pk}/revisions"

    def found(query: str) -> list[int]:
        return [one["number"] for one in api.get(f"{path}?{query}").json()["results"]]

    assert found("since=2") == [3, 4, 5]
    assert found("since=1&until=3&ordering=-number") == [3, 2]
    assert found("since=99") == []
    for query in ("since=x", "until=1.5x", "since=NaN"):
        assert api.get(f"{path}?{query}").status_code == 400
    for query in (f"since={'9' * 30}", f"until=-{'9' * 30}", "since=1e400"):
        assert api.get(f"{path}?{query}").status_code in {200, 400}
