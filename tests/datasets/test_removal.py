"""All points in a range of time taken away over the API."""

import hashlib
import importlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import ingest, services
from datasets.models import Dataset, Event, PointVersion, Receipt, RevisionExtent
from datasets.signals import revision_committed
from datastream.core.errors import NotFoundError
from tests.datasets.reading import keys, read, view
from tests.factories import days, make_dataset, make_user, signed_in, write

ALL = "/api/v1/datasets"
# The package has a function of the module's name.
REMOVE = importlib.import_module("datasets.ingest.remove")


@pytest.fixture
def filled(dataset: Dataset) -> Dataset:
    """Ten days at each of three stations."""
    write(dataset, [one for code in "abc" for one in days(10, station=code)])
    return dataset


def remove(api: APIClient, dataset: Dataset, query: str, **more: Any) -> Any:
    return api.delete(f"{ALL}/{dataset.pk}/data?{query}", **more)


def traces(dataset: Dataset) -> tuple[int, int, int]:
    """How many revisions, events and receipts there are."""
    events = Event.objects.filter(dataset=dataset).count()
    return dataset.revisions.count(), events, dataset.receipts.count()


def test_a_range_is_taken_away_at_all_stations(api: APIClient, filled: Dataset):
    before = read(filled)
    answer = remove(api, filled, "start=2001-01-03&end=2001-01-06")
    assert answer.status_code == 200
    receipt = Receipt.objects.get(dataset=filled, revision=2)
    assert answer.json() == {"deleted": 9, "revision": 2, "receipt": str(receipt.pk)}
    inside = ("2001-01-03", "2001-01-04", "2001-01-05")
    assert read(filled) == [one for one in before if one["timestamp"][:10] not in inside]
    assert read(filled, 1) == before


def test_a_range_leaves_a_revision_a_receipt_an_event_and_its_extent(
    api: APIClient, filled: Dataset
):
    told: list[int] = []

    def listen(revision: int, **_: Any) -> None:
        told.append(revision)

    revision_committed.connect(listen)
    remove(api, filled, "start=2001-01-09&end=2001-01-12&station=b&station=c&station=b")
    revision_committed.disconnect(listen)
    seen, made = view(filled).dataset, filled.revisions.get(number=2)
    assert (seen.revision, seen.point_count, told) == (2, 26, [2])
    assert (made.deleted, made.inserted, made.updated, made.unchanged) == (4, 0, 0, 0)
    assert made.user == filled.owner
    assert made.receipt is not None
    assert made.receipt.counts == {"deleted": 4}
    assert made.receipt.route == f"DELETE /datasets/{filled.pk}/data"
    assert Event.objects.get(dataset=filled, revision=2).payload == {"deleted": 4}
    extents = RevisionExtent.objects.filter(dataset=filled, number=2)
    found = {(f"{one.start:%d}", f"{one.end:%d}") for one in extents}
    assert (len(extents), found) == (2, {("09", "10")})
    assert {row.replaced_in for row in PointVersion.objects.filter(dataset=filled)} == {2}


@pytest.mark.parametrize("batch", [1, 3, 50_000])
def test_the_digest_takes_in_station_and_time_of_what_is_gone(
    api: APIClient, filled: Dataset, monkeypatch: pytest.MonkeyPatch, batch: int
):
    """As the column's comment says: SHA-256 over the digest before and what the revision did."""
    monkeypatch.setattr(REMOVE, "BATCH", batch)
    remove(api, filled, "start=2001-01-02&end=2001-01-06&station=b&station=c")
    first, second = filled.revisions.all()
    times = [datetime(2001, 1, day, tzinfo=UTC) for day in (2, 3, 4, 5)]
    since_2000 = datetime(2000, 1, 1, tzinfo=UTC)
    content = b"".join(
        struct.pack(">qq", station.pk, (time - since_2000) // timedelta(microseconds=1))
        for station in filled.stations.exclude(code="a")
        for time in times
    )
    expected = hashlib.sha256(first.digest.encode() + hashlib.sha256(content).digest())
    assert second.digest == expected.hexdigest()


def test_the_ends_of_the_dataset_move_in(api: APIClient, filled: Dataset):
    for query, start, end in (
        ("start=2001-01-04&end=2001-01-05", "01", "10"),
        ("start=0001-01-01&end=2001-01-03&station=a", "01", "10"),
        ("start=0001-01-01&end=2001-01-03", "03", "10"),
        ("start=2001-01-08&end=9999-12-31", "03", "07"),
    ):
        remove(api, filled, query)
        seen = view(filled).dataset
        assert (f"{seen.start:%d}", f"{seen.end:%d}") == (start, end)
        assert seen.point_count == len(read(filled))
    remove(api, filled, "start=0001-01-01&end=9999-12-31")
    seen = view(filled).dataset
    assert (seen.start, seen.end, seen.point_count) == (None, None, 0)


@pytest.mark.parametrize(
    "query",
    ["start=2002-01-01&end=2003-01-01", "start=2001-01-02&end=2001-01-02",
     "start=2001-01-02T01:00&end=2001-01-02T23:00"],
)  # fmt: skip
def test_nothing_to_delete_is_no_revision_but_a_receipt(
    api: APIClient, filled: Dataset, query: str
):
    answer = remove(api, filled, query)
    assert (answer.status_code, answer.json()["deleted"], answer.json()["revision"]) == (200, 0, 1)
    assert traces(filled) == (1, 1, 2)
    assert Receipt.objects.get(pk=answer.json()["receipt"]).counts == {"deleted": 0}


@pytest.mark.parametrize("batch", [1, 2, 3, 10, 11])
def test_many_batches_are_one_revision(
    api: APIClient, filled: Dataset, monkeypatch: pytest.MonkeyPatch, batch: int
):
    monkeypatch.setattr(REMOVE, "BATCH", batch)
    before = read(filled)
    assert remove(api, filled, "start=2001-01-02&end=2001-01-10").json()["deleted"] == 24
    assert keys(read(filled)) == [
        (code, f"2001-01-{day}T00:00:00Z") for code in "abc" for day in ("01", "10")
    ]
    assert read(filled, 1) == before
    assert (traces(filled), view(filled).dataset.point_count) == ((2, 2, 2), 6)


def test_what_is_deleted_can_be_written_again_and_deleted_again(api: APIClient, filled: Dataset):
    everything = "start=2001-01-01&end=2002-01-01"
    for number in (2, 4, 6):
        assert remove(api, filled, everything).json()["revision"] == number
        write(filled, days(10, station="a"))
    assert [len(read(filled, number)) for number in range(8)] == [0, 30, 0, 10, 0, 10, 0, 10]


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", {"start", "end"}),
        ("start=2001-01-01", {"end"}),
        ("end=2001-01-01&station=a", {"start"}),
        ("start=2001-01-02&end=2001-01-01", {"start"}),
        ("start=x&end=2001-01-01", {"start"}),
        ("start=2001-01-01&end=2001-13-01", {"end"}),
        ("start=2001-01-01&end=2001-01-02&end=2001-01-03", {"end"}),
        ("start=2001-01-01&end=2001-01-02&station=nowhere", {"station"}),
        ("start=2001-01-01&end=2001-01-02&variables=TMAX", {"variables"}),
        ("start=2001-01-01&end=2001-01-02&limit=1", {"limit"}),
    ],
)
def test_a_range_that_is_not_said_plainly_is_refused(
    api: APIClient, filled: Dataset, query: str, named: set[str]
):
    before = read(filled)
    answer = remove(api, filled, query)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["detail"]["details"].keys() == named
    assert (read(filled), traces(filled)) == (before, (1, 1, 1))


def test_a_dataset_that_is_deleted_meanwhile_is_not_found(filled: Dataset):
    services.delete_dataset(view(filled))
    author = ingest.Author("test", filled.owner)
    start, end = datetime(2001, 1, 1, tzinfo=UTC), datetime(2002, 1, 1, tzinfo=UTC)
    with pytest.raises(NotFoundError):
        ingest.remove(filled.pk, start=start, end=end, author=author)


# ------------------------------------------------------------------ Idempotency-Key


def test_the_same_key_deletes_once(api: APIClient, filled: Dataset):
    query, key = "start=2001-01-01&end=2001-01-03", {"Idempotency-Key": uuid4().hex}
    first = remove(api, filled, query, headers=key)
    write(filled, days(10, station="a"))
    again = remove(api, filled, query, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(read(filled)) == 26
    assert traces(filled) == (3, 3, 3)


def test_a_key_that_came_with_another_range_is_refused(api: APIClient, filled: Dataset):
    key = {"Idempotency-Key": uuid4().hex}
    remove(api, filled, "start=2001-01-01&end=2001-01-03", headers=key)
    answer = remove(api, filled, "start=2001-01-01&end=2001-01-04", headers=key)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (409, "CONFLICT")
    assert len(read(filled)) == 24


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é"])
def test_a_key_of_other_characters_is_refused(api: APIClient, filled: Dataset, key: str):
    query = "start=2001-01-01&end=2001-01-03"
    answer = remove(api, filled, query, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert len(read(filled)) == 30


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize(
    ("who", "on_private", "on_public"),
    [("anonymous", (401, 401), (401, 401)), ("viewer", (404, 404), (403, 403)),
     ("analyst", (404, 404), (403, 403)), ("steward", (404, 404), (200, 403)),
     ("share view", (403, 403), (403, 403)), ("share edit", (200, 403), (200, 403)),
     ("share manage", (200, 200), (200, 200)), ("admin", (200, 200), (200, 200))],
)  # fmt: skip
def test_a_01_one_point_is_for_editors_and_a_range_for_managers(
    analyst: User, who: str, on_private: tuple[int, int], on_public: tuple[int, int]
):
    shared = who.startswith("share")
    user = None if who == "anonymous" else make_user("analyst" if shared else who)
    client = signed_in(user)
    for visibility, (one, many) in (("private", on_private), ("public", on_public)):
        dataset = make_dataset(analyst, visibility=visibility)
        write(dataset, days(3))
        if shared:
            services.share(view(dataset), who.rsplit(maxsplit=1)[-1], user=user)
        before = read(dataset)
        path = f"{ALL}/{dataset.pk}/data"
        change = {"value": {"TMAX": 1}}
        wanted = 204 if one == 200 else one
        assert client.patch(f"{path}/{before[0]['id']}", change, format="json").status_code == one
        assert client.delete(f"{path}/{before[0]['id']}").status_code == wanted
        assert client.delete(f"{path}?start=2001-01-01&end=2002-01-01").status_code == many
        assert len(read(dataset)) == (0 if many == 200 else 2 if one == 200 else 3)


@pytest.mark.parametrize("who", ["anonymous", "steward"])
def test_a_hidden_dataset_answers_like_one_that_never_was(filled: Dataset, who: str):
    client = signed_in(None if who == "anonymous" else make_user(who))
    found, dated = read(filled)[0]["id"], "start=2001-01-01&end=2002-01-01"
    for method, path, body in (
        ("patch", f"/data/{found}", {"value": {"TMAX": 1}}),
        ("patch", f"/data/{found}", {"nonsense": 1}),
        ("delete", f"/data/{found}", None),
        ("delete", f"/data?{dated}", None),
        ("delete", "/data", None),
    ):
        answers = [
            getattr(client, method)(f"{ALL}/{one}{path}", body, format="json")
            for one in (filled.pk, uuid4())
        ]
        one, other = ((a.status_code, a.content) for a in answers)
        assert one == other
        assert one[0] in {401, 404}
    assert len(read(filled)) == 30


def test_a_point_under_another_dataset_is_not_found(api: APIClient, filled: Dataset, analyst: User):
    other = make_dataset(analyst)
    write(other, days(1, station="a"))
    path = f"{ALL}/{other.pk}/data/{read(filled)[0]['id']}"
    assert api.delete(path).status_code == 404
    assert api.patch(path, {"value": {"TMAX": 1}}, format="json").status_code == 404
    assert (len(read(other)), len(read(filled))) == (1, 30)


# ------------------------------------------------------------------ cost


def test_queries_grow_with_stations_and_batches_and_not_with_points(
    api: APIClient, dataset: Dataset
):
    def queries(code: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            remove(api, dataset, f"start=2001-01-01&end=2010-01-01&station={code}")
        return len(captured)

    write(dataset, [*days(2, station="a"), *days(900, station="b"), *days(9, station="c")])
    assert queries("a") == queries("b")
