"""IN-15 to IN-23 and IN-47: points that look like points."""

from typing import Any

import pytest

from datasets.models import Dataset, SchemaMode
from tests.datasets.reading import view
from tests.factories import days
from tests.hostile.conftest import Target
from tests.hostile.test_bodies import rows

pytestmark = pytest.mark.slow


def at(*times: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"timestamp": time, "station": "a", "value": {"TMAX": 1}, **more} for time in times]


def accepted(target: Target, points: Any, query: str = "") -> Any:
    answer = target.client.post(f"{target.url}/data{query}", points, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("sent", "answered"),
    [("2003-05-06T07:08:09", "2003-05-06T07:08:09Z"), ("2003-05-06", "2003-05-06T00:00:00Z"),
     ("2003-05-06T07:08", "2003-05-06T07:08:00Z"), ("2003-05-06 07:08z", "2003-05-06T07:08:00Z"),
     ("2003-05-06T07:08:09.25-05:00", "2003-05-06T12:08:09.25Z"),
     ("0001-01-01", "0001-01-01T00:00:00Z")],
)  # fmt: skip
def test_in_15_a_time_without_an_offset_is_utc_and_answered_with_z(
    target: Target, sent: str, answered: str
):
    accepted(target, at(sent))
    times = [one["timestamp"] for one in target.client.get(f"{target.url}/data").json()["results"]]
    assert answered in times


TIMES: dict[str, list[Any]] = {
    "in_16": [978307200, 978307200.5, "978307200", "2001-W05-3", "2001W053", "2001-031", "2001031"],
    "in_17": ["2001-02-01T12:00:60Z", "2001-02-01T24:00:00Z", "2001-02-30", "2001-02-29",
              "2001-02-01T12:00:00+25:00", "2001-02-01T12:00:00-24:00", "2001-00-01"],
    "in_18": ["2001-02-01T12:00:00.1234567Z", "2001-02-01T12:00:00.00000000000000000001Z"],
    "in_19": ["0001-01-01T00:00+00:01", "9999-12-31T23:59-00:01", "0000-01-01", "10000-01-01"],
    "in_20": ["2001-02-01\x00", "2001-02-01T12:00:00Z x", "2001-02-01T12:00:00Z\n", " 2001-02-01"],
    "in_47": [None, True, [], {}, ["2001-02-01"], {"time": "2001-02-01"}, "", "x" * 100_000],
}  # fmt: skip


@pytest.mark.parametrize(
    "time",
    [pytest.param(time, id=f"{name}-{time!a:.40}") for name in TIMES for time in TIMES[name]],
)
def test_in_16_to_in_20_what_is_no_time_is_refused(target: Target, time: Any):
    fine = at("2001-02-01", "2001-02-02")
    assert rows(target.send(at(time))) == [(0, "timestamp")]
    assert rows(target.send([fine[0], *at(time), fine[1]])) == [(1, "timestamp")]


@pytest.mark.parametrize("query", ["start", "end", "as_of"])
@pytest.mark.parametrize(
    "time", [t for name in TIMES if name != "in_47" for t in TIMES[name] if "\n" not in str(t)]
)
def test_in_16_to_in_20_hold_for_queries_too(target: Target, query: str, time: Any):
    from urllib.parse import urlencode

    detail = target.ask(f"/data?{urlencode({query: str(time)})}")
    assert list(detail["details"]) == [query]


@pytest.mark.parametrize(
    "other", ["2001-02-01T12:00:00Z", "2001-02-01T13:00:00+01:00", "2001-02-01 12:00"]
)
def test_in_21_one_point_twice_with_other_values(target: Target, other: str):
    sent = [*at("2001-02-01T12:00:00Z"), *at("2001-03-01"), *at(other, value={"TMAX": 2})]
    detail = target.send(sent)
    assert rows(detail) == [(0, "timestamp"), (2, "timestamp")]
    named = [row["message"].split()[1] for row in detail["details"]["rows"]]
    assert named == ["2", "0"]


def test_in_21_equal_twins_count_once(target: Target):
    found = accepted(target, at("2001-02-01T12:00Z", "2001-02-01T13:00+01:00", "2001-02-01T12:00"))
    assert (found["inserted"], found["unchanged"]) == (1, 2)


def test_in_22_what_a_frozen_dataset_does_not_know(target: Target):
    Dataset.objects.filter(pk=target.dataset.pk).update(schema_mode=SchemaMode.FREEZE)
    sent = [
        *at("2001-02-01"),
        *at("2001-02-02", station="new"),
        *at("2001-02-03", value={"NEW": 1}),
        *at("2001-02-04", value={"TMAX": 60.5}),
    ]
    wrong = [(1, "station"), (2, "NEW"), (3, "TMAX")]
    assert rows(target.send(sent)) == wrong
    found = accepted(target, sent, "?on_invalid=skip")
    assert (found["inserted"], found["rejected"]) == (1, 3)
    assert [(row["row"], row["field"]) for row in found["errors"]] == wrong


def test_in_23_one_bad_row_among_10_000(target: Target):
    sent: list[Any] = days(10_000, "1990-01-01", station="many")
    sent[4_321] = {**sent[4_321], "timestamp": "tomorrow"}
    assert rows(target.send(sent)) == [(4_321, "timestamp")]
    found = accepted(target, sent, "?on_invalid=skip")
    assert (found["inserted"], found["rejected"]) == (9_999, 1)
    assert view(target.dataset).dataset.point_count == 10_001


NO_NAMES: list[Any] = ["", " ", "\t", "a\x07", "a\nb", "\u202eabc", "a\u2066b", "x" * 256]


@pytest.mark.parametrize("name", NO_NAMES)
def test_in_47_names_nobody_can_read(target: Target, name: Any):
    assert target.send(at("2001-02-01", value={name: 1}))["code"] == "VALIDATION_ERROR"
    if name:
        assert rows(target.send(at("2001-02-01", station=name))) == [(0, "station")]
        target.send({"code": name}, path="/stations")
    target.send({"name": name}, path="/variables")
    target.send({"name": name}, path="/api/v1/datasets")
    target.patch({"name": name})


@pytest.mark.parametrize("name", [[], {}, ["a"], {"a": 1}, 3, True])
def test_in_47_things_for_names(target: Target, name: Any):
    assert rows(target.send(at("2001-02-01", station=name))) == [(0, "station")]
    for path, field in (
        ("/stations", "code"),
        ("/variables", "name"),
        ("/api/v1/datasets", "name"),
    ):
        assert list(target.send({field: name}, path=path)["details"]) == [field]


def test_millions_of_made_up_names_are_refused_at_once(target: Target):
    point = at("2001-02-01")[0]
    assert rows(target.send([{**point, **{f"x{n}": 0 for n in range(100_000)}}]))
    target.send(at("2001-02-01", value={f"x{n}": n for n in range(100_000)}))
    many = [{**point, "value": {f"x{n}": 1}} for n in range(5_000)]
    assert list(target.send(many)["details"])


def test_thousands_of_bad_rows_are_counted_and_a_hundred_listed(target: Target):
    sent = [{"timestamp": "x", "station": "\x00", "value": {"TMAX": []}, "y": 1}] * 10_000
    detail = target.send(sent)["details"]
    assert (detail["rejected"], len(detail["rows"])) == (10_000, 100)
