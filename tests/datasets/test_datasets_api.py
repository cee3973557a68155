"""The life of datasets, stations, variables and revisions over the API."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import DataPoint, Dataset, PointVersion, RevisionExtent, Station
from tests.datasets.reading import point, view
from tests.factories import days, make_dataset, write

ALL = "/api/v1/datasets"
CONTROL = ["a\x00b", "a\x07", "a\nb", "\u202eabc", "a\u2066b", " ", "\t", ""]
NO_TEXT: list[Any] = [3, True, None, [], {}, ["a"], {"a": 1}]


def ids(value: Any) -> str:
    return ascii(value)[:30]


# ------------------------------------------------------------------ datasets


def test_a_new_dataset_is_private_and_belongs_to_its_maker(db: None, api: APIClient, analyst: User):
    answer = api.post(ALL, {"name": "My river"}, format="json")
    made = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"{ALL}/{made['id']}"
    assert api.get(answer["Location"]).json() == made
    assert {name: made[name] for name in ("source", "visibility", "schema_mode", "revision")} == {
        "source": "upload",
        "visibility": "private",
        "schema_mode": "evolve",
        "revision": 0,
    }
    assert made["owner"] == {"id": str(analyst.pk), "username": analyst.username}
    assert made["permissions"] == ["view", "edit", "manage"]
    assert (made["start"], made["end"], made["point_count"], made["station_count"]) == (
        None, None, 0, 0,
    )  # fmt: skip


FACTS: dict[str, Any] = {
    "name": "N", "source": "my-source", "description": "two\nlines", "visibility": "internal",
    "schema_mode": "freeze", "license": "CC BY 4.0", "citation": "X", "tags": ["a", "b"],
    "embargo_days": 30, "coordinate_step_deg": 0.1,
}  # fmt: skip


def test_every_fact_can_be_set_and_changed(db: None, api: APIClient):
    made = api.post(ALL, FACTS, format="json").json()
    assert {name: made[name] for name in FACTS} == FACTS
    path = f"{ALL}/{made['id']}"
    changes: dict[str, Any] = {
        "name": "M", "source": "other", "description": "", "visibility": "public",
        "schema_mode": "evolve", "license": "", "citation": "", "tags": [],
        "embargo_days": None, "coordinate_step_deg": 1.0,
    }  # fmt: skip
    for name, value in changes.items():
        assert api.patch(path, {name: value}, format="json").json()[name] == value
    assert {name: api.get(path).json()[name] for name in changes} == changes


@pytest.mark.parametrize(
    "name", ["id", "owner", "point_count", "station_count", "start", "end", "revision",
             "permissions", "created_at", "updated_at", "meta_version", "workspace", "seen",
             "nonsense"],
)  # fmt: skip
def test_a_07_what_may_only_be_read_is_refused_by_its_name(
    api: APIClient, dataset: Dataset, name: str
):
    for answer in (
        api.post(ALL, {"name": "x", name: 1}, format="json"),
        api.patch(f"{ALL}/{dataset.pk}", {name: 1}, format="json"),
    ):
        assert answer.status_code == 400
        assert list(answer.json()["detail"]["details"]) == [name]
    assert not Dataset.objects.filter(name="x").exists()


@pytest.mark.parametrize("source", ["sample", "noaa", "nasa", "globe", "climatedata_ca"])
def test_the_name_of_a_provider_is_no_source_of_a_client(
    api: APIClient, dataset: Dataset, source: str
):
    assert api.post(ALL, {"name": "x", "source": source}, format="json").status_code == 400
    path = f"{ALL}/{dataset.pk}"
    assert api.patch(path, {"source": source}, format="json").status_code == 400
    Dataset.objects.update(source=source)
    assert api.patch(path, {"source": source, "name": "y"}, format="json").status_code == 200


WRONG: dict[str, list[Any]] = {
    "name": [*CONTROL, *NO_TEXT, "x" * 256],
    "source": ["a b", "é", "", "x" * 51, "../x", None, []],
    "license": ["a\x00b", "a\nb", "x" * 256, 3],
    "description": ["a\x00b", "\u202ea", "x" * 20_001, []],
    "visibility": ["secret", "", None, [], {}, 1, True],
    "schema_mode": ["liquid", None, ["evolve"]],
    "embargo_days": [0, -1, 3651, 1.5, True, "x", "", [], {}, 2**31],
    "coordinate_step_deg": [0, -1, 0.5, 10, True, "1", "", "x", [], {}, 2**31],
    "tags": ["a", {"a": 1}, [""], [" "], [3], ["a\x00"], ["x" * 51], [["a"]]],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]], ids=ids
)
def test_in_47_a_fact_that_makes_no_sense_is_refused_by_its_name(
    api: APIClient, dataset: Dataset, name: str, value: Any
):
    answer = api.patch(f"{ALL}/{dataset.pk}", {name: value}, format="json")
    assert answer.status_code == 400, answer.content
    assert next(iter(answer.json()["detail"]["details"])).split(".")[0] == name
    assert api.post(ALL, {"name": "x", name: value}, format="json").status_code == 400
    assert view(dataset).dataset.meta_version == 0


@pytest.mark.parametrize("body", ["[]", '"x"', "3", "null", '[{"name": "x"}]'])
def test_a_body_is_one_object(api: APIClient, dataset: Dataset, body: str):
    for ask, path in ((api.post, ALL), (api.patch, f"{ALL}/{dataset.pk}")):
        answer = ask(path, body, content_type="application/json")
        assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_name_is_kept_as_it_was_sent(db: None, api: APIClient):
    for name in ("<script>alert(1)</script>", "{{7*7}}", "'; DROP TABLE datasets; --", "漢字 🌧 é"):
        assert api.post(ALL, {"name": name}, format="json").json()["name"] == name


def test_a_dataset_that_is_deleted_is_gone_with_all_it_had(
    api: APIClient, dataset: Dataset, django_capture_on_commit_callbacks: Any
):
    write(dataset, days(3))
    write(dataset, [point({"TMAX": 5})])
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{ALL}/{dataset.pk}").status_code == 204
    assert api.get(f"{ALL}/{dataset.pk}").status_code == 404
    for model in (DataPoint, PointVersion, RevisionExtent, Station):
        assert not model._default_manager.filter(dataset_id=dataset.pk).exists()


def test_only_what_is_there_can_be_done(api: APIClient, dataset: Dataset):
    for method, path in (
        ("put", f"{ALL}/{dataset.pk}"),
        ("post", f"{ALL}/{dataset.pk}"),
        ("delete", ALL),
        ("delete", f"{ALL}/{dataset.pk}/stations/1"),
        ("patch", f"{ALL}/{dataset.pk}/revisions/1"),
    ):
        answer = getattr(api, method)(path)
        assert (answer.status_code, answer.json()["detail"]["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert method.upper() not in answer["Allow"]
    sly = api.post(f"{ALL}/{dataset.pk}", headers={"X-HTTP-Method-Override": "DELETE"})
    assert sly.status_code == 405


# ------------------------------------------------------------------ tags


def test_a_stale_change_is_refused_and_changes_nothing(api: APIClient, dataset: Dataset):
    path = f"{ALL}/{dataset.pk}"
    first = api.get(path)["ETag"]
    second = api.patch(path, {"name": "two"}, format="json", headers={"If-Match": first})["ETag"]
    assert second != first
    for ask in (lambda **more: api.patch(path, {"name": "three"}, format="json", **more),
                lambda **more: api.delete(path, **more)):  # fmt: skip
        stale = ask(headers={"If-Match": first})
        assert (stale.status_code, stale.json()["detail"]["code"]) == (412, "PRECONDITION_FAILED")
    assert api.get(path).json()["name"] == "two"
    weak = {"If-Match": f'"other", W/{second}'}
    assert api.patch(path, {"name": "four"}, format="json", headers=weak).status_code == 200
    any_state = {"If-Match": "*"}
    assert api.delete(path, headers=any_state).status_code == 204


def test_new_points_change_the_tag_of_the_dataset(api: APIClient, dataset: Dataset):
    path = f"{ALL}/{dataset.pk}"
    tag = api.get(path)["ETag"]
    assert api.get(path, headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    write(dataset, days(1))
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_tag_got_with_fields_is_good_for_a_change(api: APIClient, dataset: Dataset):
    path = f"{ALL}/{dataset.pk}"
    part = api.get(f"{path}?fields=name")
    assert part.json() == {"name": dataset.name}
    assert part["ETag"] != api.get(path)["ETag"]
    headers = {"If-Match": part["ETag"]}
    assert api.patch(path, {"name": "new"}, format="json", headers=headers).status_code == 200


def test_stations_and_variables_have_tags_too(api: APIClient, dataset: Dataset):
    write(dataset, days(1))
    for kind, change in (("stations", {"name": "x"}), ("variables", {"unit": "degC"})):
        row = api.get(f"{ALL}/{dataset.pk}/{kind}").json()["results"][0]
        path = f"{ALL}/{dataset.pk}/{kind}/{row['id']}"
        stale = {"If-Match": api.get(path)["ETag"]}
        assert api.patch(path, change, format="json", headers=stale).status_code == 200
        assert api.patch(path, change, format="json", headers=stale).status_code == 412


# ------------------------------------------------------------------ lists


@pytest.fixture(scope="module")
def shelf(analyst: User) -> dict[str, Dataset]:
    """Three datasets that differ in all that can be asked."""
    made = {
        "river": make_dataset(analyst, name="River stage", source="gauge", tags=["water", "daily"]),
        "peak": make_dataset(analyst, name="Peak", description="Snow and ice", visibility="public"),
        "empty": make_dataset(analyst, name="Empty", tags=["water"], visibility="internal"),
    }
    made["river"].stations.create(code="r", latitude=45, longitude=179)
    made["peak"].stations.create(code="p", latitude=-45, longitude=-179)
    write(made["river"], days(3, "1990-01-01", station="r"))
    write(made["peak"], [point({"SNOW": 1}, "2020-06-01", station="p")])
    return made


@pytest.fixture
def found(db: None, api: APIClient, shelf: dict[str, Dataset]) -> Callable[[str], list[str]]:
    """Which of the shelf a query finds, in its order."""
    names = {str(dataset.pk): name for name, dataset in shelf.items()}

    def ask(query: str) -> list[str]:
        answer = api.get(f"{ALL}?{query}")
        assert answer.status_code == 200, answer.content
        return [names[one["id"]] for one in answer.json()["results"] if one["id"] in names]

    return ask


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "empty peak river"), ("source=gauge", "river"), ("tag=water", "empty river"),
        ("tag=wat", ""), ("visibility=public", "peak"), ("visibility=private", "river"),
        ("variable=SNOW", "peak"), ("variable=snow", ""), ("start=2000-01-01", "peak"),
        ("end=2000-01-01", "river"), ("start=1990-01-03&end=1990-01-04", "river"),
        ("start=1990-01-04&end=2020-06-01", ""), ("start=1980-01-01&end=2030-01-01", "peak river"),
        ("end=1990-01-01", ""), ("search=snow+ICE", "peak"), ("search=river", "river"),
        ("search=snow+river", ""), ("search=gauge", "river"), ("search=%25", ""), ("search=_", ""),
        ("bbox=170,40,180,50", "river"), ("bbox=-180,-90,180,90", "peak river"),
        ("bbox=170,-90,-170,90", "peak river"), ("bbox=-10,-10,10,10", ""),
        ("bbox=179,45,179,45", "river"), ("created_after=2001-01-01", "empty peak river"),
        ("created_before=2001-01-01", ""), ("created_after=2999-01-01", ""),
        ("ordering=name", "empty peak river"), ("ordering=-name", "river peak empty"),
        ("ordering=point_count,name", "empty peak river"), ("ordering=-start", "empty peak river"),
        ("ordering=end&source=gauge", "river"), ("tag=water&visibility=internal", "empty"),
    ],
)  # fmt: skip
def test_lists_are_filtered_searched_and_ordered(
    found: Callable[[str], list[str]], query: str, expected: str
):
    assert found(query) == expected.split()


def test_the_owner_is_a_filter(found: Callable[[str], list[str]], analyst: User):
    assert len(found(f"owner={analyst.pk}")) == 3
    assert found(f"owner={uuid4()}") == []


def test_stations_without_a_code_are_not_counted(db: None, api: APIClient, dataset: Dataset):
    write(dataset, [*days(1), *days(1, station="a"), *days(1, station="b")])
    path = f"{ALL}/{dataset.pk}"
    assert api.get(path).json()["station_count"] == 2


def test_fields_choose_what_is_told(db: None, api: APIClient, shelf: dict[str, Dataset]):
    listed = api.get(f"{ALL}?fields=name,revision&ordering=name").json()
    assert listed["results"][0] == {"name": "Empty", "revision": 0}


def test_pages_follow_each_other_and_end(db: None, api: APIClient, shelf: dict[str, Dataset]):
    first = api.get(f"{ALL}?page_size=2&ordering=name").json()
    assert (first["count"], first["previous"], len(first["results"])) == (3, None, 2)
    second = api.get(first["next"]).json()
    assert (second["next"], [one["name"] for one in second["results"]]) == (None, ["River stage"])
    assert api.get(second["previous"]).json() == first
    assert api.get(f"{ALL}?page_size=2&page=3").status_code == 404


UNKNOWN = [
    "nonsense=1",
    "name=x",
    "owner__password__startswith=a",
    "owner__username=a",
    "id=1",
    "name__regex=a",
    "variables__name=a",
    "ordering=owner",
    "ordering=owner__password",
    "ordering=",
    "ordering=-",
    "ordering=--name",
    "ordering=name,",
    "ordering=id",
    "ordering=pk",
    "ordering=%3F",
    "ordering=na%00me",
    "ordering=right",
    "fields=owner__password",
    "fields=right",
    "fields=",
    "fields=name,",
    "fields=meta_version",
    "page=0",
    "page=-1",
    "page=1.5",
    "page=NaN",
    "page=x",
    "page=",
    "page=1000000000000000000000000000000",
    "page_size=0",
    "page_size=501",
    "page_size=9999999999999999999999999999999",
    "visibility=secret",
    "owner=x",
    "start=x",
    "end=2001-02-30",
    "created_after=x",
    "created_before=2001-W01",
    "bbox=1,2,3",
    "bbox=1,2,3,nan",
    "bbox=0,0,0,91",
    "bbox=0,10,0,5",
    "bbox=-181,0,0,0",
    "bbox=x",
    "bbox=1_0,0,0,0",
    "bbox=٣,0,9,9",
    "bbox=0,0,0,0,0",
    "bbox=inf,0,0,0",
    "search=a%00b",
    "tag=a&tag=b",
    "page=1&page=2",
    "format=xml",
    "cursor=x",
    "limit=3",
    "access_token=x",
]


@pytest.mark.parametrize("query", UNKNOWN, ids=ids)
def test_what_a_list_cannot_be_asked_is_refused_by_its_name(db: None, api: APIClient, query: str):
    answer = api.get(f"{ALL}?{query}")
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["detail"]["details"]) == [query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize(
    "path", ["", "/{id}", "/{id}/stations", "/{id}/variables", "/{id}/revisions"]
)
def test_an_unknown_parameter_is_refused_everywhere(api: APIClient, dataset: Dataset, path: str):
    answer = api.get(f"{ALL}{path.format(id=dataset.pk)}?nonsense=1")
    assert list(answer.json()["detail"]["details"]) == ["nonsense"]
    patched = api.patch(f"{ALL}/{dataset.pk}?nonsense=1", {"name": "x"}, format="json")
    assert patched.status_code == 400


def queries(api: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert api.get(path).status_code == 200
    return len(captured)


def test_lists_take_the_same_number_of_queries_however_long(
    api: APIClient, analyst: User, db: None
):
    few: dict[str, int] = {}
    dataset = make_dataset(analyst)
    for total in (2, 20):
        for n in range(total - (2 if few else 0)):
            make_dataset(analyst, visibility="public")
            write(dataset, [point({f"V{total}-{n}": 1}, station=f"s{total}-{n}")])
        for path in ("", f"/{dataset.pk}/stations", f"/{dataset.pk}/variables",
                     f"/{dataset.pk}/revisions", f"/{dataset.pk}"):  # fmt: skip
            assert few.setdefault(path, queries(api, ALL + path)) == queries(api, ALL + path)
    assert max(few.values()) <= 7, few
