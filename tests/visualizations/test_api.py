"""Pictures over HTTP: saved, changed, looked at, and hidden with their data."""

import csv
import io
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import access
from datasets.models import Dataset
from datasets.services import share
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, make_user, write
from visualizations import services
from visualizations.models import Visualization
from visualizations.registry import kinds

API = "/api/v1"
PICTURES = f"{API}/visualizations"


@pytest.fixture
def filled(analyst: User) -> Dataset:
    dataset = make_dataset(analyst, visibility="public", name="Source <b>")
    write(dataset, days(40, station="A"))
    return dataset


def body(filled: Dataset, **changed: Any) -> dict[str, Any]:
    given = {"title": "Maxima", "kind": "line", "dataset": str(filled.pk),
             "options": {"variables": ["TMAX"]}}  # fmt: skip
    return {k: v for k, v in {**given, **changed}.items() if v is not None}


def save(dataset: Dataset, user: User | None = None, **changed: Any) -> Visualization:
    data = {**body(dataset), "dataset": dataset.pk, "visibility": "public", **changed}
    return services.create_visualization(user or dataset.owner, data)


def test_a_picture_is_made_private_with_its_place(filled: Dataset, api: APIClient) -> None:
    answer = api.post(PICTURES, body(filled), format="json")
    assert answer.status_code == 201
    assert answer.json()["visibility"] == "private"
    assert answer.json()["owner"]["id"] == str(filled.owner_id)
    assert answer["Location"] == f"{PICTURES}/{answer.json()['id']}"
    assert api.get(answer["Location"]).json() == answer.json()


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("viewer", 403), ("analyst", 201), ("steward", 201)]
)
def test_who_may_save_a_picture(
    filled: Dataset, client_of: ClientOf, who: str | None, status: int
) -> None:
    client = client_of(make_user(who) if who else None)
    assert client.post(PICTURES, body(filled), format="json").status_code == status


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": {"text": "x"}}, "title"),
        ({"title": None}, "title"),
        ({"kind": "pie"}, "kind"),
        ({"kind": ["line"]}, "kind"),
        ({"dataset": "x"}, "dataset"),
        ({"dataset": None}, "dataset"),
        ({"analysis": "7a5fe989-ad62-4244-875d-3dcd5d2215f5"}, "dataset"),
        ({"series": [{"dataset": "x", "variable": "TMAX"}], "dataset": None}, "series.0.dataset"),
        ({"series": [3], "dataset": None}, "series.0"),
        ({"options": {"variables": ["TMAX"], "mark": "image"}}, "mark"),
        ({"options": "x"}, "options"),
        ({"visibility": "secret"}, "visibility"),
        ({"owner": "7a5fe989-ad62-4244-875d-3dcd5d2215f5"}, "owner"),
        ({"spec": {}}, "spec"),
        ({"alt": "a\x00b"}, "alt"),
        ({"alt": "x" * 2001}, "alt"),
        ({"alt": 5}, "alt"),
    ],
    ids=str,
)
def test_a_wrong_picture_is_400_naming_the_field(
    filled: Dataset, api: APIClient, changed: dict[str, Any], named: str
) -> None:
    answer = api.post(PICTURES, body(filled, **changed), format="json")
    assert answer.status_code == 400, answer.content
    found = answer.json()["detail"]["details"]
    assert any(name == named or name.startswith(f"{named}.") for name in found), found
    assert Visualization.objects.count() == 0


def test_a_04_a_dataset_in_the_body_that_is_not_seen_is_like_an_unknown_one(
    filled: Dataset, client_of: ClientOf
) -> None:
    Dataset.objects.filter(pk=filled.pk).update(visibility="private")
    client = client_of(make_user("analyst"))
    answers = [
        client.post(PICTURES, body(filled, **given), format="json")
        for key in (str(filled.pk), str(uuid.uuid4()))
        for given in (
            {"dataset": key},
            {"dataset": None, "options": None, "series": [{"dataset": key, "variable": "TMAX"}]},
        )
    ]
    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    ("who", "status"),
    [("nobody", 401), ("viewer", 403), ("analyst", 403), ("steward", 403), ("owner", 200),
     ("author", 200), ("manager", 200), ("editor", 403), ("admin", 200)],
)  # fmt: skip
def test_only_its_author_and_who_manages_the_data_change_and_delete_it(
    filled: Dataset, client_of: ClientOf, who: str, status: int
) -> None:
    author = make_user("analyst")
    picture = save(filled, author)
    people = {"nobody": None, "author": author, "owner": filled.owner}
    role = who if who in {"viewer", "analyst", "steward", "admin"} else "analyst"
    person = people[who] if who in people else make_user(role)
    if who in {"manager", "editor"}:
        right = "manage" if who == "manager" else "edit"
        share(access.view(filled.owner, filled.pk), right, user=person)
    client = client_of(person)
    path = f"{PICTURES}/{picture.pk}"
    assert client.patch(path, {"title": "Other"}, format="json").status_code == status
    assert client.delete(path).status_code == (204 if status == 200 else status)
    assert Visualization.objects.filter(pk=picture.pk).exists() == (status != 200)


def test_a_private_picture_is_seen_by_its_author_and_admins_only(
    filled: Dataset, api: APIClient, admin: User, client_of: ClientOf
) -> None:
    path = f"{PICTURES}/{save(filled, visibility='private').pk}"
    seen = [c.get(path).status_code for c in (api, client_of(admin))]
    hidden = [c.get(path).status_code for c in (client_of(None), client_of(make_user("steward")))]
    assert (seen, hidden) == ([200, 200], [404, 404])


@pytest.mark.parametrize("part", ["", "/spec", "/image", "/image?format=json", "/embed", "/data"])
def test_every_face_of_a_picture_is_hidden_with_its_dataset(
    filled: Dataset, viewer: User, client_of: ClientOf, part: str
) -> None:
    path = f"{PICTURES}/{save(filled).pk}{part}"
    Dataset.objects.filter(pk=filled.pk).update(visibility="private")
    for client in (client_of(None), client_of(viewer)):
        hidden = client.get(path)
        unknown = client.get(f"{PICTURES}/{uuid.uuid4()}{part}")
        assert (hidden.status_code, hidden.content) == (404, unknown.content)
        assert client.get(PICTURES).json()["count"] == 0


def test_the_authors_own_picture_is_hidden_from_the_author_too(
    filled: Dataset, client_of: ClientOf
) -> None:
    author = make_user("analyst")
    path = f"{PICTURES}/{save(filled, author).pk}"
    client = client_of(author)
    assert client.get(path).status_code == 200
    Dataset.objects.filter(pk=filled.pk).update(visibility="private")
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


# ------------------------------------------------------------------ drawn


@pytest.mark.slow
def test_one_picture_as_png_and_svg_with_a_tag(filled: Dataset, client_of: ClientOf) -> None:
    title = "<script>alert(1)</script>]]>"
    path = f"{PICTURES}/{save(filled, title=title).pk}/image"
    client = client_of(None)
    size = {"width": "300", "height": "200"}
    png = client.get(path, size)
    assert png["Content-Type"] == "image/png"
    assert png.content.startswith(b"\x89PNG\r\n\x1a\n")
    # Its header tells its size: https://www.w3.org/TR/png-3/#11IHDR
    sides = [int.from_bytes(png.content[at : at + 4]) for at in (16, 20)]
    assert sides == [300, 200]
    again = client.get(path, size, HTTP_IF_NONE_MATCH=png["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    svg = client.get(path, {"format": "svg", **size})
    assert svg["ETag"] != png["ETag"]
    assert b"<svg" in svg.content
    # IN-55: nothing in it runs.
    assert b"<script" not in svg.content
    assert b"&lt;script&gt;" in svg.content


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"width": "100000"}, "width"), ({"width": "1e3"}, "width"), ({"height": "-1"}, "height"),
        ({"scale": "100"}, "scale"), ({"scale": "nan"}, "scale"), ({"scale": "inf"}, "scale"),
        ({"width": ""}, "width"), ({"width": "9" * 30}, "width"), ({"width": "9" * 5000}, "width"),
        ({"background": "red;}"}, "background"), ({"theme": "red;}"}, "theme"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_in_57_a_size_that_cannot_be_is_400_naming_it(
    filled: Dataset, client_of: ClientOf, query: dict[str, str], named: str
) -> None:
    answer = client_of(None).get(f"{PICTURES}/{save(filled).pk}/image", query)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]["details"]


@pytest.mark.parametrize("most", [4000, 1800])
@pytest.mark.parametrize(
    ("at", "past"),
    [
        ({"width": 0}, {"width": 1}),
        ({"height": 0}, {"height": 1}),
        ({"width": 0, "scale": 1}, {"width": 0, "scale": 1.001}),
        ({"height": 0, "scale": 1}, {"height": 0, "scale": 1.001}),
    ],
    ids=str,
)
def test_a_picture_is_as_large_as_the_setting_and_no_pixel_larger(
    filled: Dataset, client_of: ClientOf, settings: Any, most: int, at: Any, past: Any
) -> None:
    assert settings.PICTURE_MAX_PIXELS == 4000
    settings.PICTURE_MAX_PIXELS = most
    path = f"{PICTURES}/{save(filled).pk}/image"
    for sides, status in ((at, 200), (past, 400)):
        query = {name: n if name == "scale" else most + n for name, n in sides.items()}
        answer = client_of(None).get(path, {"format": "json", **query})
        assert answer.status_code == status
    (named,) = answer.json()["detail"]["details"].items()
    assert named[0] == list(past)[-1]
    assert str(most) in named[1][0]


@pytest.mark.parametrize("form", ["gif", "../png", "PNG", ""])
def test_in_43_a_form_that_nobody_serves_is_406(
    filled: Dataset, client_of: ClientOf, form: str
) -> None:
    answer = client_of(None).get(f"{PICTURES}/{save(filled).pk}/image", {"format": form})
    assert (answer.status_code, answer.json()["detail"]["code"]) == (406, "NOT_ACCEPTABLE")


def test_the_specification_is_complete_in_itself_with_a_tag(
    filled: Dataset, client_of: ClientOf
) -> None:
    client = client_of(None)
    path = f"{PICTURES}/{save(filled).pk}/spec"
    answer = client.get(path)
    assert "vega-lite" in answer.json()["$schema"]
    assert answer.json()["description"]
    assert '"url"' not in answer.content.decode()
    assert client.get(path, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}])
    assert client.get(path, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 200


def test_a_stored_picture_can_be_seen_on_dark_ground(filled: Dataset, client_of: ClientOf) -> None:
    path = f"{PICTURES}/{save(filled).pk}/spec"
    light, dark = (client_of(None).get(path, {"theme": name}) for name in ("light", "dark"))
    assert [one.json()["background"] for one in (light, dark)] == ["white", "#11181f"]
    assert light["ETag"] != dark["ETag"]
    own = save(filled, options={"variables": ["TMAX"], "theme": "dark"})
    assert client_of(None).get(f"{PICTURES}/{own.pk}/spec").json() == dark.json()


@pytest.mark.parametrize("kind", [k.name for k in kinds if len(k.required) == 1])
@pytest.mark.parametrize("part", ["/spec", "/image?format=json", "/data"])
def test_every_kind_answers_in_every_form(
    filled: Dataset, client_of: ClientOf, kind: str, part: str
) -> None:
    (name,) = kinds[kind].required
    chosen = {name: ["TMAX"] if name == "variables" else "TMAX"}
    picture = save(filled, kind=kind, options=chosen)
    answer = client_of(None).get(f"{PICTURES}/{picture.pk}{part}")
    assert answer.status_code == 200
    assert answer.content


def test_the_alternative_text_is_the_servers_until_somebody_writes_one(
    filled: Dataset, api: APIClient
) -> None:
    path = f"{PICTURES}/{save(filled).pk}"
    first = api.get(f"{path}/spec")
    assert first.json()["description"].startswith("Line: Maxima.")
    assert api.get(path).json()["alt"] == ""
    own = 'Warm days. "><script>'
    assert api.patch(path, {"alt": own}, format="json").json()["alt"] == own
    second = api.get(f"{path}/spec")
    assert second.json()["description"] == own
    assert second["ETag"] != first["ETag"]
    api.patch(path, {"alt": ""}, format="json")
    assert api.get(f"{path}/spec").content == first.content


def test_values_and_options_are_given_as_json_with_a_tag(
    filled: Dataset, client_of: ClientOf
) -> None:
    client = client_of(None)
    path = f"{PICTURES}/{save(filled, alt='Warm days.').pk}/image"
    answer = client.get(path, {"format": "json"})
    assert answer["Content-Type"] == "application/json"
    found = answer.json()
    assert found["values"]["TMAX ()"] == [p["value"]["TMAX"] for p in days(40)]
    assert found["values"]["timestamp"][0] == "2001-01-01T00:00:00Z"
    assert (found["kind"], found["alt"]) == ("line", "Warm days.")
    assert found["options"]["variables"] == ["TMAX"]
    series = {"dataset": str(filled.pk), "revision": 1, "station": "A", "variable": "TMAX"}
    assert found["series"] == [series]
    assert found["sources"][0]["citation"] == "Source <b>"
    again = client.get(path, {"format": "json"}, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304


def test_a_value_that_is_not_there_is_null_in_json(filled: Dataset, client_of: ClientOf) -> None:
    write(filled, [{"timestamp": "2001-01-01T06:00:00Z", "station": "A", "value": {"TMIN": 3}}])
    picture = save(filled, options={"variables": ["TMAX", "TMIN"]})
    answer = client_of(None).get(f"{PICTURES}/{picture.pk}/image", {"format": "json"})
    values = answer.json()["values"]
    assert [values["TMAX ()"][1], values["TMIN ()"][1]] == [None, 3]


def test_what_is_drawn_is_given_as_csv_with_a_tag(filled: Dataset, client_of: ClientOf) -> None:
    client = client_of(None)
    path = f"{PICTURES}/{save(filled).pk}/data"
    answer = client.get(path)
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0][0] == "timestamp"
    assert [float(row[1]) for row in rows[1:]] == [p["value"]["TMAX"] for p in days(40)]
    assert client.get(path, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304


def test_a_picture_of_a_station_without_data_in_its_window_is_still_an_answer(
    filled: Dataset, client_of: ClientOf
) -> None:
    options = {"variables": ["TMAX"], "start": "1950-01-01", "end": "1950-02-01"}
    path = f"{PICTURES}/{save(filled, options=options).pk}"
    for part in ("/spec", "/data"):
        assert client_of(None).get(path + part).status_code in {200, 400}


def test_pictures_are_listed_by_kind_and_dataset_with_a_fixed_number_of_queries(
    filled: Dataset, api: APIClient, django_assert_num_queries: Any
) -> None:
    save(filled)
    with CaptureQueriesContext(connection) as first:
        api.get(PICTURES)
    for _ in range(4):
        save(filled)
    with django_assert_num_queries(len(first)):
        assert api.get(PICTURES).json()["count"] == 5
    assert api.get(PICTURES, {"kind": "stripes"}).json()["count"] == 0
    assert api.get(PICTURES, {"dataset": str(filled.pk), "kind": "line"}).json()["count"] == 5
    assert api.get(PICTURES, {"owner": "x"}).status_code == 400


def test_the_catalogue_has_every_kind_with_the_schema_of_its_options(db: None) -> None:
    listed = APIClient().get(f"{API}/visualization-kinds").json()["results"]
    assert [one["kind"] for one in listed] == kinds.names()
    told = {one["kind"]: one["references"] for one in listed}
    assert told["taylor"] == ["Taylor 2001, doi:10.1029/2000JD900719"]
    # What is computed by the picture itself has its sources.
    assert all(told[name] for name in ("anomaly_trend", "box_by_month", "histogram", "scatter"))
    for one in listed:
        assert one["options"]["additionalProperties"] is False
        for name, about in one["options"]["properties"].items():
            assert about["description"], (one["kind"], name)
