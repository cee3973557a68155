"""A write in many batches: one transaction, and the same as all of it in one batch."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import ingest
from datasets.ingest import Author, Batch, Options, Outcome
from datasets.models import Dataset, Receipt, RevisionExtent
from datastream.core.errors import ConflictError, InvalidRowsError, UnreadableInputError
from tests.datasets.reading import counts, point, read, value, values
from tests.factories import days, make_dataset

AUTHOR = Author("test")


@dataclass
class Pieces:
    """Points as a body in several pieces, which may be read again."""

    pieces: list[list[Any]]
    fails: bool = False

    def __iter__(self) -> Iterator[Batch]:
        first = 0
        for piece in self.pieces:
            batch = ingest.from_records(piece)
            batch.first = first
            first += len(piece)
            yield batch
        if self.fails:
            raise UnreadableInputError("The rest cannot be read.")


def send(dataset: Dataset, *pieces: list[Any], **options: Any) -> Outcome:
    return ingest.write(dataset.pk, Pieces(list(pieces)), author=AUTHOR, options=Options(**options))


def test_pieces_make_one_revision_with_all_rows(dataset: Dataset):
    outcome = send(dataset, days(5), days(5, "2002-01-01"), days(5, "2003-01-01"))
    assert counts(outcome, "inserted") == (15,)
    assert dataset.revisions.count() == 1
    assert len(read(dataset)) == 15
    extent = RevisionExtent.objects.get(dataset=dataset)
    assert f"{extent.start:%Y-%m-%d} {extent.end:%Y-%m-%d}" == "2001-01-01 2003-01-05"


def test_pieces_may_come_in_any_order(dataset: Dataset):
    send(dataset, days(5, "2003-01-01"), days(5), days(3, "2001-02-01"))
    assert [one["timestamp"] for one in read(dataset)] == sorted(
        one["timestamp"] for one in read(dataset)
    )
    assert len(read(dataset)) == 13


def test_a_piece_that_meets_stored_points_is_merged_and_the_others_go_straight(dataset: Dataset):
    send(dataset, days(10))
    changed = [{**one, "value": {"TMAX": 99}} for one in days(5, "2001-01-08")]
    outcome = send(dataset, changed, days(4, "2005-01-01"), days(7))
    assert counts(outcome, "inserted", "updated", "unchanged") == (6, 3, 7)
    assert values(dataset)["", "2001-01-08T00:00:00Z"]["TMAX"] == 99


def test_equal_twins_in_different_pieces_count_once(dataset: Dataset):
    outcome = send(dataset, days(5), days(5), days(10)[3:], days(2))
    assert counts(outcome, "inserted", "unchanged") == (10, 9)


@pytest.mark.parametrize("stored", [0, 10], ids=["nothing stored", "points stored"])
def test_in_21_twins_that_differ_name_both_rows_across_pieces(dataset: Dataset, stored: int):
    if stored:
        send(dataset, days(stored))
    twin = point({"TMAX": -5}, "2001-01-03")
    with pytest.raises(InvalidRowsError) as error:
        send(dataset, days(5), days(5, "2002-01-01"), [twin])
    rows = error.value.details["rows"]
    assert [(one["row"], one["field"]) for one in rows] == [(2, "timestamp"), (10, "timestamp")]
    assert "Row 10" in rows[0]["message"]
    assert "Row 2" in rows[1]["message"]
    assert error.value.details["rejected"] == 2
    assert len(read(dataset)) == stored


@pytest.mark.parametrize("stored", [0, 10], ids=["nothing stored", "points stored"])
def test_torn_twins_are_all_left_out_where_bad_rows_are_skipped(dataset: Dataset, stored: int):
    if stored:
        send(dataset, days(stored))
    before = values(dataset).get(("", "2001-01-03T00:00:00Z"))
    twins = [point({"TMAX": -5}, "2001-01-03"), point({"TMAX": 1}, "2009-01-01")]
    outcome = send(dataset, days(5), twins, twins[:1], on_invalid="skip")
    assert (outcome.received, outcome.rejected) == (8, 3)
    assert sorted(row["row"] for row in outcome.errors) == [2, 5, 7]
    total = outcome.inserted + outcome.updated + outcome.unchanged + outcome.skipped
    assert total + outcome.rejected == outcome.received
    kept = values(dataset)
    assert kept.get(("", "2001-01-03T00:00:00Z")) == before
    assert kept["", "2009-01-01T00:00:00Z"] == {"TMAX": 1}
    dataset.refresh_from_db()
    assert dataset.point_count == len(kept)


def test_bad_rows_of_all_pieces_are_listed_and_nothing_is_stored(dataset: Dataset):
    bad = {"timestamp": "x", "value": {"TMAX": 1}}
    with pytest.raises(InvalidRowsError) as error:
        send(dataset, days(5), [bad, *days(2, "2002-01-01")], [bad])
    assert [row["row"] for row in error.value.details["rows"]] == [5, 8]
    assert error.value.details["rejected"] == 2
    assert not read(dataset)
    assert not dataset.stations.exists()


def test_a_body_that_breaks_off_leaves_a_refusal_and_nothing_else(dataset: Dataset):
    with pytest.raises(UnreadableInputError) as error:
        ingest.write(dataset.pk, Pieces([days(5)], fails=True), author=AUTHOR)
    receipt = Receipt.objects.get(pk=error.value.details["receipt"])
    assert receipt.status == "refused"
    assert not read(dataset)
    assert Receipt.objects.filter(dataset=dataset).count() == 1


def test_contradictions_name_rows_of_later_pieces(dataset: Dataset):
    send(dataset, days(5))
    with pytest.raises(ConflictError) as error:
        send(dataset, days(3), [point({"TMAX": 0}, "2001-01-05")], on_conflict="error")
    assert [row["row"] for row in error.value.details["rows"]] == [3]


def test_new_variables_and_stations_of_later_pieces_are_made(dataset: Dataset):
    send(
        dataset, days(2), [point({"PRCP": 1}, "1999-01-01", station="new")], days(2, station="new")
    )
    assert set(dataset.variables.values_list("name", flat=True)) == {"PRCP", "TMAX", "TMIN"}
    assert set(dataset.stations.values_list("code", flat=True)) == {"", "new"}


def test_a_variable_without_a_value_is_not_made(dataset: Dataset):
    send(dataset, [point({"TMAX": 1, "PRCP": None})], [point({"PRCP": None}, "2002-01-01")])
    assert list(dataset.variables.values_list("name", flat=True)) == ["TMAX"]
    assert value(dataset) == {"TMAX": 1}


KEYS = st.tuples(st.sampled_from(["", "a"]), st.integers(1, 6))
POINTS = st.builds(
    lambda key, names, number, gone: point(
        dict.fromkeys(names, number) | ({"GONE": None} if gone else {}),
        f"2001-01-{key[1]:02d}",
        station=key[0],
    ),
    KEYS,
    st.sets(st.sampled_from(["TMAX", "TMIN"]), min_size=1),
    st.integers(0, 2),
    st.booleans(),
)


@pytest.mark.slow
@given(
    stored=st.lists(POINTS, max_size=6),
    sent=st.lists(POINTS, max_size=14),
    cuts=st.sets(st.integers(1, 13), max_size=4),
    on_conflict=st.sampled_from(["update", "skip"]),
    seed=st.integers(0, 99),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_pieces_give_what_one_batch_gives(
    db: None,
    stored: list[Any],
    sent: list[Any],
    cuts: set[int],
    on_conflict: str,
    seed: int,
):
    """Torn keys aside, whose rows in one piece cannot be told from one key in many."""
    unique = list({(one.get("station", ""), one["timestamp"]): one for one in sent}.values())
    twins = [*unique, *random.Random(seed).choices(unique, k=len(unique) // 2)]
    random.Random(seed).shuffle(twins)
    edges = [0, *sorted(cut for cut in cuts if cut < len(twins)), len(twins)]
    pieces = [twins[lo:hi] for lo, hi in itertools.pairwise(edges)]
    whole, parts = make_dataset(), make_dataset()
    for one in (whole, parts):
        send(one, stored, on_invalid="skip")
    first = send(whole, twins, on_conflict=on_conflict)
    second = send(parts, *pieces, on_conflict=on_conflict)
    assert first.counts() == second.counts()
    for name in ("station", "timestamp", "value"):
        assert [one[name] for one in read(whole)] == [one[name] for one in read(parts)]


def test_far_corrections_leave_an_extent_each(dataset: Dataset):
    send(dataset, days(1500))
    send(dataset, [point({"TMAX": -1}, day) for day in ("2001-01-01", "2001-01-02", "2004-06-01")])
    found = RevisionExtent.objects.filter(dataset=dataset, number=2).order_by("start")
    assert [f"{one.start:%Y-%m-%d} {one.end:%Y-%m-%d}" for one in found] == [
        "2001-01-01 2001-01-02",
        "2004-06-01 2004-06-01",
    ]
