"""Pages of points: what is asked again, what a page costs, whose a cursor is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from tests.factories import days, make_dataset, make_user, signed_in, write

Get = Callable[..., Any]


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Three days at each of two stations, one of which is in the Pacific."""
    made = make_dataset(analyst)
    made.variables.create(name="TMAX", unit="degC")
    made.variables.create(name="TMIN", unit="degC")
    made.stations.create(code="suva", latitude=-18.1, longitude=178.4)
    write(made, [{**one, "station": code} for code in ("suva", "apia") for one in days(3)])
    return made


@pytest.fixture
def url(db: None, filled: Dataset) -> str:
    return f"/api/v1/datasets/{filled.pk}/data"


@pytest.fixture
def ask(api: APIClient, url: str) -> Get:
    return lambda **query: api.get(f"{url}?{urlencode(query, doseq=True)}")


def refusal(answer: Any) -> list[str]:
    assert answer.status_code == 400, answer.content
    return list(answer.json()["detail"]["details"])


# ------------------------------------------------------------------ conditional reads


def test_head_answers_the_headers_without_reading_points(api: APIClient, url: str) -> None:
    got = api.get(url)
    with CaptureQueriesContext(connection) as captured:
        head = api.head(url)
    assert (head.status_code, b"".join(head)) == (200, b"")
    assert (head["ETag"], head["Content-Type"]) == (got["ETag"], got["Content-Type"])
    assert "Content-Length" not in head
    assert not [one for one in captured if "data_points" in one["sql"]]
    for wrong in ("station=zzz", "variables=zzz", "units=TMAX:mm", "limit=0"):
        assert api.head(f"{url}?{wrong}").status_code == 400


def test_a_304_reads_no_points(api: APIClient, url: str) -> None:
    tag = api.get(url)["ETag"]
    with CaptureQueriesContext(connection) as captured:
        answer = api.get(url, headers={"If-None-Match": f'W/{tag}, "x"'})
    assert (answer.status_code, answer.content) == (304, b"")
    # Who is calling, how often, and the dataset.
    assert len(captured) == 3


def test_each_form_of_an_answer_has_a_tag_of_its_own(ask: Get) -> None:
    forms: list[dict[str, Any]] = [
        {}, {"layout": "columns"}, {"units": "TMAX:K"}, {"flags": "exclude"}, {"limit": 2},
        {"bbox": "0,0,1,1"}, {"order": "desc"}, {"fields": "id"}, {"revision": 1},
    ]  # fmt: skip
    tags = {ask(**form)["ETag"] for form in forms}
    assert len(tags) == len(forms)
    assert "Accept" in ask()["Vary"]


# ------------------------------------------------------------------ cursors and queries


@pytest.mark.parametrize(
    "other", ["layout=columns", "flags=exclude", "units=TMAX:K", "bbox=0,0,1,1", "fields=id"]
)
def test_in_42_a_cursor_belongs_to_one_form_of_one_query(
    api: APIClient, ask: Get, other: str
) -> None:
    following = ask(limit=2).json()["next"]
    assert refusal(api.get(f"{following}&{other}")) == ["cursor"]
    assert api.get(following).status_code == 200


def test_a_page_costs_four_queries_whatever_is_on_it(
    api: APIClient, analyst: User, django_assert_num_queries: Any
) -> None:
    made = make_dataset(analyst)
    url = f"/api/v1/datasets/{made.pk}/data"
    for n in (1, 30):
        write(made, [{**one, "station": f"s{n}"} for n in range(n) for one in days(3)])
        # Who is calling and what they may do; the dataset; its variables; the page.
        with django_assert_num_queries(4):
            assert api.get(f"{url}?limit=50").status_code == 200
    following = api.get(f"{url}?limit=2").json()["next"]
    with django_assert_num_queries(4):
        assert api.get(following).status_code == 200


def test_what_is_named_costs_one_query_a_kind(ask: Get, django_assert_num_queries: Any) -> None:
    # And the stations named, and the variables whose units change.
    with django_assert_num_queries(7):
        assert ask(station=["suva", "apia"], units="TMAX:K,TMIN:degF").status_code == 200
    with django_assert_num_queries(6):
        assert ask(bbox="0,0,1,1").status_code == 200


def test_rights_that_are_withdrawn_end_at_the_next_page(analyst: User, db: None) -> None:
    made = make_dataset(analyst, visibility="internal")
    write(made, days(5))
    reader = signed_in(make_user("viewer"))
    following = reader.get(f"/api/v1/datasets/{made.pk}/data?limit=2").json()["next"]
    Dataset.objects.filter(pk=made.pk).update(visibility="private")
    assert reader.get(following).status_code == 404


@pytest.mark.parametrize("name", ["statistic", "timezone", "min_coverage"])
def test_parameters_of_periods_are_refused_where_points_are_read(ask: Get, name: str) -> None:
    assert refusal(ask(**{name: "mean"})) == [name]
    assert refusal(ask(**{name: "mean", "resolution": "raw"})) == [name]
    assert ask(resolution="raw").json()["results"] == ask().json()["results"]


def test_in_44_the_id_of_a_dataset_is_a_uuid_in_any_case(api: APIClient, filled: Dataset) -> None:
    whole = api.get(f"/api/v1/datasets/{filled.pk}/data").json()["results"]
    capitals = api.get(f"/api/v1/datasets/{str(filled.pk).upper()}/data")
    assert capitals.json()["results"] == whole
    for bad in ("%00", "x", "1", "a" * 7000, f"{filled.pk}0", "None", "0" * 32, "\u0663" * 32):
        assert api.get(f"/api/v1/datasets/{bad}/data").status_code == 404
