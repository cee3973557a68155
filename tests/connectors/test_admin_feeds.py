"""The admin's pages on feeds: made, changed, run, deleted, and how they fare."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from connectors import credentials, services
from connectors.models import Coverage, Feed, ProviderCredential, Run, Trigger
from datasets.models import Dataset, Variable
from datastream.core.models import Status
from tests.admin import address, browser, filled, messages_of, statements

pytestmark = pytest.mark.slow

PARAMETERS = {"stations": ["USW00024233"], "start": "2020-01-01", "end": "2020-12-31"}
ADD = "/admin/connectors/feed/add/"


@pytest.fixture
def page(admin: User) -> Client:
    return browser(admin)


@pytest.fixture
def feed(dataset: Dataset) -> Feed:
    return make_feed(dataset)


def make_feed(dataset: Dataset, **facts: Any) -> Feed:
    return services.create_feed(
        dataset, connector="noaa", **{"name": "daily", "parameters": PARAMETERS, **facts}
    )


def sent(dataset: Dataset, /, **changes: Any) -> dict[str, Any]:
    """What a browser sends for a new feed."""
    form = {
        "name": "daily", "connector": "noaa", "product": "", "dataset": str(dataset.pk),
        "parameters": json.dumps(PARAMETERS), "schedule": '{"every": "6h"}', "lookback_days": "",
        "credential": "", "enabled": "on",
    }  # fmt: skip
    return {**form, **changes}


def known(feed: Feed, state: str, first: int = 1, last: int = 9) -> Coverage:
    """January days that the ledger knows of."""
    days = [datetime(2020, 1, day, tzinfo=UTC) for day in (first, last)]
    return Coverage.objects.create(
        feed=feed, station="USW00024233", start=days[0], end=days[1], state=state
    )


def health_of(page: Client) -> list[str]:
    """What the list says of the feeds."""
    shown = page.get(address(Feed, "changelist")).content.decode()
    cell = shown.split('class="field-health')[1].split("</td>")[0]
    words = cell.split('class="state state-')[1:]
    return [word.split('"')[0] for word in words]


# ------------------------------------------------------------------ making and changing


def test_a_feed_is_made_with_schedule_variables_and_a_line_in_the_audit(
    page: Client, dataset: Dataset, admin: User
) -> None:
    before = timezone.now()
    answer = page.post(ADD, sent(dataset))
    assert answer.status_code == 302
    feed = Feed.objects.get()
    assert (feed.product, feed.parameters) == ("daily-summaries", PARAMETERS)
    assert (feed.lookback_days, feed.enabled) == (45, True)
    assert feed.next_run_at is not None
    assert timedelta(hours=5) < feed.next_run_at - before < timedelta(hours=7)
    assert Variable.objects.filter(dataset=dataset, name="TMAX").exists()
    event = AuditEvent.objects.get(action="feed.created")
    assert (event.user_id, event.object_id) == (admin.pk, str(feed.pk))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parameters": '{"stations": ["x"], "start": "2020-01-01"}'}, "parameters"),
        ({"parameters": '{"stations": ["USW00024233"]}'}, "parameters"),
        ({"parameters": "[1, 2]"}, "parameters"),
        ({"parameters": "7"}, "parameters"),
        ({"parameters": "stations"}, "parameters"),
        ({"parameters": ""}, "parameters"),
        ({"schedule": '{"every": "1m"}'}, "schedule"),
        ({"schedule": '{"cron": "0 0 30 2 *"}'}, "schedule"),
        ({"schedule": '{"cron": "61 * * * *"}'}, "schedule"),
        ({"schedule": '"often"'}, "schedule"),
        ({"lookback_days": "99999999"}, "lookback_days"),
        ({"lookback_days": "-1"}, "lookback_days"),
        ({"connector": "nonsense"}, "connector"),
        ({"product": "nonsense"}, "product"),
        ({"dataset": ""}, "dataset"),
        ({"dataset": "2b1e4c1e-0000-4000-8000-000000000000"}, "dataset"),
        ({"name": ""}, "name"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(
    changes: dict[str, str], field: str, page: Client, dataset: Dataset
) -> None:
    answer = page.post(ADD, sent(dataset, **changes))
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {field}
    assert (Feed.objects.count(), Variable.objects.count()) == (0, 0)


def test_all_that_is_wrong_is_told_at_once(page: Client, dataset: Dataset) -> None:
    wrong = {"parameters": '{"station": "x"}', "schedule": '{"every": "1m"}', "name": ""}
    errors = page.post(ADD, sent(dataset, **wrong)).context["adminform"].form.errors
    assert set(errors) == {"parameters", "schedule", "name"}
    assert [text.split(":")[0] for text in errors["parameters"]] == ["station", "start"]


def test_a_name_is_taken_once(page: Client, feed: Feed) -> None:
    answer = page.post(ADD, sent(feed.dataset))
    assert set(answer.context["adminform"].form.errors) == {"name"}
    assert Feed.objects.count() == 1


def test_the_key_of_another_provider_is_refused(
    page: Client, dataset: Dataset, admin: User
) -> None:
    key = ProviderCredential.objects.create(
        connector="nasa", owner=admin, label="theirs", secret="s3cret"
    )
    answer = page.post(ADD, sent(dataset, credential=key.pk))
    assert answer.context["adminform"].form.errors == {"credential": ["This key is not for noaa."]}
    mine = credentials.keep_credential("noaa", admin, label="mine", secret="s3cret")
    assert page.post(ADD, sent(dataset, credential=mine.pk)).status_code == 302
    assert Feed.objects.get().credential == mine


def test_keys_are_told_apart_without_reading_them(page: Client, admin: User) -> None:
    few = statements(page, ADD)
    for n in range(5):
        credentials.keep_credential("noaa", admin, label=f"key {n}", secret="s3cret")
    many = statements(page, ADD)
    assert len(few) == len(many)
    assert not [one for one in many if '"secret"' in one]
    shown = page.get(ADD).content.decode()
    assert f"noaa: key 3 ({admin.username})" in shown
    assert "s3cret" not in shown


def test_the_dataset_is_found_by_its_name(page: Client, dataset: Dataset) -> None:
    dataset.name = "Snow on the pass"
    dataset.save()
    asked = {
        "app_label": "connectors", "model_name": "feed", "field_name": "dataset", "term": "pass",
    }  # fmt: skip
    found = page.get("/admin/autocomplete/", asked).json()["results"]
    assert [one["id"] for one in found] == [str(dataset.pk)]


def test_a_changed_schedule_sets_the_next_run_and_is_told(page: Client, feed: Feed) -> None:
    path = address(feed, "change")
    changed = filled(page.get(path), schedule='{"cron": "30 6 * * *"}')
    assert page.post(path, changed).status_code == 302
    feed.refresh_from_db()
    assert feed.schedule == {"cron": "30 6 * * *"}
    assert feed.next_run_at is not None
    assert (feed.next_run_at.hour, feed.next_run_at.minute) == (6, 30)
    assert AuditEvent.objects.get(action="feed.changed").details["fields"] == ["schedule"]


def test_without_a_schedule_it_runs_by_hand_only(page: Client, dataset: Dataset) -> None:
    page.post(ADD, sent(dataset, schedule=""))
    feed = Feed.objects.get()
    assert (feed.schedule, feed.next_run_at) == (None, None)
    assert "by hand" in page.get(address(Feed, "changelist")).content.decode()


def test_saving_what_is_there_already_changes_nothing(page: Client, feed: Feed) -> None:
    path = address(feed, "change")
    assert page.post(path, filled(page.get(path))).status_code == 302
    assert not AuditEvent.objects.filter(action="feed.changed").exists()


# ------------------------------------------------------------------ what can be done


def test_feeds_are_paused_and_resumed(page: Client, dataset: Dataset) -> None:
    feed = make_feed(dataset, schedule={"every": "6h"})
    pressed = {"_selected_action": str(feed.pk)}
    answer = page.post(address(Feed, "changelist"), {"action": "pause", **pressed}, follow=True)
    feed.refresh_from_db()
    assert (feed.enabled, feed.next_run_at) == (False, None)
    assert messages_of(answer) == ["Paused: daily."]
    page.post(address(Feed, "changelist"), {"action": "resume", **pressed})
    feed.refresh_from_db()
    assert feed.enabled
    assert feed.next_run_at is not None


def test_run_now_queues_a_run_and_a_second_one_is_told_of(
    page: Client, feed: Feed, django_capture_on_commit_callbacks: Any
) -> None:
    path = f"/admin/connectors/feed/{feed.pk}/run/"
    with django_capture_on_commit_callbacks() as queued:
        answer = page.post(path, follow=True)
    run = Run.objects.get()
    assert (run.trigger, len(queued)) == (Trigger.HAND, 1)
    assert address(run, "change") in messages_of(answer)[0]
    again = page.post(path, follow=True)
    assert messages_of(again) == [f"daily: The feed is running already, as run {run.pk}."]
    pressed = {"action": "run_selected", "_selected_action": str(feed.pk)}
    selected = page.post(address(Feed, "changelist"), pressed, follow=True)
    assert messages_of(selected) == messages_of(again)
    assert Run.objects.count() == 1


def test_a_period_is_filled_back(page: Client, feed: Feed) -> None:
    known(feed, "fetched")
    path = f"/admin/connectors/feed/{feed.pk}/back-fill/"
    assert page.get(path).status_code == 200
    answer = page.post(path, {"start": "2020-01-01", "end": "2020-01-04"})
    run = Run.objects.get()
    assert answer.status_code == 302
    assert run.trigger == Trigger.BACK_FILL
    assert (run.parameters["start"], run.parameters["end"]) == ("2020-01-01", "2020-01-04")
    spans = Coverage.objects.order_by("start").values_list("state", "start__day", "end__day")
    assert list(spans) == [("due", 1, 5), ("fetched", 5, 9)]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2020-01-02", "2020-01-01", "end"),
        ("0001-01-01", "2020-01-01", "start"),
        ("2020-01-01", "9999-12-31", "end"),
        ("yesterday", "2020-01-01", "start"),
        ("", "2020-01-01", "start"),
    ],
)
def test_days_that_cannot_be_filled_are_told_of(
    start: str, end: str, field: str, page: Client, feed: Feed
) -> None:
    path = f"/admin/connectors/feed/{feed.pk}/back-fill/"
    answer = page.post(path, {"start": start, "end": end})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {field}
    assert not Run.objects.exists()


def test_a_feed_that_runs_is_not_filled_back(page: Client, feed: Feed) -> None:
    services.start_run(feed)
    known(feed, "fetched")
    path = f"/admin/connectors/feed/{feed.pk}/back-fill/"
    answer = page.post(path, {"start": "2020-01-01", "end": "2020-01-04"})
    assert messages_of(answer)[0].startswith("daily: The feed is running already")
    assert Coverage.objects.get().state == "fetched"


def test_running_needs_a_press_and_a_permission(page: Client, feed: Feed, analyst: User) -> None:
    run, fill = (f"/admin/connectors/feed/{feed.pk}/{word}/" for word in ("run", "back-fill"))
    assert page.get(run).status_code == 405
    for path in (run, fill):
        assert browser(analyst).post(path).status_code == 302
        assert "/login" in browser(analyst).post(path)["Location"]
    nobody = "/admin/connectors/feed/2b1e4c1e-0000-4000-8000-000000000000/run/"
    assert page.post(nobody).status_code == 404
    assert not Run.objects.exists()


def test_whoever_may_not_run_feeds_is_offered_nothing(page: Client, feed: Feed) -> None:
    Permission.objects.get(codename="add_run").group_set.clear()
    shown = page.get(address(feed, "change")).content.decode()
    for word in ("run", "back-fill"):
        assert f"/{feed.pk}/{word}/" not in shown
        assert page.post(f"/admin/connectors/feed/{feed.pk}/{word}/").status_code == 403
    assert "run_selected" not in page.get(address(Feed, "changelist")).content.decode()


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_whoever_is_not_staff_gets_no_page(role: str, feed: Feed, request: Any) -> None:
    client = browser(request.getfixturevalue(role))
    paths = [ADD, *(address(feed, name) for name in ("changelist", "change", "delete"))]
    assert {client.get(path).status_code for path in paths} == {302}


def test_deleting_asks_first_and_keeps_the_dataset(page: Client, feed: Feed) -> None:
    Run.objects.create(feed=feed, status=Status.SUCCEEDED)
    known(feed, "fetched")
    path = address(feed, "delete")
    shown = page.get(path).content.decode()
    assert "Are you sure" in shown
    assert "Runs: 1" in shown
    assert Feed.objects.exists()
    page.post(path, {"post": "yes"})
    assert not Feed.objects.exists()
    assert Dataset.objects.filter(pk=feed.dataset_id).exists()
    assert AuditEvent.objects.get(action="feed.deleted").object_id == str(feed.pk)


def test_selected_feeds_are_deleted_by_the_service(page: Client, feed: Feed) -> None:
    Run.objects.create(feed=feed, status=Status.SUCCEEDED)
    pressed = {"action": "delete_selected", "_selected_action": str(feed.pk)}
    assert "Are you sure" in page.post(address(Feed, "changelist"), pressed).content.decode()
    page.post(address(Feed, "changelist"), {**pressed, "post": "yes"})
    assert not Feed.objects.exists()
    assert AuditEvent.objects.filter(action="feed.deleted").count() == 1


# ------------------------------------------------------------------ how it fares


def test_a_feed_is_new_until_it_has_run(page: Client, feed: Feed) -> None:
    assert health_of(page) == ["new"]
    Run.objects.create(feed=feed, status=Status.CANCELLED)
    assert health_of(page) == ["new"]
    Run.objects.create(feed=feed, status=Status.SUCCEEDED)
    assert health_of(page) == ["well"]


def test_a_feed_is_failing_until_a_run_succeeds(page: Client, feed: Feed) -> None:
    Run.objects.create(feed=feed, status=Status.SUCCEEDED)
    Run.objects.create(feed=feed, status=Status.FAILED)
    assert health_of(page) == ["failing"]
    going = Run.objects.create(feed=feed, status=Status.RUNNING)
    assert health_of(page) == ["failing"]
    Run.objects.filter(pk=going.pk).update(status=Status.SUCCEEDED)
    assert health_of(page) == ["well"]


def test_a_feed_whose_page_was_refused_has_gaps(page: Client, feed: Feed) -> None:
    Run.objects.create(feed=feed, status=Status.PARTIAL)
    known(feed, "failed")
    assert health_of(page) == ["gaps"]


def test_late_and_gaps_are_told_together(page: Client, feed: Feed) -> None:
    Run.objects.create(feed=feed, status=Status.SUCCEEDED)
    due = timezone.now() - timedelta(minutes=5)
    Feed.objects.update(next_run_at=due)
    assert health_of(page) == ["well"]
    Feed.objects.update(next_run_at=due - timedelta(minutes=6))
    known(feed, "failed")
    assert health_of(page) == ["late", "gaps"]


def test_f_17_late_is_told_by_the_clock_of_the_database(
    page: Client, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run.objects.create(feed=feed, status=Status.SUCCEEDED)
    Feed.objects.update(next_run_at=Now() + timedelta(minutes=1))
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(hours=1))
    assert health_of(page) == ["well"]


def test_a_paused_feed_is_nothing_else(page: Client, feed: Feed) -> None:
    known(feed, "failed")
    Feed.objects.update(enabled=False)
    assert health_of(page) == ["paused"]


def test_what_is_known_is_drawn_and_what_is_not_would_be_asked_for(
    page: Client, feed: Feed
) -> None:
    known(feed, "failed")
    shown = page.get(address(feed, "change")).content.decode()
    assert 'class="coverage-failed"' in shown
    assert "2020-01-01 to 2020-01-08: asked in vain" in shown
    assert "1 requests to 1 places, 0:00:00 at least" in shown


def test_the_list_reads_no_coverage_and_the_page_of_a_feed_all_at_once(
    page: Client, feed: Feed
) -> None:
    known(feed, "failed", 1, 2)
    few = statements(page, address(feed, "change"))
    for day in range(2, 20):
        known(feed, "fetched", day, day + 1)
    assert len(statements(page, address(feed, "change"))) == len(few)
    listed = " ".join(statements(page, address(Feed, "changelist")))
    assert '"coverage"."start"' not in listed


def test_a_feed_whose_connector_is_gone_still_has_its_page(page: Client, feed: Feed) -> None:
    known(feed, "fetched")
    Feed.objects.update(connector="gone", product="nothing")
    answer = page.get(address(feed, "change"))
    assert answer.status_code == 200
    assert "Choose from" in answer.content.decode()
    assert "back-fill" not in answer.content.decode()
    fill = f"/admin/connectors/feed/{feed.pk}/back-fill/"
    assert messages_of(page.get(fill, follow=True)) == [
        "daily has no days to fill; run it instead."
    ]
