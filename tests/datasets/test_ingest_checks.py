"""What a write refuses, skips or takes as missing, and how its counts add up."""

from typing import Any

import pytest

from datasets.models import Dataset
from datastream.core.errors import ConflictError, InvalidInputError, InvalidRowsError
from tests.datasets.reading import counts, point, read, value, values, view
from tests.factories import days, make_dataset, write


def refused(dataset: Dataset, points: list[Any], **options: Any) -> list[tuple[int, str]]:
    """(row, field) of what a write refuses; and that nothing is stored by it."""
    before = (view(dataset).dataset.revision, read(dataset), dataset.variables.count())
    with pytest.raises(InvalidRowsError) as error:
        write(dataset, points, **options)
    assert (view(dataset).dataset.revision, read(dataset), dataset.variables.count()) == before
    return [(row["row"], row["field"]) for row in error.value.details["rows"]]


# ------------------------------------------------------------------ on_conflict


def test_skip_leaves_stored_points_and_stores_new_ones(dataset: Dataset):
    write(dataset, days(3))
    sent = [{**one, "value": {"TMAX": 99}} for one in days(4)]
    sent.append(days(3)[0])
    outcome = write(dataset, sent[1:], on_conflict="skip")
    assert counts(outcome, "skipped", "inserted", "unchanged") == (2, 1, 1)
    assert [one["value"] for one in read(dataset)] == [
        *(one["value"] for one in days(3)),
        {"TMAX": 99},
    ]


def test_skip_of_all_makes_no_revision(dataset: Dataset):
    write(dataset, days(3))
    outcome = write(dataset, [point({"TMAX": 0})], on_conflict="skip")
    assert counts(outcome, "skipped") == (1,)
    assert outcome.revision == dataset.revisions.count() == 1


def test_error_names_the_rows_and_stores_nothing(dataset: Dataset):
    write(dataset, days(3))
    sent = [*days(1, "2002-01-01"), *days(2), point({"TMAX": 0}, "2001-01-03"),
            point({"TMAX": 1}, "2001-01-02", station="new")]  # fmt: skip
    with pytest.raises(ConflictError) as error:
        write(dataset, sent, on_conflict="error")
    assert [row["row"] for row in error.value.details["rows"]] == [3]
    assert len(read(dataset)) == 3
    assert not dataset.stations.filter(code="new").exists()


def test_error_is_none_where_stored_points_are_equal(dataset: Dataset):
    write(dataset, days(3))
    assert counts(write(dataset, days(4), on_conflict="error"), "unchanged", "inserted") == (3, 1)


# ------------------------------------------------------------------ on_invalid


def test_one_bad_row_refuses_all(dataset: Dataset):
    sent: list[Any] = days(10)
    sent[6] = {"timestamp": "tomorrow", "value": {"TMAX": 1}}
    assert refused(dataset, sent) == [(6, "timestamp")]


def test_skip_leaves_out_bad_rows_and_counts_them(dataset: Dataset):
    sent: list[Any] = days(10)
    sent[2], sent[6] = {"timestamp": "tomorrow", "value": {"TMAX": 1}}, "not a point"
    outcome = write(dataset, sent, on_invalid="skip")
    assert counts(outcome, "inserted", "rejected") == (8, 2)
    assert [row["row"] for row in outcome.errors] == [2, 6]


def test_a_row_with_three_faults_is_rejected_once(dataset: Dataset):
    bad = {"timestamp": "x", "value": {"TMAX": True, "TMIN": []}, "metadata": 3}
    outcome = write(dataset, [bad, point({"TMAX": 1})], on_invalid="skip")
    assert counts(outcome, "inserted", "rejected") == (1, 1)
    assert len(outcome.errors) >= 3


def test_nothing_is_made_for_rows_that_are_all_bad(dataset: Dataset):
    outcome = write(dataset, [point({"NEW": "x"}, station="new")], on_invalid="skip")
    assert counts(outcome, "rejected") == (1,)
    assert (dataset.variables.count(), dataset.stations.count()) == (0, 0)
    assert outcome.revision == 0


def test_only_the_first_hundred_bad_rows_are_listed(dataset: Dataset):
    sent = [point({"TMAX": "x", "TMIN": "y"}, "2001-01-01", station=str(i)) for i in range(150)]
    with pytest.raises(InvalidRowsError) as error:
        write(dataset, sent)
    details = error.value.details
    assert (len(details["rows"]), details["rejected"]) == (100, 150)
    assert [row["row"] for row in details["rows"]] == [i // 2 for i in range(100)]


NO_POINTS: list[Any] = [
    None, 3, "x", [], True, {}, {"timestamp": "2001-01-01"}, {"value": {"A": 1}},
    {"timestamp": 1, "value": {}}, {"timestamp": None, "value": {"A": 1}},
]  # fmt: skip


@pytest.mark.parametrize("bad", NO_POINTS)
def test_what_is_no_point_is_refused(dataset: Dataset, bad: Any):
    assert {row for row, _ in refused(dataset, [*days(1), bad])} == {1}


@pytest.mark.parametrize("bad", [True, [], {}, [1], {"x": 1}, "12", "", "NaN", "1_0", "٣", "0x1"])
def test_what_is_no_number_is_refused_whatever_stands_beside_it(dataset: Dataset, bad: Any):
    for sent in ([point({"TMAX": bad})], [point({"TMAX": bad}), point({"TMAX": 1}, "2001-01-02")]):
        assert refused(dataset, sent) == [(0, "TMAX")]
    write(dataset, days(1))
    assert refused(dataset, [point({"TMAX": bad}, "2001-01-05")]) == [(0, "TMAX")]


@pytest.mark.parametrize("bad", [3, 3.5, True, [], {}, "a\x00b", "\x07"])
def test_what_is_no_text_is_refused_and_texts_beside_it_are_not(dataset: Dataset, bad: Any):
    dataset.variables.create(name="SKY", kind="text")
    sent = [point({"SKY": bad}), point({"SKY": "clear"}, "2001-01-02")]
    assert refused(dataset, sent) == [(0, "SKY")]
    assert counts(write(dataset, sent, on_invalid="skip"), "inserted", "rejected") == (1, 1)
    assert value(dataset) == {"SKY": "clear"}


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63, 2**64 - 1])
def test_in_04_a_whole_number_that_a_float_does_not_hold_is_refused(dataset: Dataset, number: int):
    assert refused(dataset, [point({"TMAX": 1}), point({"TMAX": number}, "2001-01-02")]) == [
        (1, "TMAX")
    ]


@pytest.mark.parametrize("field", ["tiemstamp", "TMAX", "unit", "ti\x00me", "x" * 300, "value "])
def test_an_unknown_field_of_a_point_is_refused_by_its_name(dataset: Dataset, field: str):
    ((row, name),) = refused(dataset, [{**point({"TMAX": 1}), field: 1}])
    assert (row, name) == (0, field[:80].replace("\x00", "\ufffd"))


METADATA: list[Any] = [
    3, "x", [], [1], True, 0, "", {"flags": 3}, {"flags": {"TMAX": 3}}, {"quality": {"TMAX": 5}},
    {"quality": {"TMAX": "4"}}, {"quality": {"TMAX": True}}, {"quality": []}, {"x": "a\x00b"},
    {"x\x00": 1}, {"x": "y" * 17_000}, {"flags": {"TMAX": None}},
]  # fmt: skip


@pytest.mark.parametrize("bad", METADATA, ids=lambda bad: repr(bad)[:30].encode("ascii", "replace"))
def test_metadata_that_say_nothing_known_are_refused(dataset: Dataset, bad: Any):
    fine = point({"TMAX": 1}, "2001-01-02", metadata={"flags": {"TMAX": "I"}})
    assert refused(dataset, [point({"TMAX": 1}, metadata=bad)]) == [(0, "metadata")]
    assert refused(dataset, [fine, point({"TMAX": 1}, metadata=bad)]) == [(1, "metadata")]


def test_metadata_of_20_levels_and_16_kib_are_taken(dataset: Dataset):
    deep: Any = 1
    for _ in range(20):
        deep = {"x": deep}
    wide = {"x": "y" * (16 * 1024 - 8)}
    sent = [point({"A": 1}, metadata=deep), point({"A": 1}, "2001-01-02", metadata=wide)]
    assert counts(write(dataset, sent), "inserted") == (2,)
    assert refused(dataset, [point({"A": 1}, metadata={"x": deep})]) == [(0, "metadata")]
    assert refused(dataset, [point({"A": 1}, metadata={"x": "y" * (16 * 1024 - 7)})])


# ------------------------------------------------------------------ twins


def twins(*cells: float, **more: Any) -> list[dict[str, Any]]:
    times = ["2001-01-01T12:00:00Z", "2001-01-01T13:00:00+01:00", "2001-01-01T12:00:00.000000000"]
    return [point({"TMAX": cell}, times[i % 3], **more) for i, cell in enumerate(cells)]


def test_in_21_equal_twins_count_once(dataset: Dataset):
    assert counts(write(dataset, twins(1, 1, 1)), "inserted", "unchanged") == (1, 2)
    assert value(dataset) == {"TMAX": 1}
    assert counts(write(dataset, twins(1, 1)), "unchanged") == (2,)
    assert counts(write(dataset, twins(2, 2)), "updated", "unchanged") == (1, 1)


@pytest.mark.parametrize("cells", [(1, 2), (1, 2, 3), (1, 1, 2), (2, 1, 1), (1, 2, 1)])
def test_in_21_of_twins_that_contradict_none_is_stored(dataset: Dataset, cells: tuple[float, ...]):
    rows = list(range(len(cells)))
    assert [row for row, _ in refused(dataset, twins(*cells))] == rows
    outcome = write(dataset, [*twins(*cells), *days(1)], on_invalid="skip")
    assert counts(outcome, "inserted", "rejected") == (1, len(cells))
    for error in outcome.errors:
        other = int(error["message"].split()[1])
        assert cells[other] != cells[error["row"]]


def test_in_21_twins_contradict_in_their_metadata_too(dataset: Dataset):
    sent = [*twins(1, metadata={"flags": {"TMAX": "I"}}), *twins(1)]
    assert [row for row, _ in refused(dataset, sent)] == [0, 1]


def test_twins_that_name_different_variables_contradict(dataset: Dataset):
    assert refused(dataset, [point({"TMAX": 1}), point({"TMIN": 1})])


# ------------------------------------------------------------------ stations and variables


def test_stations_and_variables_are_made_on_the_fly_once(dataset: Dataset):
    sent = [{**one, "station": code} for one in days(3) for code in ("b", "a")]
    write(dataset, sent)
    write(dataset, sent)
    assert [(s.code, s.name) for s in dataset.stations.all()] == [("b", "b"), ("a", "a")]
    made = dataset.variables.values_list("name", "kind", "unit")
    assert list(made) == [("TMAX", "number", ""), ("TMIN", "number", "")]


def test_points_without_a_station_share_one_with_an_empty_code(dataset: Dataset):
    write(dataset, [point({"A": 1}), point({"A": 1}, "2001-01-02", station=""),
                    point({"A": 1}, "2001-01-03", station=None)])  # fmt: skip
    assert [s.code for s in dataset.stations.all()] == [""]


@pytest.fixture
def frozen(db: None, analyst: Any) -> Dataset:
    """A dataset that makes no station or variable: it has station `a` and TMAX from -90 to 60."""
    made = make_dataset(analyst, schema_mode="freeze")
    made.stations.create(code="a")
    made.variables.create(name="TMAX", unit="degC", valid_min=-90, valid_max=60)
    return made


def test_in_22_frozen_datasets_refuse_what_they_do_not_know(frozen: Dataset):
    sent = [
        point({"TMAX": 1}, station="a"),
        point({"TMAX": 1}, station="b"),
        point({"TMIN": 1}, "2001-01-02", station="a"),
        point({"TMIN": None, "TMAX": 1}, "2001-01-03", station="a"),
        point({"TMAX": 1}, "2001-01-04"),
        point({"TMIN": "text"}, "2001-01-05", station="a"),
    ]
    wrong = [(1, "station"), (2, "TMIN"), (3, "TMIN"), (4, "station"), (5, "TMIN")]
    assert refused(frozen, sent) == wrong
    outcome = write(frozen, sent, on_invalid="skip")
    assert counts(outcome, "inserted", "rejected") == (1, 5)
    assert frozen.stations.count() == frozen.variables.count() == 1


def test_thousands_of_unknown_stations_are_refused_at_once(frozen: Dataset):
    sent = [point({"TMAX": 1}, station=f"s{i}") for i in range(5000)]
    outcome = write(frozen, sent, on_invalid="skip")
    assert counts(outcome, "rejected") == (5000,)


@pytest.mark.parametrize(("cell", "fits"), [(-90, True), (60, True), (60.1, False), (-91, False)])
def test_in_22_a_value_outside_its_valid_range_is_refused(frozen: Dataset, cell: float, fits: bool):
    sent = [point({"TMAX": cell}, station="a")]
    assert fits == (not write(frozen, sent, on_invalid="skip").rejected)


def test_a_range_may_have_one_end(dataset: Dataset):
    dataset.variables.create(name="PRCP", valid_min=0)
    sent = [point({"PRCP": cell}, f"2001-01-0{i}") for i, cell in enumerate((0, 1e9, -1), 1)]
    assert refused(dataset, sent) == [(2, "PRCP")]


BAD_NAMES = ["", " ", "\t", "\u00a0", "a\x00b", "a\nb", "\u202eabc", "x" * 256]


@pytest.mark.parametrize("name", [*BAD_NAMES, "timestamp", "station", "metadata", "id"])
def test_in_47_a_name_nobody_can_read_is_no_variable(dataset: Dataset, name: str):
    with pytest.raises(InvalidInputError):
        write(dataset, [point({name: 1})])
    assert not dataset.variables.exists()


@pytest.mark.parametrize("code", [code for code in BAD_NAMES if code])
def test_in_47_a_code_nobody_can_read_is_no_station(dataset: Dataset, code: str):
    assert refused(dataset, [*days(1), point({"A": 1}, station=code)]) == [(1, "station")]


@pytest.mark.parametrize("odd", [3, True, [], {}])
def test_in_47_a_station_is_a_text(dataset: Dataset, odd: Any):
    assert refused(dataset, [point({"A": 1}, station=odd)]) == [(0, "station")]


def test_200_variables_are_taken_and_one_more_is_not(dataset: Dataset):
    write(dataset, [point({f"V{i}": i for i in range(200)})])
    assert dataset.variables.count() == 200
    with pytest.raises(InvalidInputError):
        write(dataset, [point({"V200": 1})])
    assert counts(write(dataset, [point({"V0": 9})]), "updated") == (1,)


def test_a_name_in_each_of_thousands_of_points_is_refused_at_once(dataset: Dataset):
    with pytest.raises(InvalidInputError):
        write(dataset, [point({f"V{i}": i}) for i in range(5000)])


# ------------------------------------------------------------------ missing values


def test_sentinels_say_nothing(dataset: Dataset):
    dataset.variables.create(name="TMAX", missing_values=[-9999, 99.9])
    sent = [
        point({"TMAX": -9999, "TMIN": 1}),
        point({"TMAX": 99.9, "TMIN": -999}, "2001-01-02"),
        point({"TMAX": -999, "TMIN": -9999}, "2001-01-03"),
    ]
    outcome = write(dataset, sent, missing=(-999.0,))
    assert counts(outcome, "inserted", "unchanged") == (2, 1)
    assert list(values(dataset).values()) == [{"TMIN": 1}, {"TMIN": -9999}]


def test_a_sentinel_removes_no_stored_value(dataset: Dataset):
    write(dataset, [point({"TMAX": 1})])
    outcome = write(dataset, [point({"TMAX": -9999})], missing=(-9999.0,))
    assert counts(outcome, "unchanged") == (1,)


def test_a_sentinel_outside_the_valid_range_is_missing_and_not_wrong(frozen: Dataset):
    sent = [point({"TMAX": -9999}, station="a")]
    assert refused(frozen, sent) == [(0, "TMAX")]
    assert counts(write(frozen, sent, missing=(-9999.0,)), "unchanged") == (1,)
