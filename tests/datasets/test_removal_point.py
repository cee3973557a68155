"""One point changed or taken away over the API."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from datasets.models import Dataset, Event, PointVersion, Receipt, RevisionExtent
from tests.datasets.reading import metadata, point, read, value, view
from tests.factories import days, write

ALL = "/api/v1/datasets"


@pytest.fixture
def measured(dataset: Dataset) -> Dataset:
    """One point with two variables and a flag on each."""
    said = {"flags": {"A": "x", "B": "y"}, "source": "q"}
    write(dataset, [point({"A": 1, "B": 2}, station="s", metadata=said)])
    return dataset


def place(dataset: Dataset, number: int = 0) -> str:
    return f"{ALL}/{dataset.pk}/data/{read(dataset)[number]['id']}"


def patch(api: APIClient, path: str, body: Any, **more: Any) -> Any:
    return api.patch(path, orjson.dumps(body), content_type="application/json", **more)


def traces(dataset: Dataset) -> tuple[int, int, int]:
    """How many revisions, events and receipts there are."""
    events = Event.objects.filter(dataset=dataset).count()
    return dataset.revisions.count(), events, dataset.receipts.count()


# ------------------------------------------------------------------ changed


def test_a_change_sets_what_it_names_and_leaves_the_rest(api: APIClient, measured: Dataset):
    path = place(measured)
    answer = patch(api, path, {"value": {"B": 3.5}, "metadata": {"flags": {"B": "z"}}})
    assert answer.status_code == 200
    assert answer.json()["value"] == {"A": 1, "B": 3.5}
    assert answer.json()["metadata"] == {"flags": {"A": "x", "B": "z"}, "source": "q"}
    assert answer.json() == api.get(path).json() == read(measured)[0]
    assert answer["ETag"] == api.get(path)["ETag"]
    assert traces(measured) == (2, 2, 2)


def test_a_change_of_metadata_alone_keeps_the_values(api: APIClient, measured: Dataset):
    assert patch(api, place(measured), {"metadata": {"note": "seen"}}).status_code == 200
    assert value(measured) == {"A": 1, "B": 2}
    assert metadata(measured)["note"] == "seen"


def test_null_takes_a_variable_away_and_the_last_one_the_point(api: APIClient, measured: Dataset):
    path = place(measured)
    answer = patch(api, path, {"value": {"A": None}})
    assert (answer.status_code, answer.json()["value"]) == (200, {"B": 2})
    answer = patch(api, path, {"value": {"B": None}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert read(measured) == []
    assert api.get(path).status_code == patch(api, path, {"value": {"B": 1}}).status_code == 404
    assert view(measured).dataset.point_count == 0


@pytest.mark.parametrize("body", [{}, {"value": {"A": 1}}, {"value": {}}])
def test_a_change_that_changes_nothing_makes_no_revision(
    api: APIClient, measured: Dataset, body: dict[str, Any]
):
    said = {} if not body.get("value") else {"metadata": {"flags": {"A": "x"}}}
    answer = patch(api, place(measured), {**body, **said})
    assert (answer.status_code, answer.json()) == (200, read(measured)[0])
    assert traces(measured) == (1, 1, 2)


def test_the_state_before_a_change_is_still_answered(api: APIClient, measured: Dataset):
    before, path = read(measured), place(measured)
    patch(api, path, {"value": {"A": 9}})
    api.delete(path)
    assert read(measured, 1) == before
    assert [one["value"] for one in read(measured, 2)] == [{"A": 9, "B": 2}]
    assert read(measured, 3) == read(measured) == []
    assert api.get(f"{path}?revision=1").json() == before[0]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"id": "5a1d1c1e-0000-4000-8000-000000000000"}, "id"),
        ({"value": {"A": 2}, "timestamp": "2002-01-01"}, "timestamp"),
        ({"value": {"A": 2}, "station": "t"}, "station"),
        ({"value": {"A": 2}, "nonsense": 1}, "nonsense"),
        ({"value": 3}, "value"),
        ({"value": None}, "value"),
        ({"value": []}, "value"),
        ({"value": {"A": "warm"}}, "A"),
        ({"value": {"A": True}}, "A"),
        ({"value": {"A": [1]}}, "A"),
        ({"value": {"timestamp": 1}}, "timestamp"),
        ({"metadata": 3}, "metadata"),
        ({"value": {"A": 2}, "metadata": {"quality": {"A": 7}}}, "metadata"),
        ([], "body"),
        (3, "body"),
    ],
    ids=str,
)
def test_a_wrong_change_is_refused_by_field_and_changes_nothing(
    api: APIClient, measured: Dataset, body: Any, named: str
):
    before = read(measured)
    answer = patch(api, place(measured), body)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "VALIDATION_ERROR")
    assert named in answer.json()["detail"]["details"]
    assert (read(measured), traces(measured)[:2]) == (before, (1, 1))


def test_a_refused_change_leaves_its_receipt(api: APIClient, measured: Dataset):
    details = patch(api, place(measured), {"value": {"A": "warm"}}).json()["detail"]["details"]
    receipt = Receipt.objects.get(pk=details["receipt"])
    assert (receipt.status, receipt.counts["rejected"]) == ("refused", 1)
    assert receipt.route == f"PATCH {place(measured).removeprefix('/api/v1')}"


# ------------------------------------------------------------------ deleted


def test_a_deleted_point_is_gone_and_counted(api: APIClient, dataset: Dataset):
    write(dataset, days(4, station="s"))
    before = read(dataset)
    for number in (3, 0, 0):
        answer = api.delete(place(dataset, number))
        assert (answer.status_code, answer.content) == (204, b"")
    seen = view(dataset).dataset
    assert read(dataset) == before[2:3]
    assert (seen.revision, seen.point_count) == (4, 1)
    assert seen.start == seen.end
    assert f"{seen.start:%Y-%m-%d}" == "2001-01-03"
    assert dataset.revisions.get(number=4).deleted == 1
    assert Receipt.objects.get(dataset=dataset, revision=4).counts == {"deleted": 1}
    extent = RevisionExtent.objects.get(dataset=dataset, number=2)
    assert extent.start == extent.end
    assert traces(dataset) == (4, 4, 4)


def test_what_is_deleted_is_not_there_to_be_deleted(api: APIClient, measured: Dataset):
    path = place(measured)
    assert api.delete(path).status_code == 204
    for ask in (api.delete, api.get):
        answer = ask(path)
        assert (answer.status_code, answer.json()["detail"]["code"]) == (404, "NOT_FOUND")
    assert traces(measured) == (2, 2, 2)


def test_a_deleted_point_comes_back_under_its_id(api: APIClient, measured: Dataset):
    path = place(measured)
    api.delete(path)
    write(measured, [point({"A": 5}, station="s")])
    assert api.get(path).json()["value"] == {"A": 5}
    assert PointVersion.objects.filter(dataset=measured).count() == 1


@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_instant_can_be_deleted(api: APIClient, dataset: Dataset, time: str):
    write(dataset, [point({"A": 1}, time), point({"A": 2})])
    number = 0 if time.startswith("0") else 1
    assert api.delete(place(dataset, number)).status_code == 204
    assert [one["value"] for one in read(dataset)] == [{"A": 2}]
    assert len(read(dataset, 1)) == 2


@pytest.mark.parametrize(
    "identity", ["x", "5a1d1c1e-0000-4000-8000-000000000000", "9" * 5000, "\x00"]
)
def test_what_is_no_point_of_the_dataset_is_not_found(
    api: APIClient, measured: Dataset, identity: str
):
    path = f"{ALL}/{measured.pk}/data/{identity}"
    for answer in (api.delete(path), patch(api, path, {"value": {"A": 1}}), patch(api, path, 3)):
        assert (answer.status_code, answer.json()["detail"]["code"]) == (404, "NOT_FOUND")


# ------------------------------------------------------------------ If-Match


def test_a_stale_tag_is_refused_and_changes_nothing(api: APIClient, measured: Dataset):
    path = place(measured)
    tag = api.get(path)["ETag"]
    assert patch(api, path, {"value": {"A": 7}}, headers={"If-Match": tag}).status_code == 200
    for answer in (
        patch(api, path, {"value": {"A": 8}}, headers={"If-Match": tag}),
        patch(api, path, {"nonsense": 8}, headers={"If-Match": tag}),
        api.delete(path, headers={"If-Match": tag}),
    ):
        assert (answer.status_code, answer.json()["detail"]["code"]) == (412, "PRECONDITION_FAILED")
    assert value(measured)["A"] == 7
    assert traces(measured) == (2, 2, 2)


def test_the_tag_of_a_change_is_good_for_the_next_one(api: APIClient, measured: Dataset):
    path, tag = place(measured), "*"
    for number in range(3):
        answer = patch(api, path, {"value": {"A": number + 5}}, headers={"If-Match": tag})
        assert answer.status_code == 200
        tag = f'"other", W/{answer["ETag"]}'
    assert api.delete(path, headers={"If-Match": tag}).status_code == 204


def test_a_change_of_another_point_leaves_the_tag_good(api: APIClient, measured: Dataset):
    path = place(measured)
    tag = api.get(path)["ETag"]
    write(measured, [point({"A": 1}, "2002-01-01", station="s")])
    assert api.delete(path, headers={"If-Match": tag}).status_code == 204


# ------------------------------------------------------------------ cost


def test_one_point_costs_as_many_queries_however_many_there_are(api: APIClient, dataset: Dataset):
    def queries() -> int:
        path = place(dataset, 5)
        with CaptureQueriesContext(connection) as captured:
            assert patch(api, path, {"value": {"TMAX": 77}}).status_code == 200
            assert api.delete(path).status_code == 204
        return len(captured)

    write(dataset, [one for code in "ab" for one in days(9, station=code)])
    few = queries()
    write(dataset, [one for code in "cdefgh" for one in days(200, station=code)])
    assert queries() == few
