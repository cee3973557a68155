"""Where exactly stations are is for those who edit a dataset with a coordinate step."""

import math
import random
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from datasets import places, services
from datasets.access import Right, View
from datasets.models import Dataset, Station
from datasets.selectors import catalogue
from tests.datasets.embargoed import API, told
from tests.datasets.reading import view
from tests.factories import make_dataset, make_user, write

# Code → where it is, and where it is said to be at steps of 0.1 and 1.
PLACES: dict[str, tuple[Any, Any, Any]] = {
    "harbour": ((47.449, -122.309), (47.4, -122.3), (47.0, -122.0)),
    "hill": ((47.351, -122.349), (47.4, -122.3), (47.0, -122.0)),
    "tenths": ((0.31, 0.29), (0.3, 0.3), (0.0, 0.0)),
    "ends": ((89.96, -179.97), (90.0, -180.0), (90.0, -180.0)),
    "even": ((0.5, 1.5), (0.5, 1.5), (0.0, 2.0)),
    "nowhere": ((None, None), (None, None), (None, None)),
}
STEPS = [0.1, 1.0]


@pytest.fixture(autouse=True)
def _undone(db: None) -> None:
    """What a test makes goes with it."""


@pytest.fixture
def generalised(analyst: User) -> Dataset:
    return filled(analyst, 0.1)


def filled(owner: User, step: float | None, **facts: Any) -> Dataset:
    dataset = make_dataset(
        owner, name="River", visibility="public", coordinate_step_deg=step, **facts
    )
    for code, ((latitude, longitude), *_) in PLACES.items():
        place = {"latitude": latitude, "longitude": longitude, "elevation_m": 5.0}
        Station.objects.create(dataset=dataset, code=code, **place)
    day = "2001-01-01T00:00:00Z"
    write(dataset, [{"timestamp": day, "station": code, "value": {"T": 1}} for code in PLACES])
    return dataset


def client(user: User | None = None) -> APIClient:
    found = APIClient()
    found.force_authenticate(user)
    return found


def listed(caller: APIClient, dataset: Dataset, query: str = "") -> dict[str, Any]:
    page = caller.get(f"{API}/datasets/{dataset.pk}/stations?{query}").json()
    return {one["code"]: (one["latitude"], one["longitude"]) for one in page["results"]}


def editor(dataset: Dataset, right: str = "edit", role: str = "analyst") -> APIClient:
    user = make_user(role)
    services.share(view(dataset), right, user=user)
    return client(user)


@pytest.mark.parametrize("step", STEPS)
def test_those_without_edit_see_rounded_coordinates_in_lists_and_alone(analyst: User, step: float):
    dataset = filled(analyst, step)
    expected = {code: where[1 + STEPS.index(step)] for code, where in PLACES.items()}
    narrow = [client(), client(make_user("viewer")), editor(dataset, "view")]
    narrow.append(editor(dataset, "edit", "viewer"))
    for caller in narrow:
        assert listed(caller, dataset) == expected
        for station in dataset.stations.all():
            one = caller.get(f"{API}/datasets/{dataset.pk}/stations/{station.pk}").json()
            assert (one["latitude"], one["longitude"]) == expected[station.code]


def test_those_with_edit_see_where_stations_are(generalised: Dataset, admin: User):
    exact = {code: where[0] for code, where in PLACES.items()}
    wide = [client(generalised.owner), client(admin), client(make_user("steward"))]
    for caller in [*wide, editor(generalised), editor(generalised, "manage")]:
        assert listed(caller, generalised) == exact


def test_without_a_step_everybody_does(analyst: User):
    exact = {code: where[0] for code, where in PLACES.items()}
    assert listed(client(), filled(analyst, None)) == exact


@pytest.mark.parametrize("path", ["/stations?format=geojson", "/data?format=geojson"])
def test_geojson_tells_the_same(generalised: Dataset, path: str):
    for caller, number in ((client(), 1), (editor(generalised), 0)):
        _, found = told(caller, generalised, path)
        for feature in found["features"]:
            facts = feature["properties"]
            latitude, longitude = PLACES[facts.get("code") or facts["station"]][number]
            where = feature["geometry"] and feature["geometry"]["coordinates"]
            assert where == (None if latitude is None else [longitude, latitude, 5.0])


def test_a_05_order_does_not_tell_more_than_the_coordinates(generalised: Dataset):
    # "hill" lies south of "harbour", but not as far as a viewer may know.
    for name, codes in (("latitude", ["harbour", "hill"]), ("-longitude", ["harbour", "hill"])):
        query = f"ordering={name}&search=h"
        shown = [code for code in listed(client(), generalised, query) if code in codes]
        assert shown == codes
    exact = list(listed(editor(generalised), generalised, "ordering=latitude"))
    assert exact.index("hill") < exact.index("harbour")


BOXES = [
    # About "harbour" and "hill" alone, by what is shown and by what is true.
    ("-122.3,47.4,-122.3,47.4", ["harbour", "hill"], []),
    ("-122.31,47.44,-122.305,47.45", [], ["harbour"]),
    ("-122.4,47.3,-122.32,47.36", [], ["hill"]),
    ("0.3,0.3,0.3,0.3", ["tenths"], []),
    ("180,89,-180,90", ["ends"], []),
    ("170,89,-179.99,90", ["ends"], []),
    ("170,89,-179.9,89.99", [], ["ends"]),
]


@pytest.mark.parametrize(("box", "shown", "true"), BOXES)
def test_a_05_a_box_is_looked_for_by_the_coordinates_that_are_shown(
    generalised: Dataset, box: str, shown: list[str], true: list[str]
):
    for caller, codes in ((client(), shown), (editor(generalised), true)):
        page = caller.get(f"{API}/datasets/{generalised.pk}/data?bbox={box}").json()
        assert [one["station"] for one in page["results"]] == codes
        found = caller.get(f"{API}/datasets?search=River&bbox={box}").json()
        assert found["count"] == bool(codes)


def test_a_05_datasets_are_found_each_by_its_own_step(analyst: User):
    for step in (None, *STEPS):
        filled(analyst, step, tags=["found"])
    whole = client().get(f"{API}/datasets?tag=found&bbox=-122,47,-122,47").json()["results"]
    assert [one["coordinate_step_deg"] for one in whole] == [1.0]
    near = client().get(f"{API}/datasets?tag=found&bbox=-122.4,47.3,-122.2,47.5").json()["results"]
    assert {one["coordinate_step_deg"] for one in near} == {None, 0.1}
    own = client(analyst).get(f"{API}/datasets?tag=found&bbox=-122.4,47.3,-122.2,47.5").json()
    assert own["count"] == 3


def test_the_tag_of_exact_coordinates_is_not_that_of_rounded_ones(generalised: Dataset):
    station = generalised.stations.first()
    path = f"{API}/datasets/{generalised.pk}/stations/{station.pk}"  # type: ignore[union-attr]
    caller = editor(generalised)
    exact = caller.get(path)["ETag"]
    assert client().get(path, headers={"If-None-Match": exact}).status_code == 200
    rounded = client().get(path)["ETag"]
    # Moved within the step: what a viewer may know is as it was.
    moved = caller.patch(path, {"latitude": 47.441}, format="json", headers={"If-Match": exact})
    assert (moved.status_code, moved.json()["latitude"]) == (200, 47.441)
    assert client().get(path, headers={"If-None-Match": rounded}).status_code == 304


def test_the_database_rounds_as_the_platform_does(analyst: User):
    dataset, chance = make_dataset(analyst), random.Random(4)
    where = [(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(300)]
    # Halves, and what is next to them.
    for half in (0.05, 0.15, 0.25, 0.35, 0.5, 1.5, 2.5, 89.5, 89.95):
        near = (math.nextafter(half, 0), half, math.nextafter(half, 99))
        where += [(sign * one, -sign * one) for one in near for sign in (1, -1)]
    Station.objects.bulk_create(
        Station(dataset=dataset, code=str(n), latitude=one[0], longitude=one[1])
        for n, one in enumerate(where)
    )
    for step in STEPS:
        seen = View(dataset, Right.VIEW, coordinate_step_deg=step)
        for station in catalogue.stations(seen):
            assert station.latitude is not None
            assert station.longitude is not None
            expected = [
                places.shown(seen, station.latitude, 90),
                places.shown(seen, station.longitude, 180),
            ]
            found: Any = station
            assert [found.seen_latitude, found.seen_longitude] == expected
