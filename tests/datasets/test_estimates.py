"""How large a read would be, told before it is made."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import access, exports
from datasets.models import Dataset
from datasets.selectors import estimates
from datasets.selectors.points import FIELDS, Selection
from datastream.core import clock
from tests.datasets.reading import read, view
from tests.factories import days, make_dataset, write

Ask = Callable[..., Any]
FORMATS = ["json", "ndjson", "csv", "arrow", "parquet", "geojson"]


def day(text: str) -> Any:
    return clock.parse(text, "start")


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Years of days at three stations of different lengths; later some change and some go."""
    made = make_dataset(analyst, name="filled")
    made.variables.create(name="TMAX", unit="degC")
    lengths = {"A": 1500, "B": 300, "C": 900}
    write(made, [{**one, "station": code} for code, n in lengths.items() for one in days(n)])
    write(made, [{**one, "station": "A", "value": {"TMAX": 40, "PRCP": 1}} for one in days(200)])
    gone = {"TMAX": None, "TMIN": None}
    write(made, [{**one, "station": "B", "value": gone} for one in days(100)])
    made.refresh_from_db()
    return made


@pytest.fixture
def ask(db: None, filled: Dataset, api: APIClient) -> Ask:
    """`ask(format="csv")` answers 200 with the estimate of that read."""

    def get(**query: Any) -> Any:
        query = {"estimate": 1, **query}
        answer = api.get(f"/api/v1/datasets/{filled.pk}/data?{urlencode(query, doseq=True)}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return get


def sample(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> access.View:
    """The dataset, of which no more than a few points are looked at."""
    for name, value in {"COUNTED": 200, "LOOKED_AT": 400, "ROWS_A_PLACE": 100}.items():
        monkeypatch.setattr(estimates, name, value)
    return view(dataset)


# ------------------------------------------------------------------ rows


@pytest.mark.parametrize("revision", [0, 1, 2, 3])
def test_the_whole_is_known_at_every_revision_without_counting(
    db: None, filled: Dataset, revision: int
):
    found = estimates.rows(view(filled), Selection(revision))
    assert (found.number, found.is_exact) == (len(read(filled, revision)), True)


SELECTIONS = {
    "stations": {"stations": ("A", "C")},
    "a span": {"start": day("2001-03-01"), "end": day("2002-01-01")},
    "from": {"start": day("2002-02-01")},
    "until": {"end": day("2001-02-01")},
    "a variable": {"variables": ("PRCP",)},
    "all of it": {"start": day("2001-01-01"), "end": day("2100-01-01")},
    "nothing": {"start": day("2050-01-01")},
    "backwards": {"stations": ("B",), "descending": True},
}


def truth(dataset: Dataset, revision: int, given: dict[str, Any]) -> int:
    """How many points there are, from all of them."""
    start, end = given.get("start"), given.get("end")
    return sum(
        (not given.get("stations") or one["station"] in given["stations"])
        and (start is None or clock.parse(one["timestamp"], "t") >= start)
        and (end is None or clock.parse(one["timestamp"], "t") < end)
        and (not given.get("variables") or bool(set(given["variables"]) & one["value"].keys()))
        for one in read(dataset, revision)
    )


@pytest.mark.parametrize("revision", [1, 2, 3])
@pytest.mark.parametrize("name", SELECTIONS)
def test_a_part_is_counted(db: None, filled: Dataset, name: str, revision: int):
    given = SELECTIONS[name]
    found = estimates.rows(view(filled), Selection(revision, **given))
    assert (found.number, found.is_exact) == (truth(filled, revision, given), True)


@pytest.mark.parametrize("revision", [1, 2, 3])
@pytest.mark.parametrize("name", ["stations", "a span", "from"])
def test_what_is_too_much_to_count_is_estimated_from_a_few_points(
    db: None, filled: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, revision: int
):
    given = SELECTIONS[name]
    seen = sample(filled, monkeypatch)
    found = estimates.rows(seen, Selection(revision, **given))
    assert not found.is_exact
    assert found.number == pytest.approx(truth(filled, revision, given), rel=0.1)


def test_an_estimate_counts_few_points_and_stays_between_what_is_known(
    db: None, filled: Dataset, monkeypatch: pytest.MonkeyPatch
):
    seen = sample(filled, monkeypatch)
    monkeypatch.setattr(estimates, "LOOKED_AT", 2)
    for stations in (("A",), ("A", "B"), ("A", "C")):
        found = estimates.rows(seen, Selection(3, stations=stations))
        assert estimates.COUNTED <= found.number <= seen.dataset.point_count


def test_of_many_stations_some_tell_of_the_others(
    db: None, analyst: User, monkeypatch: pytest.MonkeyPatch
):
    dataset = make_dataset(analyst)
    write(dataset, [{**one, "station": f"S{n}"} for n in range(40) for one in days(30)])
    seen = sample(dataset, monkeypatch)
    monkeypatch.setattr(estimates, "STATIONS", 10)
    found = estimates.rows(seen, Selection(1, start=day("2001-01-11")))
    assert found.number == pytest.approx(40 * 20, rel=0.15)


def test_what_is_hidden_is_not_counted(db: None, filled: Dataset):
    embargoed = replace(view(filled), until=day("2001-06-01"))
    expected = truth(filled, 3, {"end": day("2001-06-01")})
    assert estimates.rows(embargoed, Selection(3)).number == expected
    beyond = replace(view(filled), until=day("2100-01-01"))
    assert estimates.rows(beyond, Selection(3)).number == filled.point_count


def test_values_that_failed_are_left_out_where_that_is_asked(db: None, analyst: User):
    dataset = make_dataset(analyst)
    failed = {"quality": {"TMAX": 4, "TMIN": 4}}
    write(dataset, [*days(5), *days(5, "2002-01-01", metadata=failed)])
    assert estimates.rows(view(dataset), Selection(1)).number == 10
    assert estimates.rows(view(dataset), Selection(1, failed=False)).number == 5


# ------------------------------------------------------------------ bytes and seconds


def made(dataset: Dataset, kind: str, given: dict[str, Any]) -> int:
    """How many bytes the read itself has."""
    selection = Selection(dataset.revision, **given)
    return sum(
        map(len, exports.stream(view(dataset), selection, kind, fields=FIELDS, conversions={}))
    )


@pytest.mark.parametrize("kind", FORMATS[1:])
def test_the_bytes_of_a_small_read_are_those_it_has(ask: Ask, filled: Dataset, kind: str):
    found = ask(format=kind, station="A", end="2001-03-01")
    given = {"stations": ("A",), "end": day("2001-03-01")}
    assert found["rows"] == 59
    # The time of writing may stand in what is written, and its digits may be more or fewer.
    assert found["bytes"] == pytest.approx(made(filled, kind, given), abs=8)


@pytest.mark.parametrize("kind", ["ndjson", "csv", "arrow", "geojson"])
def test_the_bytes_of_a_larger_read_are_near(
    ask: Ask, filled: Dataset, monkeypatch: pytest.MonkeyPatch, kind: str
):
    monkeypatch.setattr(estimates, "ROWS_A_PLACE", 150)
    found = ask(format=kind)
    assert found["rows"] == filled.point_count
    assert found["bytes"] == pytest.approx(made(filled, kind, {}), rel=0.1)


def test_parquet_becomes_smaller_than_a_few_rows_of_it_tell(
    ask: Ask, filled: Dataset, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(estimates, "ROWS_A_PLACE", 150)
    # What is alike is stored once, and in more rows more is alike.
    assert 1 < ask(format="parquet")["bytes"] / made(filled, "parquet", {}) < 4


@pytest.mark.parametrize("query", [{}, {"layout": "columns"}, {"fields": "timestamp,value"},
                                   {"variables": "TMAX", "units": "TMAX:degF"}])  # fmt: skip
def test_the_bytes_of_pages_are_those_of_their_results(
    ask: Ask, api: APIClient, filled: Dataset, query: dict[str, str]
):
    found = ask(station="B", **query)
    url = f"/api/v1/datasets/{filled.pk}/data?{urlencode({'station': 'B', **query})}"
    body = api.get(url).content
    results = body[body.index(b'"results":') + len('"results":') : -1]
    assert (found["rows"], found["bytes"], found["format"]) == (200, len(results), "json")


def test_the_time_is_taken_here_and_now(ask: Ask):
    assert 0 < ask(format="ndjson", station="A")["seconds"] < 5


# ------------------------------------------------------------------ the answer


def test_an_estimate_says_what_it_is_of(ask: Ask, filled: Dataset):
    found = ask(format="csv", revision=1)
    assert set(found) == {"rows", "exact", "bytes", "seconds", "format", "revision", "streamed"}
    assert (found["rows"], found["exact"]) == (2700, True)
    assert (found["format"], found["revision"], found["streamed"]) == ("csv", 1, True)


def test_what_becomes_a_job_and_what_comes_in_pages_is_not_streamed(ask: Ask, settings: Any):
    assert not ask()["streamed"]
    settings.EXPORT_STREAM_MAX_ROWS = 2599
    assert not ask(format="csv")["streamed"]
    settings.EXPORT_STREAM_MAX_ROWS = 2600
    assert ask(format="csv")["streamed"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("estimate=2", "estimate"), ("estimate=", "estimate"), ("estimate=1&station=X", "station"),
     ("estimate=1&variables=X", "variables"), ("estimate=1&units=TMAX:mm", "units"),
     ("estimate=1&estimate=1", "estimate"), ("estimate=1&bbox=1,2,3", "bbox")],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(
    db: None, api: APIClient, filled: Dataset, query: str, field: str
):
    answer = api.get(f"/api/v1/datasets/{filled.pk}/data?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["detail"]["details"]) == [field]


def test_who_may_not_see_a_dataset_learns_nothing_of_its_size(db: None, filled: Dataset):
    answer = APIClient().get(f"/api/v1/datasets/{filled.pk}/data?estimate=1")
    assert answer.status_code == 404


def test_l_09_the_queries_do_not_depend_on_the_rows(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(estimates, "ROWS_A_PLACE", 10)
    numbers = set()
    for end in ("2001-03-01", "2001-12-01", "2004-01-01"):
        with CaptureQueriesContext(
            connection,
        ) as made_of:
            ask(station="A", end=end)
        numbers.add(len(made_of))
    assert len(numbers) == 1
    assert numbers.pop() <= 30
