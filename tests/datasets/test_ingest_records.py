"""What every write leaves beside the points: revision, extents, receipt, event, and its key."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import F

from datasets import ingest
from datasets.ingest import Author, Key
from datasets.models import Dataset, Event, Receipt, Revision, RevisionExtent
from datasets.signals import revision_committed
from datastream.core.errors import ConflictError, InvalidRowsError, NotFoundError
from tests.datasets.reading import counts, point, read, view
from tests.factories import days, make_dataset, write


def keyed(dataset: Dataset, points: list[Any], body: str, name: str = "k") -> ingest.Outcome:
    author = Author(route=f"POST {dataset.pk}", user=dataset.owner)
    batch = ingest.from_records(points)
    return ingest.write(dataset.pk, batch, author=author, key=Key(name, body))


# ------------------------------------------------------------------ revisions


def test_a_revision_says_who_changed_how_much(dataset: Dataset):
    write(dataset, days(4))
    write(dataset, [*days(1), point({"TMAX": 9}, "2001-01-02"), point({"TMAX": 9}, "2001-02-01"),
                    point({"TMAX": None, "TMIN": None}, "2001-01-03")])  # fmt: skip
    first, second = dataset.revisions.all()
    assert (first.number, first.inserted, first.user) == (1, 4, dataset.owner)
    found = (second.number, second.inserted, second.updated, second.unchanged, second.deleted)
    assert found == (2, 1, 1, 1, 1)
    assert second.receipt is not None
    assert second.receipt.counts["updated"] == 2
    assert view(dataset).dataset.revision == 2


def test_a_run_is_named_by_its_id(dataset: Dataset):
    run = uuid4()
    ingest.write(dataset.pk, ingest.from_records(days(1)), author=Author("feed", run_id=run))
    assert Revision.objects.get(dataset=dataset).run_id == run
    assert Receipt.objects.get(dataset=dataset).run_id == run


def test_extents_say_where_a_revision_touched(dataset: Dataset):
    write(dataset, [*days(3, station="a"), *days(2, "2002-01-01", station="b")])
    write(dataset, [*days(3, station="a"), point({"TMAX": 9}, "2001-01-02", station="a")][2:])
    write(dataset, days(5, station="a"))
    stations = dict(dataset.stations.values_list("code", "id"))
    found = [
        (one.number, one.station_id, str(one.start.date()), str(one.end.date()))
        for one in RevisionExtent.objects.filter(dataset=dataset).order_by("number", "station_id")
    ]
    assert found == [
        (1, stations["a"], "2001-01-01", "2001-01-03"),
        (1, stations["b"], "2002-01-01", "2002-01-02"),
        (2, stations["a"], "2001-01-02", "2001-01-02"),
        (3, stations["a"], "2001-01-02", "2001-01-05"),
    ]


def test_an_event_is_left_for_every_revision_and_announced_in_the_transaction(dataset: Dataset):
    heard: list[tuple[Any, int, int]] = []

    def hear(sender: Any, dataset_id: Any, revision: int, **_: Any) -> None:
        stored = Revision.objects.filter(dataset=dataset_id, number=revision).count()
        heard.append((dataset_id, revision, stored))

    revision_committed.connect(hear)
    try:
        write(dataset, days(2))
        write(dataset, days(2))
        write(dataset, days(3))
    finally:
        revision_committed.disconnect(hear)
    assert heard == [(dataset.pk, 1, 1), (dataset.pk, 2, 1)]
    events = Event.objects.filter(dataset=dataset).order_by("id")
    assert [(e.revision, e.kind, e.payload["inserted"]) for e in events] == [
        (1, "revision_committed", 2),
        (2, "revision_committed", 1),
    ]


def digests(dataset: Dataset) -> list[str]:
    return list(dataset.revisions.values_list("digest", flat=True))


def test_every_revision_has_a_digest_of_its_own(dataset: Dataset):
    for change in (days(3), [point({"TMAX": 1})], [point({"TMAX": 2})], [point({"TMAX": 1})]):
        write(dataset, change)
    found = digests(dataset)
    assert len(set(found)) == 4
    assert all(len(one) == 64 for one in found)


def test_the_same_writes_make_the_same_digests_and_others_do_not(analyst: Any, db: None):
    def written(first: float, metadata: Any = None) -> list[str]:
        made = make_dataset(analyst)
        made.stations.create(code="", pk=2_000_000_000)
        more = {"metadata": metadata} if metadata else {}
        write(made, [point({"TMAX": first}, **more)])
        write(made, [point({"TMAX": 5})])
        chain = digests(made)
        made.stations.all().delete()
        return chain

    once = written(1)
    assert written(1) == once
    for other in (written(2), written(1, {"flags": {"TMAX": "I"}})):
        assert other[0] != once[0]
        assert other[1] != once[1]


# ------------------------------------------------------------------ receipts


def test_every_write_leaves_a_receipt(dataset: Dataset):
    outcome = write(dataset, days(2))
    replay = write(dataset, days(2))
    first, second = Receipt.objects.filter(dataset=dataset).order_by("created_at")
    assert (first.pk, first.status, first.revision) == (outcome.receipt, "stored", 1)
    assert first.counts == outcome.counts()
    assert (second.pk, second.counts["unchanged"], second.revision) == (replay.receipt, 2, 1)


def test_a_refused_write_leaves_a_receipt_too(dataset: Dataset):
    with pytest.raises(InvalidRowsError) as error:
        write(dataset, [*days(2), point({"TMAX": "x"})])
    receipt = Receipt.objects.get(dataset=dataset)
    assert str(receipt.pk) == error.value.details["receipt"]
    assert (receipt.status, receipt.revision, receipt.user) == ("refused", None, dataset.owner)
    assert (receipt.counts["received"], receipt.counts["rejected"]) == (3, 1)
    assert receipt.errors[0]["row"] == 2


def test_a_conflict_leaves_a_receipt_too(dataset: Dataset):
    write(dataset, days(1))
    with pytest.raises(ConflictError) as error:
        write(dataset, [point({"TMAX": 0})], on_conflict="error")
    receipt = Receipt.objects.get(pk=error.value.details["receipt"])
    assert (receipt.status, receipt.counts["received"]) == ("refused", 1)


def test_nothing_is_written_to_a_dataset_that_is_not_there(db: None):
    with pytest.raises(NotFoundError):
        ingest.write(uuid4(), ingest.from_records(days(1)), author=Author("test"))
    assert not Receipt.objects.exists()


# ------------------------------------------------------------------ keys


def test_the_same_key_and_body_are_answered_from_the_receipt(dataset: Dataset):
    first = keyed(dataset, days(2), "body")
    write(dataset, [point({"TMAX": 7})])
    again = keyed(dataset, days(2), "body")
    assert again.body() == first.body()
    assert read(dataset)[0]["value"]["TMAX"] == 7
    assert Receipt.objects.filter(dataset=dataset).count() == 2


def test_the_same_key_with_another_body_is_a_conflict(dataset: Dataset):
    keyed(dataset, days(2), "body")
    with pytest.raises(ConflictError) as error:
        keyed(dataset, days(3), "other")
    assert error.value.details == {"reason": "another body"}
    assert view(dataset).dataset.revision == 1


def test_after_a_day_a_key_is_free_again(dataset: Dataset):
    first = keyed(dataset, days(2), "body")
    Receipt.objects.update(created_at=F("created_at") - timedelta(hours=23, minutes=59))
    assert keyed(dataset, days(2), "body").receipt == first.receipt
    Receipt.objects.update(created_at=F("created_at") - timedelta(minutes=2))
    later = keyed(dataset, days(3), "other")
    assert counts(later, "inserted", "unchanged") == (1, 2)
    assert keyed(dataset, days(3), "other").receipt == later.receipt
    assert first.receipt in Receipt.objects.values_list("pk", flat=True)


def test_a_refused_write_does_not_use_up_its_key(dataset: Dataset):
    with pytest.raises(InvalidRowsError):
        keyed(dataset, [point({"TMAX": "x"})], "body")
    assert counts(keyed(dataset, days(1), "body"), "inserted") == (1,)


def test_a_key_is_its_callers_and_its_routes_own(dataset: Dataset, analyst: Any):
    other = make_dataset(analyst)
    keyed(dataset, days(2), "body")
    assert counts(keyed(other, days(1), "other body"), "inserted") == (1,)


# ------------------------------------------------------------------ the feed's checkpoint


def test_a_failure_of_what_is_written_along_leaves_nothing(dataset: Dataset):
    def write_page() -> None:
        with transaction.atomic():
            batch = ingest.from_records(days(2, station="new"))
            ingest.write(dataset.pk, batch, author=Author("feed"))
            raise OSError("the checkpoint could not be written")

    with pytest.raises(OSError, match="checkpoint"):
        write_page()
    seen = view(dataset).dataset
    assert (seen.revision, seen.point_count, seen.start) == (0, 0, None)
    assert read(dataset) == []
    left = (dataset.stations, dataset.variables, dataset.revisions, dataset.receipts)
    assert [manager.count() for manager in left] == [0, 0, 0, 0]
    assert not Event.objects.filter(dataset=dataset).exists()


def test_two_writes_may_share_one_transaction(dataset: Dataset):
    with transaction.atomic():
        write(dataset, days(2))
        write(dataset, [point({"TMAX": 3}, "2001-01-02")])
    assert view(dataset).dataset.revision == 2
    assert read(dataset)[1]["value"]["TMAX"] == 3


def test_a_dataset_knows_when_its_points_are_from(dataset: Dataset):
    before = datetime.now(UTC) - timedelta(minutes=1)
    write(dataset, days(1))
    assert Revision.objects.get(dataset=dataset).created_at > before
