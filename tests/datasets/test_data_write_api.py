"""Writing points over the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from datasets.models import Dataset
from tests.datasets.reading import point, view
from tests.factories import days, write


@pytest.mark.parametrize("form", ["one", "list", "points"])
def test_a_body_is_a_point_or_an_array_or_an_object_of_points(
    api: APIClient, dataset: Dataset, form: str
):
    (one,) = days(1)
    body = {"one": one, "list": [one], "points": {"points": [one]}}[form]
    answer = api.post(f"/api/v1/datasets/{dataset.pk}/data", body, format="json")
    assert answer.status_code == 200
    outcome = answer.json()
    assert outcome.pop("receipt")
    assert outcome == {
        "received": 1, "inserted": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0,
        "errors": [], "warnings": [], "revision": 1,
    }  # fmt: skip


def test_options_are_taken_from_the_query(api: APIClient, dataset: Dataset):
    url = f"/api/v1/datasets/{dataset.pk}/data"
    api.post(url, days(1), format="json")
    other = [point({"TMAX": 0}), point({"TMAX": "x"}, "2001-01-02")]
    skipped = api.post(f"{url}?on_conflict=skip&on_invalid=skip", other, format="json").json()
    assert (skipped["skipped"], skipped["rejected"], skipped["errors"][0]["row"]) == (1, 1, 1)
    conflict = api.post(f"{url}?on_conflict=error", other[:1], format="json")
    detail = conflict.json()["detail"]
    assert (conflict.status_code, detail["code"]) == (409, "CONFLICT")
    assert [row["row"] for row in detail["details"]["rows"]] == [0]
    missing = api.post(f"{url}?missing=-99,0", [point({"TMAX": 0})], format="json").json()
    assert missing["unchanged"] == 1


@pytest.mark.parametrize(
    "query",
    ["on_conflict=x", "on_conflict=", "on_invalid=x", "missing=x", "missing=nan", "missing=1_0",
     "missing=1,,2", "missing=inf", "on_invalid=skip&on_invalid=reject", "start=2001-01-01"],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(api: APIClient, dataset: Dataset, query: str):
    answer = api.post(f"/api/v1/datasets/{dataset.pk}/data?{query}", days(1), format="json")
    assert answer.status_code == 400
    assert list(answer.json()["detail"]["details"]) == [query.split("=", maxsplit=1)[0]]
    assert view(dataset).dataset.revision == 0


def test_an_idempotency_key_makes_a_write_happen_once(api: APIClient, dataset: Dataset):
    url, key = f"/api/v1/datasets/{dataset.pk}/data", {"Idempotency-Key": "one!"}
    first = api.post(url, days(2), format="json", headers=key)
    api.post(url, [point({"TMAX": 0})], format="json")
    again = api.post(url, days(2), format="json", headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    for other in (days(3), []):
        assert api.post(url, other, format="json", headers=key).status_code == 409
    assert (
        api.post(f"{url}?on_invalid=skip", days(2), format="json", headers=key).status_code == 409
    )
    assert view(dataset).dataset.revision == 2


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\tb"])
def test_an_idempotency_key_is_of_visible_characters(api: APIClient, dataset: Dataset, key: str):
    url = f"/api/v1/datasets/{dataset.pk}/data"
    answer = api.post(url, days(1), format="json", headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert view(dataset).dataset.revision == 0


def test_50_001_points_in_one_body_are_too_many(api: APIClient, dataset: Dataset, settings: Any):
    settings.BODY_MAX_POINTS = 20
    url = f"/api/v1/datasets/{dataset.pk}/data"
    assert api.post(url, days(20), format="json").status_code == 200
    answer = api.post(url, days(21), format="json")
    detail = answer.json()["detail"]
    assert (answer.status_code, detail["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert detail["details"]["limit_points"] == 20


def test_what_was_read_can_be_sent_again(api: APIClient, dataset: Dataset):
    write(dataset, [point({"TMAX": 1.25}, station="a", metadata={"flags": {"TMAX": "I"}})])
    url = f"/api/v1/datasets/{dataset.pk}/data"
    again = api.post(url, api.get(url).json()["results"], format="json").json()
    assert (again["received"], again["unchanged"]) == (1, 1)
