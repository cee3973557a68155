"""Pictures of a dataset under an embargo are drawn of what whoever looks may see."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from analyses import services as analyses
from datasets import access
from datasets.models import Dataset
from datastream.core import clock
from tests.datasets.embargoed import API, NOW, made, series
from tests.factories import make_user
from visualizations import services
from visualizations.models import Visualization

DAYS = 10
PICTURE = {"title": "River", "kind": "line", "visibility": "public"}
LINE = {"variables": ["TMAX"], "station": "A"}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def embargoed(analyst: User) -> Dataset:
    return made(analyst, [series("2020-05-01", "2020-06-14", TMAX=1)], embargo_days=DAYS)


@pytest.fixture
def picture(embargoed: Dataset) -> Visualization:
    data = {**PICTURE, "dataset": embargoed.pk, "options": LINE}
    return services.create_visualization(embargoed.owner, data)


def ask(user: User | None, picture: Visualization, path: str, **headers: str) -> Any:
    client = APIClient()
    client.force_authenticate(user)
    return client.get(f"{API}/visualizations/{picture.pk}{path}", headers=headers)


@pytest.mark.parametrize("long", [services.LONG, 0])
@pytest.mark.parametrize(
    "path", ["/data", "/spec", "/image?format=json", "/image?format=svg", "/embed"]
)
def test_a_picture_shows_nothing_that_is_hidden(
    embargoed: Dataset,
    picture: Visualization,
    viewer: User,
    path: str,
    long: int,
    monkeypatch: pytest.MonkeyPatch,
):
    # Whole, and in steps.
    monkeypatch.setattr(services, "LONG", long)
    wide, narrow = ask(embargoed.owner, picture, path), ask(viewer, picture, path)
    assert wide.status_code == narrow.status_code == 200
    assert narrow.content == ask(None, picture, path).content
    assert narrow.content != wide.content
    if "svg" not in path:
        assert b"2020-06-14" in wide.content
        assert b"2020-06-05" not in narrow.content
        assert b"2020-06-04" in narrow.content
    # Neither tag is good for the other, whoever of them was here first.
    for user, tag in (
        (viewer, wide["ETag"]),
        (None, wide["ETag"]),
        (embargoed.owner, narrow["ETag"]),
    ):
        assert ask(user, picture, path, **{"If-None-Match": tag}).status_code == 200
    assert ask(viewer, picture, path, **{"If-None-Match": narrow["ETag"]}).status_code == 304


def test_a_06_a_picture_of_an_analysis_is_there_while_the_analysis_is(
    embargoed: Dataset, viewer: User
):
    seen = access.view(embargoed.owner, embargoed.pk)
    given = {"variable": "TMAX", "station": "A"}
    wide = analyses.request_analysis(seen, "summary", given, user=embargoed.owner)
    past = analyses.request_analysis(
        seen, "summary", {**given, "end": "2020-06-01"}, user=embargoed.owner
    )
    for analysis, status in ((wide, 404), (past, 200)):
        data = {**PICTURE, "kind": "stripes", "analysis": analysis.pk}
        picture = services.create_visualization(embargoed.owner, data)
        for user, expected in ((viewer, status), (None, status), (embargoed.owner, 200)):
            assert ask(user, picture, "").status_code == expected
            for path in ("/data", "/spec", "/image?format=svg"):
                # So short a series has no stripes, which only who may know of it is told.
                assert (ask(user, picture, path).status_code == 404) == (expected == 404)
            client = APIClient()
            client.force_authenticate(user)
            listed = client.get(f"{API}/visualizations").json()["results"]
            assert (str(picture.pk) in {one["id"] for one in listed}) == (expected == 200)


def test_a_04_nobody_makes_a_picture_of_an_analysis_that_is_hidden_from_them(embargoed: Dataset):
    seen = access.view(embargoed.owner, embargoed.pk)
    given = {"variable": "TMAX", "station": "A"}
    wide = analyses.request_analysis(seen, "summary", given, user=embargoed.owner)
    client = APIClient()
    client.force_authenticate(make_user("analyst"))
    body = {**PICTURE, "kind": "stripes", "analysis": str(wide.pk)}
    unknown = {**body, "analysis": str(embargoed.pk)}
    answers = [client.post(f"{API}/visualizations", one, format="json") for one in (body, unknown)]
    assert [one.status_code for one in answers] == [400, 400]
    assert answers[0].content == answers[1].content
