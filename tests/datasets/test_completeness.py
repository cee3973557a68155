"""How complete each year of each series is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from datasets.services import rollups
from datastream.core import clock
from tests.datasets.reading import point
from tests.factories import days, signed_in, write


def ask(api: APIClient, dataset: Dataset, **query: Any) -> Any:
    text = urlencode(query, doseq=True)
    answer = api.get(f"/api/v1/datasets/{dataset.pk}/completeness?{text}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows(api: APIClient, dataset: Dataset, **query: Any) -> list[tuple[Any, ...]]:
    """(year, expected, present, missing) of TMAX."""
    results = ask(api, dataset, variables="TMAX", **query)["results"]
    return [tuple(one[name] for name in ("year", "expected", "present", "missing"))
            for one in results]  # fmt: skip


@pytest.fixture
def gappy(dataset: Dataset) -> Dataset:
    """Two years from March on at `a` but for June 2000, of which two days failed; ten at `b`."""
    failed = {"metadata": {"quality": {"TMAX": 4}}}
    sent = [one for one in days(600, "2000-03-01") if not one["timestamp"].startswith("2000-06")]
    sent[0] |= failed
    sent[1] |= failed
    write(dataset, [{**one, "station": "a"} for one in sent])
    write(dataset, days(10, "2005-01-01", station="b"))
    return dataset


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_each_year_of_each_series_is_told(api: APIClient, gappy: Dataset, is_rolled_up: bool):
    if is_rolled_up:
        rollups.roll_up(gappy.pk)
    body = ask(api, gappy)
    assert (body["count"], body["next"], body["previous"]) == (6, None, None)
    assert body["results"][0] == {
        "station": "a", "variable": "TMAX", "year": 2000, "expected": 366, "present": 274,
        "missing": 92, "flagged": 2,
    }  # fmt: skip
    keys = [(one["station"], one["year"], one["variable"]) for one in body["results"]]
    assert keys == [
        ("a", 2000, "TMAX"), ("a", 2000, "TMIN"), ("a", 2001, "TMAX"), ("a", 2001, "TMIN"),
        ("b", 2005, "TMAX"), ("b", 2005, "TMIN"),
    ]  # fmt: skip
    assert body["results"][1]["present"] == 276


def test_pages_together_are_the_whole(api: APIClient, gappy: Dataset):
    whole = ask(api, gappy)["results"]
    for size in (1, 2, 3, 4, 5):
        body = ask(api, gappy, page_size=size)
        found = body["results"]
        while body["next"]:
            body = api.get(body["next"]).json()
            found += body["results"]
        assert found == whole
    url = f"/api/v1/datasets/{gappy.pk}/completeness?page=7&page_size=1"
    assert api.get(url).status_code == 404


def test_this_year_is_expected_until_now(
    api: APIClient, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clock, "now", lambda: datetime(2025, 3, 1, 12, tzinfo=UTC))
    write(dataset, days(61, "2024-12-30"))
    assert rows(api, dataset)[1] == (2025, 59, 59, 0)


def test_a_window_expects_what_lies_inside(api: APIClient, gappy: Dataset):
    window = {"start": "2000-05-25", "end": "2000-07-03", "station": "a"}
    assert rows(api, gappy, **window) == [(2000, 39, 9, 30)]
    # A day is inside if the time of its value is.
    window = {"start": "2000-05-25T12:00:00Z", "end": "2000-07-03T12:00:00Z", "station": "a"}
    assert rows(api, gappy, **window) == [(2000, 39, 9, 30)]


def test_years_are_those_of_the_place(api: APIClient, dataset: Dataset):
    write(dataset, days(3, "2001-01-01"))
    assert [row[0] for row in rows(api, dataset, timezone="America/Toronto")] == [2000, 2001]
    assert [row[:3] for row in rows(api, dataset, timezone="Asia/Kathmandu")] == [(2001, 365, 3)]


def test_hourly_and_monthly_values_are_expected_as_often(api: APIClient, dataset: Dataset):
    dataset.variables.create(name="H", interval="PT1H")
    dataset.variables.create(name="M", interval="P1M")
    dataset.variables.create(name="U")
    write(dataset, [point({"H": 1, "M": 1, "U": 1})])
    told = {one["variable"]: one for one in ask(api, dataset)["results"]}
    assert (told["H"]["expected"], told["M"]["expected"]) == (8760, 12)
    assert (told["U"]["expected"], told["U"]["missing"]) == (None, None)


def test_an_earlier_revision_is_counted_as_it_was(api: APIClient, dataset: Dataset):
    write(dataset, days(10))
    write(dataset, [point({"TMAX": 1}, str(clock.parse("2001-02-01", "x") + timedelta(days=n)))
                    for n in range(5)])  # fmt: skip
    rollups.roll_up(dataset.pk)
    assert [rows(api, dataset, revision=n)[0][2] for n in (1, 2)] == [10, 15]
    assert rows(api, dataset, revision=0) == []


def test_the_number_of_queries_does_not_grow(api: APIClient, dataset: Dataset):
    def count(**query: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(api, dataset, **query)
        return len(queries)

    write(dataset, days(3, station="a"))
    few = count()
    write(dataset, [{**one, "station": f"s{n}"} for n in range(30) for one in days(3)])
    assert count() == few


@pytest.mark.parametrize(
    ("query", "named"),
    [({"variables": "nothing"}, "variables"), ({"station": "q"}, "station"),
     ({"timezone": "X/Y"}, "timezone"), ({"page_size": 501}, "page_size"),
     ({"fields": "q"}, "fields"), ({"flags": "include"}, "flags"), ({"end": "x"}, "end")],
)  # fmt: skip
def test_what_cannot_be_counted_is_named(
    api: APIClient, gappy: Dataset, query: dict[str, Any], named: str
):
    answer = api.get(f"/api/v1/datasets/{gappy.pk}/completeness?{urlencode(query)}")
    assert answer.status_code == 400
    assert list(answer.json()["detail"]["details"]) == [named]


def test_a_stranger_counts_nothing(gappy: Dataset, viewer: User):
    url = f"/api/v1/datasets/{gappy.pk}/completeness"
    assert signed_in(viewer).get(url).status_code == 404
