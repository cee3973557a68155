"""What a write makes of the points that are stored: values and metadata merge by variable."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from datasets import ingest
from datasets.models import DataPoint, Dataset, PointVersion
from tests.datasets.reading import counts, metadata, point, read, value, values, view
from tests.factories import days, write

# ------------------------------------------------------------------ values


def test_a_write_sets_the_variables_it_names_and_leaves_the_others(dataset: Dataset):
    write(dataset, [point({"TMAX": 1, "TMIN": -1})])
    assert counts(write(dataset, [point({"TMAX": 2})]), "updated") == (1,)
    assert value(dataset) == {"TMAX": 2, "TMIN": -1}


def test_null_removes_a_variable(dataset: Dataset):
    write(dataset, [point({"TMAX": 1, "TMIN": -1})])
    assert counts(write(dataset, [point({"TMAX": None, "PRCP": 3})]), "updated") == (1,)
    assert value(dataset) == {"TMIN": -1, "PRCP": 3}


def test_null_for_what_is_not_there_changes_nothing(dataset: Dataset):
    write(dataset, [point({"TMAX": 1})])
    assert counts(write(dataset, [point({"TMIN": None})]), "unchanged") == (1,)
    assert value(dataset) == {"TMAX": 1}


def test_a_point_left_empty_is_deleted_and_stays_in_history(dataset: Dataset):
    write(dataset, [point({"TMAX": 1, "TMIN": -1}), point({"TMAX": 5}, "2001-01-02")])
    outcome = write(dataset, [point({"TMAX": None, "TMIN": None})])
    assert counts(outcome, "updated") == (1,)
    assert values(dataset) == {("", "2001-01-02T00:00:00Z"): {"TMAX": 5}}
    assert len(values(dataset, revision=1)) == 2
    assert list(dataset.revisions.values_list("updated", "deleted")) == [(0, 0), (0, 1)]


def test_a_new_point_of_nulls_only_is_not_stored(dataset: Dataset):
    assert counts(write(dataset, [point({"TMAX": None})]), "unchanged") == (1,)
    assert view(dataset).dataset.revision == 0
    assert read(dataset) == []


def test_a_point_without_values_is_not_stored(dataset: Dataset):
    outcome = write(dataset, [point({}), point({"TMAX": 1}, "2001-01-02")])
    assert counts(outcome, "unchanged", "inserted") == (1, 1)
    seen = view(dataset).dataset
    assert (seen.point_count, seen.start) == (1, datetime(2001, 1, 2, tzinfo=UTC))


def test_the_same_again_makes_no_revision(dataset: Dataset):
    first = write(dataset, days(20))
    again = write(dataset, days(20))
    assert counts(first, "inserted") == (20,)
    assert counts(again, "unchanged") == (20,)
    assert first.revision == again.revision == 1
    assert dataset.revisions.count() == 1
    assert PointVersion.objects.filter(dataset=dataset).count() == 0


def test_a_deleted_point_can_be_written_again(dataset: Dataset):
    for cell in (1, None, 2, None, 1):
        write(dataset, [point({"TMAX": cell})])
    stood = [[one["value"]["TMAX"] for one in read(dataset, n)] for n in range(6)]
    assert stood == [[], [1], [], [2], [], [1]]


def test_the_same_instant_at_two_stations_is_two_points(dataset: Dataset):
    outcome = write(dataset, [point({"TMAX": 1}, station="a"), point({"TMAX": 2}, station="b")])
    assert counts(outcome, "inserted") == (2,)
    assert counts(write(dataset, [point({"TMAX": 1}, station="a")]), "unchanged") == (1,)


def test_one_instant_through_two_offsets_is_one_point(dataset: Dataset):
    write(dataset, [point({"TMAX": 1}, "2001-01-01T12:00:00Z")])
    again = write(dataset, [point({"TMAX": 1}, "2001-01-01T07:00:00-05:00")])
    assert counts(again, "unchanged") == (1,)


def test_rows_may_come_in_any_order(dataset: Dataset):
    sent = [{**one, "station": code} for one in days(5) for code in ("b", "a", "c")]
    write(dataset, sent[::-1])
    seen = read(dataset)
    assert sorted(p["timestamp"] for p in seen) == sorted(p["timestamp"] for p in sent)
    assert [p["station"] for p in seen] == ["c"] * 5 + ["a"] * 5 + ["b"] * 5
    assert counts(write(dataset, sent), "unchanged") == (15,)


def test_old_versions_keep_what_they_were_and_when(dataset: Dataset):
    write(dataset, [point({"TMAX": 1}, metadata={"flags": {"TMAX": "I"}})])
    stored = DataPoint.objects.get(dataset=dataset)
    write(dataset, [point({"TMAX": 2})])
    old = PointVersion.objects.get(dataset=dataset)
    assert (old.value, old.metadata) == ({"TMAX": 1}, {"flags": {"TMAX": "I"}})
    assert (old.revision, old.replaced_in) == (1, 2)
    assert old.created_at == stored.created_at
    now = DataPoint.objects.get(dataset=dataset)
    assert (now.revision, now.created_at > stored.created_at) == (2, True)


# ------------------------------------------------------------------ metadata


def test_metadata_merge_by_variable(dataset: Dataset):
    write(dataset, [
        point({"TMAX": 1, "TMIN": 0},
              metadata={"flags": {"TMAX": "I", "TMIN": "D"}, "quality": {"TMAX": 4, "TMIN": 3}})
    ])  # fmt: skip
    write(dataset, [point({"TMAX": 2}, metadata={"flags": {"TMAX": "S"}})])
    assert metadata(dataset) == {"flags": {"TMAX": "S", "TMIN": "D"}, "quality": {"TMIN": 3}}


def test_a_new_value_without_a_flag_loses_the_old_flag(dataset: Dataset):
    write(dataset, [point({"TMAX": 1}, metadata={"flags": {"TMAX": "I"}, "quality": {"TMAX": 4}})])
    write(dataset, [point({"TMAX": 2})])
    assert metadata(dataset) == {}


def test_the_same_value_without_its_flag_is_a_change(dataset: Dataset):
    write(dataset, [point({"TMAX": 1}, metadata={"flags": {"TMAX": "I"}})])
    assert counts(write(dataset, [point({"TMAX": 1})]), "updated") == (1,)
    assert metadata(dataset) == {}


def test_a_removed_variable_takes_its_flags_along(dataset: Dataset):
    said = {"flags": {"TMAX": "I", "TMIN": "D"}, "quality": {"TMAX": 4}}
    write(dataset, [point({"TMAX": 1, "TMIN": 0}, metadata=said)])
    write(dataset, [point({"TMAX": None})])
    assert metadata(dataset) == {"flags": {"TMIN": "D"}}


def test_whatever_is_said_by_variable_merges_by_variable(dataset: Dataset):
    write(
        dataset,
        [
            point(
                {"TMAX": 1, "PRCP": 0},
                metadata={"sources": {"TMAX": "W", "PRCP": "7"}, "times": {"TMAX": "0700"}},
            )
        ],
    )
    write(dataset, [point({"TMAX": 2}, metadata={"sources": {"TMAX": "S"}, "note": {}})])
    known = {"sources": {"TMAX": "S", "PRCP": "7"}, "note": {}}
    assert metadata(dataset) == known
    again = write(dataset, [point({"PRCP": 0}, metadata={"sources": {"PRCP": "7"}})])
    assert counts(again, "unchanged", "updated") == (1, 0)
    write(dataset, [point({"PRCP": 1}, metadata={"sources": 3, "note": None})])
    assert metadata(dataset) == {"sources": 3, "note": None}


def test_other_metadata_stay_until_they_are_sent_again(dataset: Dataset):
    write(dataset, [point({"TMAX": 1}, metadata={"observer": "A. Wegener", "n": [1, {"x": None}]})])
    write(dataset, [point({"TMIN": 1}, metadata={"n": 2})])
    assert metadata(dataset) == {"observer": "A. Wegener", "n": 2}


@pytest.mark.parametrize("said", [{}, {"flags": {}}, {"quality": {}}, {"flags": {}, "quality": {}}])
def test_empty_metadata_are_none_however_they_come(dataset: Dataset, said: dict[str, Any]):
    write(dataset, [point({"TMAX": 1}, metadata=said)])
    write(dataset, [point({"TMAX": 2}, "2001-01-02", metadata=said), point({"TMAX": None})])
    assert list(DataPoint.objects.filter(dataset=dataset).values_list("metadata")) == [(None,)]
    assert PointVersion.objects.get(dataset=dataset).metadata is None


def test_unchanged_metadata_are_unchanged_whatever_their_order(dataset: Dataset):
    said = {"flags": {"TMAX": "I", "TMIN": "D"}, "b": 1, "a": 2}
    turned = {"a": 2, "b": 1, "flags": {"TMIN": "D", "TMAX": "I"}}
    sent = {"TMAX": 1, "TMIN": 0}
    write(dataset, [point(sent, metadata=said)])
    assert counts(write(dataset, [point(sent, metadata=turned)]), "unchanged") == (1,)


# ------------------------------------------------------------------ exactness

NUMBERS = [
    1e300, -1e300, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1e22, 1e23, 0.1, 1 / 3,
    0.1 + 0.2, 123456789.123456789, 2**53, -(2**53), 2**53 - 1, 0, 5e-5, 1e16, 1e15, 123456.0,
]  # fmt: skip


@pytest.mark.parametrize("again", [False, True], ids=["straight", "staged"])
def test_numbers_come_back_exactly(dataset: Dataset, again: bool):
    if again:
        write(dataset, [point({"OTHER": 1})])
    sent = {f"V{i:02}": number for i, number in enumerate(NUMBERS)}
    write(dataset, [point(sent)])
    found = value(dataset)
    found.pop("OTHER", None)
    assert {name: float(number) for name, number in found.items()} == sent
    assert counts(write(dataset, [point(sent)]), "unchanged") == (1,)


def test_minus_zero_is_zero(dataset: Dataset):
    write(dataset, [point({"TMAX": -0.0})])
    assert value(dataset) == {"TMAX": 0}
    assert counts(write(dataset, [point({"TMAX": 0})]), "unchanged") == (1,)


TEXTS = [
    "a\\b", "tab\there", "line\nbreak", "\r\n", "\\N", "\\.", "\\", "\\\\t", '"quoted"', "''", "",
    "{}", "null", " spaces ", "'=1+1", "é漢字🌧", "\u2028", "%s %(x)s {0}", "</script>", "\\u0041",
]  # fmt: skip


@pytest.mark.parametrize("again", [False, True], ids=["straight", "staged"])
def test_texts_come_back_exactly_in_values_and_metadata(dataset: Dataset, again: bool):
    dataset.variables.create(name="SKY", kind="text")
    if again:
        write(dataset, [point({"OTHER": 1}, f"2001-01-{i + 1:02}") for i in range(len(TEXTS))])
    sent = [
        point({"SKY": text}, f"2001-01-{i + 1:02}", metadata={"flags": {"SKY": text}, text: [text]})
        for i, text in enumerate(TEXTS)
    ]
    write(dataset, sent)
    found = read(dataset)
    assert [one["value"]["SKY"] for one in found] == TEXTS
    assert [one["metadata"] for one in found] == [one["metadata"] for one in sent]
    assert counts(write(dataset, sent), "unchanged") == (len(TEXTS),)


@pytest.mark.parametrize("name", ["a b", 'quo"te', "back\\slash", "%s", "{x}", "naïve", "a.b", "$"])
def test_odd_names_of_variables_and_stations_come_back_exactly(dataset: Dataset, name: str):
    write(dataset, [point({name: 1}, station=name)])
    write(dataset, [point({name: 2, "TMAX": 1}, station=name)])
    assert values(dataset) == {(name, "2001-01-01T00:00:00Z"): {name: 2, "TMAX": 1}}


@pytest.mark.parametrize(
    "timestamp",
    [
        "0001-01-01T00:00:00.000001Z",
        "9999-12-31T23:59:59.999999Z",
        "2256-01-01T00:00:00.000001Z",
        "2001-01-01T00:00:00.000001Z",
        "1969-12-31T23:59:59.500000Z",
    ],
)
def test_times_come_back_exactly(dataset: Dataset, timestamp: str):
    write(dataset, [point({"TMAX": 1}, timestamp)])
    (found,) = read(dataset)
    assert datetime.fromisoformat(found["timestamp"]) == datetime.fromisoformat(timestamp)
    assert found["timestamp"].endswith("Z")
    assert counts(write(dataset, [point({"TMAX": 1}, timestamp)]), "unchanged") == (1,)


# ------------------------------------------------------------------ what the dataset says of itself


def facts(dataset: Dataset) -> tuple[int, str | None, str | None]:
    seen = view(dataset).dataset
    start, end = (time.date().isoformat() if time else None for time in (seen.start, seen.end))
    return seen.point_count, start, end


def test_the_dataset_counts_its_points_and_knows_its_ends(dataset: Dataset):
    assert facts(dataset) == (0, None, None)
    write(dataset, days(5, "2001-01-10"))
    assert facts(dataset) == (5, "2001-01-10", "2001-01-14")
    write(dataset, days(3, "2001-01-01", station="b"))
    write(dataset, days(2, "2001-02-01", station="c"))
    assert facts(dataset) == (10, "2001-01-01", "2001-02-02")


def test_ends_move_in_when_points_are_deleted(dataset: Dataset):
    write(dataset, days(5, "2001-01-10"))
    nothing = {"TMAX": None, "TMIN": None}
    write(dataset, [point(nothing, "2001-01-10"), point(nothing, "2001-01-14")])
    assert facts(dataset) == (3, "2001-01-11", "2001-01-13")
    write(dataset, [point(nothing, f"2001-01-{day}") for day in (11, 12, 13)])
    assert facts(dataset) == (0, None, None)
    write(dataset, days(1, "1999-01-01"))
    assert facts(dataset) == (1, "1999-01-01", "1999-01-01")


def test_what_is_skipped_or_refused_moves_no_end(dataset: Dataset):
    write(dataset, days(2, "2001-01-10"))
    bad = [{"timestamp": "1900-01-01", "value": {"TMAX": "x"}}]
    write(dataset, bad + days(3, "2001-01-10"), on_invalid="skip", on_conflict="skip")
    assert facts(dataset) == (3, "2001-01-10", "2001-01-12")


def test_columns_and_records_of_the_same_points_are_the_same(dataset: Dataset):
    import pyarrow as pa

    sent = days(10)
    write(dataset, sent)
    table = pa.table(
        {
            "timestamp": [one["timestamp"] for one in sent],
            "TMAX": [str(one["value"]["TMAX"]) for one in sent],
            "TMIN": [one["value"]["TMIN"] for one in sent],
            "metadata": [json.dumps({"flags": {}}) for _ in sent],
        }
    )
    author = ingest.Author(route="test", user=dataset.owner)
    outcome = ingest.write(dataset.pk, ingest.from_table(table), author=author)
    assert counts(outcome, "unchanged") == (10,)


def test_in_04_a_large_number_comes_back_in_a_form_that_can_be_sent(dataset: Dataset):
    sent = point({"A": 1e20, "B": -(2.0**53), "C": 1.5, "D": 1e300})
    write(dataset, [sent])
    stored = value(dataset)
    assert stored == sent["value"]
    assert all(isinstance(one, float) for one in stored.values())
    outcome = write(dataset, [point(stored)])
    assert (outcome.unchanged, outcome.revision) == (1, 1)
