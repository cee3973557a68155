"""Export jobs of a dataset under an embargo: what a file may hold, and who may fetch it when."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from datasets import services
from datasets.models import Dataset, Export
from datasets.services import exports
from datastream.core import clock
from tests.datasets.embargoed import API, NOW, made, series, until_of
from tests.datasets.exporting import ask, done, lines
from tests.datasets.reading import view
from tests.factories import make_user

DAYS = 10
POINTS = [series("2020-05-01", "2020-06-14", TMAX=1)]


@pytest.fixture(autouse=True)
def _today(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EXPORTS = tmp_path / "exports"
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def embargoed(analyst: User) -> Dataset:
    return made(analyst, POINTS, embargo_days=DAYS)


@pytest.fixture
def editor(embargoed: Dataset) -> User:
    user = make_user("analyst")
    services.share(view(embargoed), "edit", user=user)
    return user


def fetched(export: Export) -> int:
    client = APIClient()
    client.force_authenticate(User.objects.get(pk=export.user_id))
    answer = client.get(f"{API}/exports/{export.pk}/file")
    assert not answer.streaming or list(answer)
    return answer.status_code


def lower(embargoed: Dataset, user: User) -> None:
    services.share(view(embargoed), "view", user=user)


def again(export: Export) -> Export:
    """As the worker finds it: with nothing remembered of the user."""
    return done(Export.objects.get(pk=export.pk))


def test_a_file_holds_what_its_reader_may_see(embargoed: Dataset, editor: User, viewer: User):
    narrow, wide = (done(ask(embargoed, user=user)) for user in (viewer, editor))
    last = max(one["timestamp"] for one in lines(narrow))
    assert last < clock.text(until_of(DAYS)) < max(one["timestamp"] for one in lines(wide))
    assert (narrow.rows, wide.rows) == (36, 46)
    assert [fetched(one) for one in (narrow, wide)] == [200, 200]


def test_the_name_of_a_file_does_not_tell_when_the_data_end(embargoed: Dataset, viewer: User):
    export = done(ask(embargoed, user=viewer))
    client = APIClient()
    client.force_authenticate(viewer)
    answer = client.get(f"{API}/exports/{export.pk}/file")
    assert list(answer)
    assert "2019-01-01_2020-06-04_r1" in answer["Content-Disposition"]


def test_a_06_a_job_that_was_asked_for_with_a_greater_right_is_not_done(
    embargoed: Dataset, editor: User
):
    export = ask(embargoed, user=editor)
    lower(embargoed, editor)
    failed = again(export)
    assert (failed.status, failed.path) == ("failed", "")
    assert failed.error["code"] == "CONFLICT"  # type: ignore[index]
    assert fetched(export) == 409


def test_a_06_a_file_of_a_greater_right_is_withheld(embargoed: Dataset, editor: User):
    export = done(ask(embargoed, user=editor))
    assert fetched(export) == 200
    lower(embargoed, editor)
    assert fetched(export) == 404


def test_a_file_and_a_job_from_before_the_embargo_are_withheld(analyst: User, viewer: User):
    dataset = made(analyst, POINTS)
    export, waiting = done(ask(dataset, user=viewer)), ask(dataset, "csv", user=viewer)
    assert fetched(export) == 200
    services.change_dataset(view(dataset), embargo_days=DAYS)
    assert fetched(export) == 404
    assert again(waiting).status == "failed"


def test_a_job_of_somebody_who_sees_more_is_not_shared(embargoed: Dataset, editor: User):
    wide = done(ask(embargoed, user=editor))
    lower(embargoed, editor)
    narrow = ask(embargoed, user=User.objects.get(pk=editor.pk))
    assert narrow.pk != wide.pk
    assert again(narrow).rows == 36


def test_a_job_that_loses_its_right_while_it_is_written_is_not_kept(
    embargoed: Dataset, editor: User, monkeypatch: pytest.MonkeyPatch
):
    export, fill = ask(embargoed, user=editor), exports._fill

    def filled(*given: Any) -> str:
        digest = fill(*given)
        lower(embargoed, editor)
        return digest

    monkeypatch.setattr(exports, "_fill", filled)
    assert again(export).status == "failed"
    assert not list(Path(exports.path_of(export)).glob("*"))
