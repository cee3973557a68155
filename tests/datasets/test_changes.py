"""What was inserted, updated and deleted after a revision."""

import random
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import ingest
from datasets.models import Dataset
from datasets.selectors import changes as selector
from datastream.core.clock import parse
from tests.datasets.changes import changes, replayed, short, state
from tests.datasets.reading import point, read, view
from tests.factories import days, make_dataset, write


def remove(dataset: Dataset, start: str, end: str, *stations: str) -> None:
    ingest.remove(
        dataset.pk,
        start=parse(start, "start"),
        end=parse(end, "end"),
        stations=stations,
        author=ingest.Author("test", dataset.owner),
    )


def day(number: int, **value: Any) -> dict[str, Any]:
    return point(value, f"2001-01-{number:02}", station="s")


def test_each_change_is_told_once_and_in_order(dataset: Dataset):
    write(dataset, [day(1, A=1), day(2, A=1), day(3, A=1)])
    write(dataset, [day(2, A=2), day(4, A=2)])
    write(dataset, [day(2, A=3), day(1, A=None)])
    remove(dataset, "2001-01-03", "2001-01-05")
    write(dataset, [day(3, A=5)])
    told = [
        (1, "inserted", "s", "2001-01-01", {"A": 1}),
        (1, "inserted", "s", "2001-01-02", {"A": 1}),
        (1, "inserted", "s", "2001-01-03", {"A": 1}),
        (2, "updated", "s", "2001-01-02", {"A": 2}),
        (2, "inserted", "s", "2001-01-04", {"A": 2}),
        (3, "deleted", "s", "2001-01-01", None),
        (3, "updated", "s", "2001-01-02", {"A": 3}),
        (4, "deleted", "s", "2001-01-03", None),
        (4, "deleted", "s", "2001-01-04", None),
        (5, "inserted", "s", "2001-01-03", {"A": 5}),
    ]
    assert short(changes(dataset)) == told
    for since in range(6):
        for until in range(since, 6):
            expected = [one for one in told if since < one[0] <= until]
            assert short(changes(dataset, since, until=until)) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_together_are_the_whole(dataset: Dataset, limit: int):
    for number in range(5):
        write(dataset, [point({"A": number}, f"2001-01-{d:02}", station=code)
                        for code in "ab" for d in range(1 + number, 9 + number * 2)])  # fmt: skip
    remove(dataset, "2001-01-02", "2001-01-12", "b")
    whole = changes(dataset)
    assert changes(dataset, limit=limit) == whole
    assert len({(one["revision"], one["id"]) for one in whole}) == len(whole)


def test_a_change_has_what_a_point_has(dataset: Dataset):
    said = {"flags": {'Ä "q"': "x"}, "quality": {'Ä "q"': 3}}
    write(
        dataset,
        [point({'Ä "q"': 1.5}, "2001-01-01T01:02:03.000004Z", station='s "\\ä', metadata=said)],
    )
    (told,), (stored,) = changes(dataset), read(dataset)
    assert told == {"revision": 1, "change": "inserted", **stored}
    assert list(told) == ["revision", "change", "id", "timestamp", "station", "value", "metadata"]


def test_the_tombstone_of_a_point_says_which_and_nothing_more(dataset: Dataset):
    write(dataset, [point({"A": 1}, metadata={"flags": {"A": "x"}})])
    gone = read(dataset)[0]
    remove(dataset, "2001-01-01", "2001-01-02")
    assert changes(dataset, 1) == [
        {"revision": 2, "change": "deleted", **gone, "value": None, "metadata": {}}
    ]


@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_time_are_told_too(dataset: Dataset, time: str):
    for value in (1, 2, None, 3):
        write(dataset, [point({"A": value}, time)])
    told = [one["change"] for one in changes(dataset, limit=1)]
    assert told == ["inserted", "updated", "deleted", "inserted"]


def test_a_change_of_metadata_alone_is_an_update(dataset: Dataset):
    write(dataset, [point({"A": 1})])
    write(dataset, [point({"A": 1}, metadata={"flags": {"A": "x"}})])
    assert [one["change"] for one in changes(dataset, 1)] == ["updated"]


# ------------------------------------------------------------------ a part of them


def test_stations_are_chosen_by_their_codes(dataset: Dataset):
    write(dataset, [one for code in "abc" for one in days(2, station=code)])
    remove(dataset, "2001-01-01", "2001-01-02")
    found = changes(dataset, stations=("c", "a"))
    assert found == [one for one in changes(dataset) if one["station"] in "ac"]
    assert len(found) == 6


def test_variables_are_seen_as_if_there_were_no_others(dataset: Dataset):
    write(dataset, [day(1, A=1, B=1), day(2, B=1), day(3, A=1)])
    write(dataset, [day(1, B=2), day(2, A=2), day(3, A=None, B=2)])
    write(dataset, [day(1, A=3), day(2, A=None), day(3, B=3)])
    assert short(changes(dataset, variables=("A",))) == [
        (1, "inserted", "s", "2001-01-01", {"A": 1}),
        (1, "inserted", "s", "2001-01-03", {"A": 1}),
        (2, "inserted", "s", "2001-01-02", {"A": 2}),
        (2, "deleted", "s", "2001-01-03", None),
        (3, "updated", "s", "2001-01-01", {"A": 3}),
        (3, "deleted", "s", "2001-01-02", None),
    ]
    assert len(changes(dataset, variables=("A", "B"))) == 9


def test_what_is_embargoed_is_not_told(dataset: Dataset):
    write(dataset, days(9, station="s"))
    remove(dataset, "2001-01-01", "2002-01-01")
    hidden = replace(view(dataset), until=parse("2001-01-04", "until"))
    page = selector.page(hidden, selector.Changes(0, 2), limit=100)
    assert "2001-01-03" in page.pieces[0]
    assert "2001-01-04" not in page.pieces[0]


# ------------------------------------------------------------------ cost


def test_a_page_is_one_statement(dataset: Dataset):
    for number in range(4):
        write(dataset, [day(d, A=number) for d in range(1, 20)])
    seen, asked = view(dataset), selector.Changes(0, 4)
    after = None
    for _ in range(5):
        with CaptureQueriesContext(connection) as captured:
            after = selector.page(seen, asked, limit=10, after=after).last
        assert len(captured) == 1


def test_a_page_looks_at_so_many_changes_and_then_goes_on(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(selector, "MOST_CANDIDATES", 3)
    for number in range(8):
        write(dataset, [day(number + 1, A=1)])
    write(dataset, [day(9, B=1)])
    page = selector.page(view(dataset), selector.Changes(0, 9, variables=("B",)), limit=1)
    assert page.last is not None
    assert (page.pieces, page.last[0]) == ([], 3)
    assert len(changes(dataset, limit=1, variables=("B",))) == 1


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_an_extent_without_a_change_does_not_end_the_list(dataset: Dataset, limit: int):
    for number in range(9):
        write(dataset, [day(number + 1, A=1)])
    expected = changes(dataset)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
            SELECT dataset_id, number, station_id + n, '1901-01-01', '1999-01-01'
            FROM revision_extents, generate_series(0, 3) n"""
        )
    assert changes(dataset, limit=limit) == expected


def test_a_station_may_have_many_extents_in_a_revision(dataset: Dataset):
    """Wherever a revision touched only here and there, writers note it so."""
    write(dataset, days(300, station="s"))
    write(
        dataset,
        [day(d, TMAX=77) for d in (1, 9, 20)] + [point({"A": 1}, "2030-01-01", station="s")],
    )
    expected = changes(dataset)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM revision_extents WHERE number = 2")
        cursor.execute(
            """INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
            SELECT dataset_id, revision, station_id, timestamp, timestamp
            FROM data_points WHERE revision = 2"""
        )
    for limit in (1, 3, 1000):
        assert changes(dataset, limit=limit) == expected


# ------------------------------------------------------------------ replayed

CODES, TIMES = ("a", "b"), [f"2001-01-{number:02}" for number in range(1, 7)]
CELL = st.one_of(st.none(), st.integers(0, 3))
WRITE = st.dictionaries(
    st.tuples(st.sampled_from(CODES), st.sampled_from(TIMES)),
    st.dictionaries(st.sampled_from("AB"), CELL, min_size=1),
    max_size=8,
)
RANGE = st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES), st.sampled_from([*CODES, ""]))


@pytest.mark.slow
@given(st.lists(st.one_of(WRITE, RANGE), max_size=8), st.integers(1, 20), st.integers(0, 99))
@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_all_changes_replayed_make_the_present_state(
    db: None, analyst: Any, steps: list[Any], limit: int, seed: int
):
    dataset = make_dataset(analyst)
    write(dataset, [point({"A": 0}, TIMES[0], station=code) for code in CODES])
    for step in steps:
        if isinstance(step, dict):
            points = [point(value, time, station=code) for (code, time), value in step.items()]
            write(dataset, random.Random(seed).sample(points, len(points)))
        else:
            start, end, code = step
            remove(dataset, min(start, end), max(start, end), *([code] if code else []))
    newest = view(dataset).dataset.revision
    now, told = state(read(dataset)), changes(dataset, limit=limit)
    assert replayed({}, told) == now
    for since in range(newest + 1):
        later = [one for one in told if one["revision"] > since]
        assert changes(dataset, since, limit=limit) == later
        assert replayed(state(read(dataset, since)), later) == now
    for made in dataset.revisions.all():
        counts = [one["change"] for one in told if one["revision"] == made.number]
        kinds = ("inserted", "updated", "deleted")
        assert [counts.count(kind) for kind in kinds] == [made.inserted, made.updated, made.deleted]
