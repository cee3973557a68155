"""Requests for analyses: checked, computed once, shared, pinned to a revision, swept."""

import time
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from django.db.models.functions import Now

from accounts.models import User
from analyses import services
from analyses.models import Analysis, AnalysisInput, AnalysisResult
from analyses.processes import NotWantedError
from analyses.registry import MAIN
from analyses.registry import analyses as registry
from analyses.services import computing
from datasets import access
from datasets.models import Dataset
from datasets.selectors.series import series as read
from datasets.services import add_variable
from datastream.core.errors import ConflictError, InvalidInputError
from tests.factories import days, make_dataset, make_user, write

TMAX = {"variable": "TMAX"}
# What computes on one series and nothing else.
OF_ONE = [method.name for method in registry if method.inputs == (MAIN,)]


@pytest.fixture
def filled(analyst: User) -> Dataset:
    """Two years of days at one station."""
    dataset = make_dataset(analyst)
    write(dataset, days(730, station="A"))
    dataset.refresh_from_db()
    return dataset


def ask(
    dataset: Dataset, kind: str = "summary", user: User | None = None, **given: Any
) -> Analysis:
    user = user or dataset.owner
    view = access.view(user, dataset.pk)
    return services.request_analysis(view, kind, {**TMAX, **given}, user=user)


def done(analysis: Analysis) -> Analysis:
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    return analysis


def results(analysis: Analysis) -> Any:
    assert analysis.result is not None, analysis.error
    return analysis.result.results


def test_a_request_waits_for_a_worker_and_names_what_it_reads(
    filled: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as queued:
        analysis = ask(filled)
    assert len(queued) == 1
    assert (analysis.status, analysis.progress, analysis.result) == ("queued", 0, None)
    assert analysis.dataset_revision == 1
    read_input = AnalysisInput.objects.get(analysis=analysis)
    assert (read_input.dataset, read_input.revision) == (filled, 1)


def test_the_queued_task_computes_it(
    filled: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        analysis = ask(filled)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.progress) == ("succeeded", 1)
    assert analysis.finished_at is not None
    assert analysis.started_at is not None


@pytest.mark.parametrize("kind", OF_ONE)
def test_what_is_stored_is_what_the_method_computes_on_the_same_series(
    filled: Dataset, kind: str
) -> None:
    method = registry[kind]
    own = {
        name: entry["default"] for name, entry in method.parameters.items() if "default" in entry
    }
    analysis = done(ask(filled, kind))
    view = access.view(filled.owner, filled.pk)
    expected = method.compute(read(view, "TMAX"), **own)
    stored = results(analysis)
    stored = stored["series"][0] if method.several else stored
    as_json = orjson.loads(orjson.dumps(expected, option=orjson.OPT_SERIALIZE_NUMPY))
    counts = {name: stored.pop(name) for name in ("used_values", "left_out_by")}
    assert stored == {"variable": "TMAX", "station": "A", **as_json}
    assert counts["used_values"] + sum(one["count"] for one in counts["left_out_by"]) == 730


def test_the_numbers_are_those_of_the_points(filled: Dataset) -> None:
    sent = np.array([point["value"]["TMAX"] for point in days(730)])
    (one,) = results(done(ask(filled)))["series"]
    assert one["count"] == 730
    assert one["mean"] == pytest.approx(sent.mean())
    assert one["max"]["value"] == sent.max()


def test_a_second_request_for_the_same_is_done_at_once(
    filled: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    first = done(ask(filled))
    with django_capture_on_commit_callbacks() as queued:
        second = ask(filled)
    assert queued == []
    assert (second.status, second.result_id) == ("succeeded", first.result_id)
    assert second.pk != first.pk
    assert AnalysisResult.objects.count() == 1


@pytest.mark.parametrize(
    "given", [{"start": "2001-02-01"}, {"variable": "TMIN"}, {"flags": "include"}]
)
def test_a_request_with_other_parameters_shares_nothing(
    filled: Dataset, given: dict[str, Any]
) -> None:
    first, second = done(ask(filled)), ask(filled, **given)
    assert (second.status, second.key == first.key) == ("queued", False)
    assert done(second).result_id != first.result_id


def test_a_default_that_is_given_is_the_same_request(filled: Dataset) -> None:
    assert ask(filled, flags="exclude").key == ask(filled).key


def test_twins_that_wait_are_computed_once(filled: Dataset) -> None:
    first, second = ask(filled), ask(filled)
    done(first)
    second.refresh_from_db()
    assert second.status == "succeeded"
    services.execute(second.pk)
    assert AnalysisResult.objects.count() == 1


def test_a_twin_of_one_in_hand_is_left_alone(filled: Dataset) -> None:
    first, second = ask(filled), ask(filled)
    Analysis.objects.filter(pk=first.pk).update(
        status="running", lease_until=Now() + timedelta(minutes=1)
    )
    assert done(second).status == "queued"


def test_a_result_stays_that_of_its_revision(filled: Dataset) -> None:
    waiting = ask(filled)
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 999}}])
    old = results(done(waiting))["series"][0]
    assert old["max"]["value"] < 100
    filled.refresh_from_db()
    new = done(ask(filled))
    assert results(new)["series"][0]["max"]["value"] == 999
    pinned = ask(filled, revision=1)
    assert (pinned.status, pinned.result_id) == ("succeeded", waiting.result_id)


@pytest.mark.parametrize(
    ("kind", "given", "named"),
    [
        ("astrology", {}, "type"),
        ("summary", {"window": 3}, "window"),
        ("summary", {"variable": "SNOW"}, "variable"),
        ("summary", {"station": "B"}, "station"),
        ("summary", {"start": "yesterday"}, "start"),
        ("summary", {"start": "2001-01-02", "end": "2001-01-01"}, "end"),
        ("summary", {"revision": 99}, "revision"),
        ("summary", {"revision": 0}, "revision"),
        ("summary", {"variable": 3}, "variable"),
        ("summary", {"variable": "T\x00"}, "variable"),
        ("summary", {"flags": "perhaps"}, "flags"),
        ("trend", {"alpha": 7}, "alpha"),
    ],
)
def test_in_51_a_wrong_request_names_what_is_wrong_and_makes_no_job(
    filled: Dataset, kind: str, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ask(filled, kind, **given)
    assert named in caught.value.details
    assert Analysis.objects.count() == 0


def test_a_text_variable_is_refused(filled: Dataset) -> None:
    add_variable(access.view(filled.owner, filled.pk), name="sky", kind="text")
    with pytest.raises(InvalidInputError) as caught:
        ask(filled, variable="sky")
    assert "texts" in caught.value.details["variable"][0]


@pytest.mark.parametrize("kind", OF_ONE)
@pytest.mark.parametrize("points", [1, 5])
def test_in_54_a_series_too_short_ends_with_an_answer_or_a_named_failure(
    analyst: User, kind: str, points: int
) -> None:
    dataset = make_dataset(analyst)
    write(dataset, days(points))
    dataset.refresh_from_db()
    analysis = done(ask(dataset, kind))
    assert analysis.status in {"succeeded", "failed"}
    if analysis.status == "failed":
        assert analysis.error is not None
        assert analysis.error["code"] != "SERVER_ERROR", analysis.error


def test_a_failure_is_said_in_one_sentence(filled: Dataset) -> None:
    analysis = ask(filled, "trend")
    Analysis.objects.update(parameters={**analysis.parameters, "confidence": "much"})
    analysis = done(analysis)
    assert analysis.status == "failed"
    assert analysis.error == {
        "code": "SERVER_ERROR",
        "message": "The computation failed (TypeError).",
    }
    assert analysis.lease_until is None
    # A later request tries anew, rather than share a failure.
    assert ask(filled, "trend").status == "queued"


def test_executing_twice_is_harmless(filled: Dataset) -> None:
    analysis = done(ask(filled))
    before = (analysis.finished_at, analysis.attempt, analysis.result_id)
    done(analysis)
    assert (analysis.finished_at, analysis.attempt, analysis.result_id) == before


def test_executing_what_is_not_there_is_harmless(db: None) -> None:
    services.execute("5a1d1c1e-0000-4000-8000-000000000000")


def test_f_02_the_sweep_takes_up_what_was_lost(
    filled: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    analysis = ask(filled)
    Analysis.objects.filter(pk=analysis.pk).update(
        status="running", attempt=1, lease_until=Now() - timedelta(seconds=1)
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep() == 1
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt) == ("succeeded", 2)


def test_a_computation_that_kills_its_worker_is_not_tried_for_ever(filled: Dataset) -> None:
    analysis = ask(filled)
    Analysis.objects.filter(pk=analysis.pk).update(
        status="running", attempt=computing.TRIES, lease_until=Now() - timedelta(seconds=1)
    )
    done(analysis)
    assert analysis.status == "failed"
    assert analysis.error is not None
    assert analysis.error["code"] == "WORKER_DIED"


def test_what_is_cancelled_is_not_computed(filled: Dataset) -> None:
    analysis = ask(filled)
    services.cancel(analysis)
    assert done(analysis).status == "cancelled"
    with pytest.raises(ConflictError):
        services.cancel(analysis)


def test_a_computation_tells_how_far_it_is_and_hears_that_it_is_cancelled(
    filled: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "ASK_EVERY_S", 0.0)
    analysis = ask(filled)
    Analysis.objects.filter(pk=analysis.pk).update(status="running", attempt=1)
    analysis.refresh_from_db()
    watch = computing.Watch(analysis, done=0.5, share=0.5)
    watch.ask(0.5)
    analysis.refresh_from_db()
    assert analysis.progress == 0.75
    services.cancel(analysis)
    with pytest.raises(NotWantedError):
        watch.ask(0.6)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.progress) == ("cancelled", 0.75)


def test_two_of_a_user_are_computed_at_once_and_the_third_when_one_is_done(
    filled: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    first, second, third = (ask(filled, start=f"2001-01-0{day}") for day in (1, 2, 3))
    running = Analysis.objects.filter(pk__in=[first.pk, second.pk])
    running.update(status="running", attempt=1, lease_until=Now() + timedelta(minutes=1))
    assert done(third).status == "queued"
    # Somebody else is not held up.
    assert done(ask(filled, user=make_user("admin"), start="2001-01-04")).status == "succeeded"
    # The first is lost; whoever takes it up calls the third when it is done.
    Analysis.objects.filter(pk=first.pk).update(lease_until=Now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        services.execute(first.pk)
    third.refresh_from_db()
    assert third.status == "succeeded"


@pytest.mark.parametrize("most", [1, 3])
def test_so_many_of_a_user_are_computed_at_once_as_the_settings_say(
    filled: Dataset, settings: Any, most: int
) -> None:
    assert settings.ANALYSES_PER_USER_AT_ONCE == 2
    settings.ANALYSES_PER_USER_AT_ONCE = most
    *others, one_more, last = (ask(filled, start=f"2001-01-0{day}") for day in range(1, most + 2))
    running = {"status": "running", "lease_until": Now() + timedelta(minutes=1)}
    Analysis.objects.filter(pk__in=[other.pk for other in others]).update(**running)
    # Those and this one are as many as may be.
    assert done(one_more).status == "succeeded"
    Analysis.objects.filter(pk=one_more.pk).update(**running)
    assert done(last).status == "queued"


def test_a_rerun_is_a_new_row_on_the_newest_revision(filled: Dataset) -> None:
    first = done(ask(filled, revision=1))
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 999}}])
    view = access.view(filled.owner, filled.pk)
    again = services.rerun(view, first, user=filled.owner)
    assert (again.pk != first.pk, again.dataset_revision) == (True, 2)
    assert results(done(again)) != results(first)


def test_several_variables_are_computed_in_one_request(filled: Dataset) -> None:
    view = access.view(filled.owner, filled.pk)
    analysis = services.request_analysis(view, "summary", {}, user=filled.owner)
    found = results(done(analysis))["series"]
    assert [one["variable"] for one in found] == ["TMAX", "TMIN"]


def test_waiting_ends_when_it_is_done_or_after_so_long(filled: Dataset) -> None:
    analysis = ask(filled)
    assert services.wait(analysis.pk, 0) is False
    done(analysis)
    assert services.wait(analysis.pk, 0) is True


def test_nobody_waits_a_tenth_longer_than_it_takes(
    filled: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    assert services.wait(ask(filled).pk, 20) is False
    begun = np.cumsum([0, *pauses[:-1]])
    assert np.all(pauses <= 0.051 + begun / 10)
    # But no more than is of use: some fifty questions in the longest wait.
    assert len(pauses) < 60
