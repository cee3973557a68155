"""Stations and variables of a dataset over the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from datasets.models import Dataset
from tests.datasets.reading import point, view
from tests.factories import days, write

STATION = {
    "code": "S1", "name": "Säntis", "latitude": 47.25, "longitude": 9.34, "elevation_m": 2501,
    "timezone": "Europe/Zurich",
}  # fmt: skip
VARIABLE = {
    "name": "TMAX", "standard_name": "air_temperature", "unit": "degC", "interval": "P1D",
    "cell_method": "time: maximum", "kind": "number", "missing_values": [-9999, -99.5],
    "description": "two\nlines", "valid_min": -90, "valid_max": 60,
}  # fmt: skip


@pytest.fixture
def below(dataset: Dataset) -> str:
    return f"/api/v1/datasets/{dataset.pk}"


def ids(value: Any) -> str:
    return ascii(value)[:30]


@pytest.mark.parametrize(("kind", "facts"), [("stations", STATION), ("variables", VARIABLE)])
def test_one_is_made_read_and_changed(
    api: APIClient, dataset: Dataset, below: str, kind: str, facts: dict[str, Any]
):
    answer = api.post(f"{below}/{kind}", facts, format="json")
    made = answer.json()
    assert answer.status_code == 201
    assert {name: made[name] for name in facts} == facts
    path = f"{below}/{kind}/{made['id']}"
    assert api.get(path).json() == made
    assert api.get(f"{below}/{kind}").json()["results"] == [made]
    key = next(iter(facts))
    assert api.patch(path, {key: facts[key]}, format="json").status_code == 200
    assert view(dataset).dataset.meta_version == 2


@pytest.mark.parametrize(("kind", "key"), [("stations", "code"), ("variables", "name")])
def test_a_second_one_of_the_same_name_is_a_conflict(
    api: APIClient, below: str, kind: str, key: str
):
    for code in ("a", "b"):
        made = api.post(f"{below}/{kind}", {key: code}, format="json").json()
    answer = api.post(f"{below}/{kind}", {key: "a"}, format="json")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (409, "CONFLICT")
    renamed = api.patch(f"{below}/{kind}/{made['id']}", {key: "a"}, format="json")
    assert renamed.status_code == (409 if kind == "stations" else 400)
    assert api.get(f"{below}/{kind}").json()["count"] == 2


NAMES = ["", " ", "\t", "a\x00b", "a\nb", "\u202eabc", "x" * 256, 3, None, [], {}, True]
NO_NUMBERS: list[Any] = ["x", "NaN", "inf", [], {}, ""]
WRONG: dict[str, dict[str, list[Any]]] = {
    "stations": {
        "code": NAMES[1:],
        "name": NAMES[1:],
        "latitude": [90.001, -91, *NO_NUMBERS],
        "longitude": [180.5, -181, 1e300, *NO_NUMBERS],
        "elevation_m": [1e6, -20_000, *NO_NUMBERS],
        "timezone": ["", "Nowhere", "../UTC", "UTC\x00", 3, None],
        "id": [1],
        "dataset": [1],
        "nonsense": [1],
    },
    "variables": {
        "name": [*NAMES, "id", "timestamp", "station", "metadata"],
        "standard_name": ["Air Temperature", "a-b", "é"],
        "interval": ["1D", "P", "PT", "P1X", "P1H", "PT1D", "x"],
        "kind": ["boolean", "", None, [], 1],
        "missing_values": [3, "x", ["x"], [None], [[]], {}, ["nan"]],
        "valid_min": NO_NUMBERS,
        "unit": ["a\x00", "x" * 65, 3],
        "id": [1],
        "dataset": [1],
        "nonsense": [1],
    },
}
CASES = [
    (kind, name, value)
    for kind, facts in WRONG.items()
    for name, values in facts.items()
    for value in values
]


@pytest.mark.parametrize(("kind", "name", "value"), CASES, ids=ids)
def test_in_47_what_makes_no_sense_is_refused_by_its_name(
    api: APIClient, dataset: Dataset, below: str, kind: str, name: str, value: Any
):
    facts = {**(STATION if kind == "stations" else VARIABLE), name: value}
    answer = api.post(f"{below}/{kind}", facts, format="json")
    assert answer.status_code == 400, answer.content
    assert next(iter(answer.json()["detail"]["details"])).split(".")[0] == name
    assert getattr(dataset, kind).count() == 0


def test_both_coordinates_are_given_or_none(api: APIClient, below: str):
    for facts in ({"latitude": 1}, {"longitude": 1}, {"latitude": None, "longitude": 1}):
        answer = api.post(f"{below}/stations", {"code": "a", **facts}, format="json")
        assert answer.status_code == 400
    made = api.post(f"{below}/stations", STATION, format="json").json()
    path = f"{below}/stations/{made['id']}"
    assert api.patch(path, {"latitude": None}, format="json").status_code == 400
    both = api.patch(path, {"latitude": None, "longitude": None}, format="json")
    assert both.json()["latitude"] is None
    corner = api.patch(path, {"latitude": -90, "longitude": 180}, format="json")
    assert corner.status_code == 200


def test_a_valid_range_does_not_end_before_it_starts(api: APIClient, below: str):
    made = api.post(f"{below}/variables", VARIABLE, format="json").json()
    path = f"{below}/variables/{made['id']}"
    assert api.patch(path, {"valid_min": 61}, format="json").status_code == 400
    assert api.patch(path, {"valid_min": 61, "valid_max": 62}, format="json").status_code == 200
    assert api.patch(path, {"valid_max": None}, format="json").json()["valid_max"] is None


def test_a_variable_keeps_its_name_and_kind(api: APIClient, below: str):
    made = api.post(f"{below}/variables", VARIABLE, format="json").json()
    path = f"{below}/variables/{made['id']}"
    for change in ({"name": "TMIN"}, {"kind": "text"}):
        answer = api.patch(path, change, format="json")
        assert list(answer.json()["detail"]["details"]) == list(change)
    same = {"name": "TMAX", "kind": "number", "unit": "K"}
    assert api.patch(path, same, format="json").json()["unit"] == "K"


def test_the_201st_variable_is_refused(api: APIClient, dataset: Dataset, below: str):
    write(dataset, [point({f"V{n}": 1 for n in range(200)})])
    answer = api.post(f"{below}/variables", {"name": "one more"}, format="json")
    assert answer.status_code == 400
    again = api.post(f"{below}/variables", {"name": "V1"}, format="json")
    assert again.status_code == 409


def test_a_renamed_station_keeps_its_points(api: APIClient, dataset: Dataset, below: str):
    write(dataset, days(2, station="old"))
    before = api.get(f"{below}/data").json()["results"]
    path = f"{below}/stations/{dataset.stations.get().pk}"
    assert api.patch(path, {"code": "new"}, format="json").status_code == 200
    after = api.get(f"{below}/data").json()["results"]
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert {one["station"] for one in after} == {"new"}


@pytest.mark.parametrize("kind", ["stations", "variables"])
@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9" * 25, "9" * 5000, "%00"])
def test_what_is_not_there_is_not_found(api: APIClient, below: str, kind: str, number: str):
    path = f"{below}/{kind}/{number}"
    assert api.get(path).status_code == 404
    assert api.patch(path, {"name": "x"}, format="json").status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [("search=alp", "b"), ("ordering=-code", "b a"), ("ordering=elevation_m", "b a"),
     ("page_size=1&page=2", "b"), ("search=S%C3%84NTIS", "a")],
)  # fmt: skip
def test_stations_are_searched_and_ordered(api: APIClient, below: str, query: str, expected: str):
    for code, name, elevation in (("a", "Säntis", 2501), ("b", "Alpstein", 900)):
        facts = {"code": code, "name": name, "elevation_m": elevation}
        api.post(f"{below}/stations", facts, format="json")
    listed = api.get(f"{below}/stations?{query}").json()
    assert [one["code"] for one in listed["results"]] == expected.split()
