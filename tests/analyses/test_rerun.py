"""Reruns: whether a result could be repeated, and what changed where it could not."""

from typing import Any

import pytest

from accounts.models import User
from analyses import services
from analyses.models import Analysis, AnalysisResult
from datasets import access
from datasets.models import Dataset
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, write

API = "/api/v1"


@pytest.fixture
def first(analyst: User) -> Analysis:
    dataset = make_dataset(analyst)
    write(dataset, days(60, station="A"))
    return done(access.view(analyst, dataset.pk), analyst)


def done(view: access.View, user: User) -> Analysis:
    analysis = services.request_analysis(view, "summary", {}, user=user)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    return analysis


def again(first: Analysis, **more: Any) -> Analysis:
    assert first.user is not None
    view = access.view(first.user, first.dataset_id)
    analysis = services.rerun(view, first, user=first.user, **more)
    services.execute(analysis.pk)
    return Analysis.objects.get(pk=analysis.pk)


def change(dataset: Dataset) -> None:
    write(dataset, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}])


def shelve(first: Analysis, **facts: Any) -> Analysis:
    """Keep its result where no other request finds it."""
    result = first.result
    assert result is not None
    key = result.key
    for name, fact in {"key": "elsewhere", **facts}.items():
        setattr(result, name, fact)
    result.save(force_insert=True)
    Analysis.objects.filter(result=key).update(result=result)
    AnalysisResult.objects.filter(key=key).delete()
    return Analysis.objects.get(pk=first.pk)


def test_the_same_data_give_the_same_result(first: Analysis) -> None:
    rerun = again(shelve(first))
    assert rerun.result_id != "elsewhere"
    assert rerun.verdict == "identical"


def test_changed_data_are_told(first: Analysis) -> None:
    change(first.dataset)
    assert again(first).verdict == "data_changed"


def test_an_earlier_revision_can_be_named(first: Analysis) -> None:
    change(first.dataset)
    rerun = again(first, revision=1)
    assert (rerun.dataset_revision, rerun.verdict) == (1, "identical")


def test_another_result_of_the_same_data_is_the_method_s(first: Analysis) -> None:
    assert again(shelve(first, digest="another")).verdict == "method_changed"


def test_a_first_request_has_no_verdict(first: Analysis) -> None:
    assert first.verdict is None


def test_libraries_and_digest_are_told_over_http(first: Analysis, client_of: ClientOf) -> None:
    client = client_of(first.user)
    told = client.get(f"{API}/analyses/{first.pk}").json()
    assert set(told["libraries"]) == {"numpy"}
    assert len(told["digest"]) == 64
    assert told["inputs"][0]["series"][0] == {
        "parameter": "variable", "station": "A", "variable": "TMAX",
    }  # fmt: skip
    url = f"{API}/analyses/{first.pk}/rerun"
    answer = client.post(url, {"revision": 1}, format="json").json()
    assert (answer["rerun_of"], answer["verdict"]) == (str(first.pk), "identical")
    for body in ({"revision": 0}, {"revision": 99}, {"revision": "x"}, {"what": 1}):
        assert client.post(url, body, format="json").status_code == 400
