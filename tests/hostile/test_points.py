"""IN-15 to IN-23 and IN-47: points that look like points."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import pyarrow as pa
import pytest

from tests.factories import days
from tests.hostile.conftest import Fresh
from tests.hostile.target import ARROW, CANARY, CSV, JSON, LIST, NDJSON, Target, fields, rows

pytestmark = pytest.mark.slow


def at(*times: Any, **more: Any) -> list[dict[str, Any]]:
    point = {"station": CANARY, "value": {"TMAX": 1}, **more}
    return [{"timestamp": time, **point} for time in times]


def as_csv(points: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    lines = csv.writer(file)
    names = sorted({name for point in points for name in point["value"]})
    lines.writerow(["timestamp", "station", *names])
    for point in points:
        cells = [point["value"].get(name, "") for name in names]
        lines.writerow([point["timestamp"], point["station"], *cells])
    return file.getvalue()


def as_ndjson(points: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(point) + b"\n" for point in points)


def as_arrow(table: pa.Table) -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    return file.getvalue()


WRITERS: dict[str, Callable[[Any], str | bytes]] = {
    JSON: orjson.dumps,
    CSV: as_csv,
    NDJSON: as_ndjson,
}


@pytest.mark.parametrize(
    ("sent", "answered"),
    [("2003-05-06T07:08:09", "2003-05-06T07:08:09Z"), ("2003-05-06", "2003-05-06T00:00:00Z"),
     ("2003-05-06T07:08", "2003-05-06T07:08:00Z"), ("2003-05-06 07:08z", "2003-05-06T07:08:00Z"),
     ("2003-05-06T07:08:09.25-05:00", "2003-05-06T12:08:09.25Z"),
     ("0001-01-01", "0001-01-01T00:00:00Z"),
     ("2003-05-06T07:08:09.1234560000Z", "2003-05-06T07:08:09.123456Z")],
)  # fmt: skip
@pytest.mark.parametrize("kind", WRITERS)
def test_in_15_a_time_without_an_offset_is_utc_and_answered_with_z(
    fresh: Fresh, kind: str, sent: str, answered: str
):
    dataset = fresh()
    dataset.accepted(WRITERS[kind](at(sent)), kind=kind)
    assert [point["timestamp"] for point in dataset.read()] == [answered]
    detail = dataset.get().json()
    assert detail["start"] == detail["end"]
    assert detail["end"].endswith("Z")
    assert datetime.fromisoformat(detail["end"]) == datetime.fromisoformat(answered)


def test_in_15_a_csv_may_say_whose_times_it_has(fresh: Fresh):
    dataset = fresh()
    times = ["2001-01-15T12:00", "2001-07-15 12:00", "2001-07-15", "2001-07-15T12:00Z"]
    dataset.accepted(as_csv(at(*times)), "?timezone=America/Toronto", kind=CSV)
    # UTC-5 in January and UTC-4 in July.
    assert [point["timestamp"] for point in dataset.read()] == [
        "2001-01-15T17:00:00Z", "2001-07-15T04:00:00Z", "2001-07-15T12:00:00Z",
        "2001-07-15T16:00:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "", "a\x00", CANARY, "+25:00"])
def test_in_15_zones_that_are_none(target: Target, zone: str):
    query = urlencode({"timezone": zone})
    detail = target.send(as_csv(at("2001-02-01")), path=f"/data?{query}", kind=CSV)
    assert fields(detail) == ["timezone"]


TIMES: dict[str, list[Any]] = {
    "in_16": [978307200, 978307200.5, "978307200", "2001-W05-3", "2001W053", "2001-031", "2001031",
              "9.783072e8", "20010101", "2001"],
    "in_17": ["2001-02-01T12:00:60Z", "2001-02-01T24:00:00Z", "2001-02-30", "2001-02-29",
              "2001-02-01T12:00:00+25:00", "2001-02-01T12:00:00-24:00", "2001-00-01",
              "2001-02-01T12:60:00Z", "2001-13-01", "2001-02-01T12:00:00+05:60"],
    "in_18": ["2001-02-01T12:00:00.1234567Z", "2001-02-01T12:00:00.00000000000000000001Z",
              "2001-02-01T12:00:00.1234560001", "2001-02-01T12:00:00.1234567+01:00"],
    "in_19": ["0001-01-01T00:00+00:01", "9999-12-31T23:59-00:01", "0000-01-01", "10000-01-01",
              "-0001-01-01", "+12001-01-01"],
    "in_20": ["2001-02-01\x00", "2001-02-01T12:00:00Z x", "2001-02-01T12:00:00Z\n", " 2001-02-01",
              "2001-02-01 ", "2001-02-01T12:00:00Z\x00x", "2001-02-01T12:00:00ZZ", "２００1-02-01"],
    "in_47": [None, True, [], {}, ["2001-02-01"], {"time": "2001-02-01"}, "", "x" * 100_000],
}  # fmt: skip
EACH = [(time, f"{name}-{time!a:.40}") for name in TIMES for time in TIMES[name]]
EACH_TIME = [pytest.param(time, id=identity) for time, identity in EACH]
EACH_TEXT = [
    pytest.param(str(time), id=identity)
    for time, identity in EACH
    if not identity.startswith("in_47")
]


@pytest.mark.parametrize("time", EACH_TIME)
def test_in_16_to_in_20_what_is_no_time_is_refused(target: Target, time: Any):
    fine = at("2001-02-01", "2001-02-02")
    for kind in (JSON, NDJSON):
        sent = WRITERS[kind]([fine[0], *at(time), fine[1]])
        assert rows(target.send(sent, kind=kind)) == [(1, "timestamp")]


@pytest.mark.parametrize("time", EACH_TEXT)
def test_in_16_to_in_20_hold_for_csv_too(target: Target, time: str):
    fine = at("2001-02-01", "2001-02-02")
    assert rows(target.send(as_csv([fine[0], *at(time), fine[1]]), kind=CSV)) == [(1, "timestamp")]


@pytest.mark.parametrize("time", EACH_TEXT)
def test_in_16_to_in_20_hold_for_queries_too(target: Target, time: str):
    for query in ("start", "as_of"):
        detail = target.ask(f"/data?{urlencode({query: time})}")
        assert fields(detail) == [query]


COLUMNS: dict[str, Any] = {
    "in_16 whole numbers": pa.array([978307200, 978307201]),
    "in_16 numbers": pa.array([978307200.5, 1.0]),
    "in_16 time of day": pa.array([0, 1], pa.time64("us")),
    "in_16 durations": pa.array([0, 1], pa.duration("us")),
    "in_16 flags": pa.array([True, False]),
    "in_16 nothing": pa.nulls(2),
}


@pytest.mark.parametrize("times", COLUMNS.values(), ids=COLUMNS)
def test_in_16_columns_that_hold_no_times(target: Target, times: Any):
    table = pa.table({"timestamp": times, "TMAX": [1.0, 2.0]})
    detail = target.send(as_arrow(table), kind=ARROW)
    # The column is named once, or each of its rows.
    assert fields(detail) == ["timestamp"] or {field for _, field in rows(detail)} == {"timestamp"}


TIMES_IN_COLUMNS: dict[str, Any] = {
    "in_18 nanoseconds": pa.array(np.array([978307200_000000001, 1], "datetime64[ns]")),
    "in_19 before year 1": pa.array([-62135596800_000001, -(2**62)], pa.timestamp("us")),
    "in_19 after year 9999": pa.array([253402300800, 2**40], pa.timestamp("s")),
    "in_19 beyond 64 bits": pa.array([2**62, -(2**62)], pa.timestamp("s", "UTC")),
    "in_20 text": pa.array(["2001-02-01\x00", "2001-02-01 x"]),
}


@pytest.mark.parametrize("times", TIMES_IN_COLUMNS.values(), ids=TIMES_IN_COLUMNS)
def test_in_18_to_in_20_hold_for_columns_too(target: Target, times: Any):
    table = pa.table({"timestamp": times, "TMAX": [1.0, 2.0]})
    assert rows(target.send(as_arrow(table), kind=ARROW)) == [(0, "timestamp"), (1, "timestamp")]


# ------------------------------------------------------------------ IN-21


@pytest.mark.parametrize(
    "other", ["2001-02-01T12:00:00Z", "2001-02-01T13:00:00+01:00", "2001-02-01 12:00"]
)
@pytest.mark.parametrize("kind", WRITERS)
def test_in_21_one_point_twice_with_other_values(target: Target, kind: str, other: str):
    sent = [*at("2001-02-01T12:00:00Z"), *at("2001-03-01"), *at(other, value={"TMAX": 2})]
    detail = target.send(WRITERS[kind](sent), kind=kind)
    assert rows(detail) == [(0, "timestamp"), (2, "timestamp")]
    named = [row["message"].split()[1] for row in detail["details"]["rows"]]
    assert named == ["2", "0"]


def far_apart(n: int, last: str) -> str:
    """So many lines: hours at one station, and the first of them again as the last line."""
    hours = np.datetime64("1980-01-01T00", "h") + np.arange(n - 1)
    lines = [f"{hour}:00,{CANARY},{k % 90 - 30}.5" for k, hour in enumerate(hours.astype(str))]
    return "\n".join(["timestamp,station,TMAX", *lines, last, ""])


# The same instant as the first, said in another way.
AGAIN = f"1980-01-01T01:00:00+01:00,{CANARY}"


@pytest.mark.parametrize(("n", "is_empty"), [(200_000, True), (80_000, False)])
def test_in_21_rows_far_apart_in_a_large_csv(fresh: Fresh, n: int, is_empty: bool):
    """Into a span where nothing is stored, and beside what is stored."""
    dataset = fresh()
    if not is_empty:
        dataset.accepted(at("1980-02-01", value={"TMAX": 60}))
    detail = dataset.send(far_apart(n, f"{AGAIN},7"), kind=CSV)
    assert rows(detail) == [(0, "timestamp"), (n - 1, "timestamp")]
    named = [row["message"].split()[1] for row in detail["details"]["rows"]]
    assert named == [str(n - 1), "0"]


@pytest.mark.parametrize(("n", "is_empty"), [(200_000, True), (80_000, False)])
def test_in_21_equal_twins_far_apart_count_once(fresh: Fresh, n: int, is_empty: bool):
    dataset = fresh()
    if not is_empty:
        dataset.accepted(at("1980-02-01", value={"TMAX": 60}))
    found = dataset.accepted(far_apart(n, f"{AGAIN},-30.5"), kind=CSV)
    assert (found["received"], found["unchanged"]) == (n, 1)
    assert found["inserted"] + found["updated"] == n - 1
    assert dataset.get().json()["point_count"] == n - 1


@pytest.mark.parametrize("kind", WRITERS)
def test_in_21_equal_twins_count_once(fresh: Fresh, kind: str):
    twins = at("2001-02-01T12:00Z", "2001-02-01T13:00+01:00", "2001-02-01T12:00")
    dataset = fresh()
    found = dataset.accepted(WRITERS[kind](twins), kind=kind)
    assert (found["received"], found["inserted"], found["unchanged"]) == (3, 1, 2)
    assert dataset.get().json()["point_count"] == 1


def test_in_21_with_skip_both_are_left_out(fresh: Fresh):
    twice = [*at("2001-02-01"), *at("2001-03-01"), *at("2001-02-01", value={"TMAX": 2})]
    dataset = fresh()
    found = dataset.accepted(twice, "?on_invalid=skip")
    assert (found["inserted"], found["rejected"]) == (1, 2)
    assert [point["timestamp"] for point in dataset.read()] == ["2001-03-01T00:00:00Z"]


# ------------------------------------------------------------------ IN-22, IN-23


@pytest.mark.parametrize("kind", WRITERS)
def test_in_22_what_a_frozen_dataset_does_not_know(fresh: Fresh, kind: str):
    dataset = fresh(schema_mode="freeze")
    dataset.make("/stations", {"code": CANARY})
    dataset.make("/variables", {"name": "TMAX", "valid_min": -90, "valid_max": 60})
    sent = [
        *at("2001-02-01"),
        *at("2001-02-02", station=f"{CANARY}-new"),
        *at("2001-02-03", value={"TMAX": 60.5}),
        *at("2001-02-04", value={"TMAX": -90.5}),
    ]
    wrong = [(1, "station"), (2, "TMAX"), (3, "TMAX")]
    if kind != CSV:
        sent += at("2001-02-05", value={"NEW": 1})
        wrong += [(4, "NEW")]
    body = WRITERS[kind](sent)
    assert rows(dataset.send(body, kind=kind)) == wrong
    found = dataset.accepted(body, "?on_invalid=skip", kind=kind)
    assert (found["inserted"], found["rejected"]) == (1, len(wrong))
    assert [(row["row"], row["field"]) for row in found["errors"]] == wrong
    assert [one["code"] for one in dataset.get("/stations").json()["results"]] == [CANARY]
    assert [one["name"] for one in dataset.get("/variables").json()["results"]] == ["TMAX"]


def test_in_22_a_column_that_a_frozen_dataset_does_not_know(fresh: Fresh):
    dataset = fresh(schema_mode="freeze")
    dataset.make("/stations", {"code": CANARY})
    dataset.make("/variables", {"name": "TMAX"})
    detail = dataset.send(as_csv(at("2001-02-01", value={"TMAX": 1, "NEW": 2})), kind=CSV)
    assert (0, "NEW") in rows(detail)


@pytest.mark.parametrize("kind", WRITERS)
def test_in_23_one_bad_row_among_10_000(fresh: Fresh, kind: str):
    sent: list[Any] = days(10_000, "1990-01-01", station=CANARY)
    sent[4_321] = {**sent[4_321], "timestamp": "tomorrow"}
    dataset, body = fresh(), WRITERS[kind](sent)
    assert rows(dataset.send(body, kind=kind)) == [(4_321, "timestamp")]
    found = dataset.accepted(body, "?on_invalid=skip", kind=kind)
    assert (found["inserted"], found["rejected"]) == (9_999, 1)
    assert dataset.get().json()["point_count"] == 9_999


MANY = 300_000
BAD = 170_003


def test_in_23_one_bad_row_among_300_000(fresh: Fresh):
    hours = (np.datetime64("1980-01-01T00", "h") + np.arange(MANY)).astype(str)
    lines = [f"{hour}:00,{CANARY},{n % 90 - 30}.5" for n, hour in enumerate(hours)]
    lines[BAD] = f"{hours[BAD]}:00,{CANARY},{CANARY}"
    body = "\n".join(["timestamp,station,TMAX", *lines, ""])
    dataset = fresh()
    assert rows(dataset.send(body, kind=CSV)) == [(BAD, "TMAX")]
    assert dataset.get().json()["point_count"] == 0
    assert dataset.get("/stations").json()["count"] == 0
    found = dataset.accepted(body, "?on_invalid=skip", kind=CSV)
    assert (found["received"], found["inserted"], found["rejected"]) == (MANY, MANY - 1, 1)
    assert dataset.get().json()["point_count"] == MANY - 1


# ------------------------------------------------------------------ IN-47

NO_NAMES: list[Any] = ["", " ", "\t", "a\x07", "a\nb", "\u202eabc", "a\u2066b", "x" * 256]


@pytest.mark.parametrize("name", NO_NAMES)
def test_in_47_names_nobody_can_read(target: Target, name: Any):
    assert target.send(at("2001-02-01", value={name: 1}))["code"] == "VALIDATION_ERROR"
    if name:
        assert rows(target.send(at("2001-02-01", station=name))) == [(0, "station")]
        target.send({"code": name}, path="/stations")
    target.send({"name": name}, path="/variables")
    target.send({"name": name}, path=LIST)
    target.patch({"name": name})


@pytest.mark.parametrize("name", [[], {}, ["a"], {"a": 1}, 3, True])
def test_in_47_things_for_names(target: Target, name: Any):
    assert rows(target.send(at("2001-02-01", station=name))) == [(0, "station")]
    for path, field in (("/stations", "code"), ("/variables", "name"), (LIST, "name")):
        assert fields(target.send({field: name}, path=path)) == [field]


def test_millions_of_made_up_names_are_refused_at_once(target: Target):
    point = at("2001-02-01")[0]
    assert rows(target.send([{**point, **{f"x{n}": 0 for n in range(100_000)}}]))
    target.send(at("2001-02-01", value={f"x{n}": n for n in range(100_000)}))
    many = [{**point, "value": {f"x{n}": 1}} for n in range(5_000)]
    assert fields(target.send(many))


def test_thousands_of_bad_rows_are_counted_and_a_hundred_listed(target: Target):
    sent = [{"timestamp": "x", "station": "\x00", "value": {"TMAX": []}, "y": 1}] * 10_000
    detail = target.send(sent)["details"]
    assert (detail["rejected"], len(detail["rows"])) == (10_000, 100)
