"""Analyses of a dataset under an embargo: what they read, and who reads them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from analyses import selectors, services
from analyses.models import Analysis
from datasets import access
from datasets import services as datasets
from datasets.models import Dataset
from datastream.core import clock
from tests.datasets.embargoed import API, NOW, made, series, until_of
from tests.datasets.reading import view
from tests.factories import make_user

DAYS = 10
GIVEN = {"variable": "TMAX", "station": "A"}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def embargoed(analyst: User) -> Dataset:
    """36 values before the embargo, and ten under it that are much greater."""
    visible = series("2020-05-01", "2020-06-04", TMAX=1)
    hidden = series("2020-06-05", "2020-06-14", TMAX=900)
    return made(analyst, [[*visible, *hidden]], embargo_days=DAYS)


@pytest.fixture
def reader(db: None) -> User:
    """An analyst who reads the dataset because it is public."""
    return make_user("analyst")


def ask(dataset: Dataset, user: User, **given: Any) -> Analysis:
    seen = access.view(user, dataset.pk)
    made = services.request_analysis(seen, "summary", {**GIVEN, **given}, user=user)
    services.execute(made.pk)
    return Analysis.objects.get(pk=made.pk)


def largest(analysis: Analysis) -> float:
    assert analysis.result is not None, analysis.error
    (one,) = analysis.result.results["series"]
    return float(one["max"]["value"])


def client(user: User | None) -> APIClient:
    found = APIClient()
    found.force_authenticate(user)
    return found


def is_seen(analysis: Analysis, user: User | None) -> bool:
    """Whether an analysis is there for somebody, the same on every path."""
    asked = client(user)
    one = asked.get(f"{API}/analyses/{analysis.pk}").status_code
    lists = [
        asked.get(f"{API}{path}").json()["results"]
        for path in ("/analyses", f"/datasets/{analysis.dataset_id}/analysis")
    ]
    found = {str(analysis.pk) in {row["id"] for row in rows} for rows in lists}
    assert found == {one == 200}
    assert one in {200, 404}
    return one == 200


def test_an_analysis_reads_what_whoever_asked_may_see(embargoed: Dataset, reader: User):
    assert largest(ask(embargoed, reader)) == 35
    assert largest(ask(embargoed, embargoed.owner)) == 909


def test_what_somebody_else_computed_is_not_shared_with_who_sees_less(
    embargoed: Dataset, reader: User
):
    wide, narrow = ask(embargoed, embargoed.owner), ask(embargoed, reader)
    assert wide.result_id != narrow.result_id
    assert ask(embargoed, make_user("analyst")).result_id == narrow.result_id
    assert ask(embargoed, make_user("steward")).result_id == wide.result_id


def test_a_job_that_waits_reads_no_more_than_when_it_was_asked_for(
    embargoed: Dataset, reader: User
):
    seen = access.view(reader, embargoed.pk)
    waiting = services.request_analysis(seen, "summary", GIVEN, user=reader)
    Dataset.objects.filter(pk=embargoed.pk).update(embargo_days=None)
    services.execute(waiting.pk)
    waiting.refresh_from_db()
    assert largest(waiting) == 35


def test_a_06_a_result_of_hidden_values_is_for_those_who_see_them(
    embargoed: Dataset, reader: User, viewer: User
):
    wide, narrow = ask(embargoed, embargoed.owner), ask(embargoed, reader)
    for user in (embargoed.owner, make_user("steward"), make_user("admin")):
        assert is_seen(wide, user)
        assert is_seen(narrow, user)
    for other in (reader, viewer, None):
        assert not is_seen(wide, other)
        assert is_seen(narrow, other)


def test_a_06_its_author_loses_it_with_the_right_to_edit(embargoed: Dataset):
    author = make_user("analyst")
    shared = datasets.share(view(embargoed), "edit", user=author)
    wide = ask(embargoed, User.objects.get(pk=author.pk))
    assert is_seen(wide, User.objects.get(pk=author.pk))
    datasets.withdraw(view(embargoed), shared)
    gone = User.objects.get(pk=author.pk)
    assert not is_seen(wide, gone)
    for method, path in (("post", "/rerun"), ("post", "/cancel"), ("delete", "")):
        answer = getattr(client(gone), method)(f"{API}/analyses/{wide.pk}{path}")
        assert answer.status_code == 404


def test_a_failure_and_a_job_that_waits_are_hidden_too(embargoed: Dataset, reader: User):
    seen = access.view(embargoed.owner, embargoed.pk)
    waiting = services.request_analysis(seen, "summary", GIVEN, user=embargoed.owner)
    assert not is_seen(waiting, reader)
    # Its message may say how many values there are.
    told = {"code": "X", "message": "There are 46 values."}
    Analysis.objects.filter(pk=waiting.pk).update(status="failed", error=told)
    assert not is_seen(waiting, reader)


def test_what_ends_before_the_embargo_is_for_all(embargoed: Dataset, reader: User):
    assert is_seen(ask(embargoed, embargoed.owner, end="2020-06-05"), reader)
    assert not is_seen(ask(embargoed, embargoed.owner, end="2020-06-06"), reader)


def test_an_analysis_comes_out_when_the_embargo_has_passed_its_values(
    embargoed: Dataset, reader: User, monkeypatch: pytest.MonkeyPatch
):
    wide = ask(embargoed, embargoed.owner)
    for day, seen in ((24, False), (25, True)):
        monkeypatch.setattr(clock, "now", lambda day=day: NOW.replace(day=day))
        assert is_seen(wide, reader) == seen


def test_an_analysis_from_before_the_embargo_is_hidden_by_it(embargoed: Dataset, reader: User):
    Dataset.objects.filter(pk=embargoed.pk).update(embargo_days=None)
    early = ask(embargoed, reader)
    assert largest(early) == 909
    assert is_seen(early, reader)
    Dataset.objects.filter(pk=embargoed.pk).update(embargo_days=DAYS)
    assert not is_seen(early, reader)
    # Nobody noted then what it read.
    early.inputs.update(until=None)
    Dataset.objects.filter(pk=embargoed.pk).update(embargo_days=1)
    assert not is_seen(early, reader)


def test_a_rerun_of_somebody_elses_analysis_reads_what_the_caller_sees(embargoed: Dataset):
    wide = ask(embargoed, embargoed.owner)
    reader = make_user("analyst")
    datasets.share(view(embargoed), "view", user=reader)
    seen = access.view(reader, embargoed.pk)
    again = services.rerun(seen, wide, user=reader)
    assert (again.inputs.get().until, again.key == wide.key) == (until_of(DAYS), False)
    assert selectors.analyses_for(reader).filter(pk=again.pk).exists()
