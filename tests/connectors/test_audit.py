"""What the audit log holds of collecting: feeds, their runs, and what commands do."""

import json
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from connectors import services
from connectors.models import Feed, Run
from connectors.registry import connectors
from datasets.models import Dataset
from datastream.core import clock
from datastream.core.models import Status
from tests.admin import address, browser, filled
from tests.connectors.conftest import Ingest
from tests.factories import make_dataset

pytestmark = pytest.mark.django_db

PARAMETERS = {"stations": ["USW00024233"], "start": "2020-01-01", "end": "2020-12-31"}


def make_feed(dataset: Dataset, **more: Any) -> Feed:
    parameters: dict[str, Any] = {**PARAMETERS, **more}
    return services.make_feed(
        dataset, connectors["noaa"], name="daily", product="daily-summaries", parameters=parameters
    )


def told(**chosen: Any) -> list[str]:
    return list(AuditEvent.objects.filter(**chosen).order_by("pk").values_list("action", flat=True))


def test_a_feed_is_told_when_it_is_made_and_when_it_changes(dataset: Dataset) -> None:
    feed = make_feed(dataset)
    make_feed(dataset)
    assert told(object_id=str(feed.pk)) == ["feed.created"]
    make_feed(dataset, end="2021-12-31")
    assert told(object_id=str(feed.pk)) == ["feed.created", "feed.changed"]


def test_what_is_left_of_a_deleted_dataset_is_told_when_its_name_is_taken(
    dataset: Dataset, analyst: User
) -> None:
    left, other = make_feed(dataset), make_dataset(analyst)
    Dataset.objects.filter(pk=dataset.pk).update(deleted_at=clock.now())
    make_feed(other)
    assert told(object_id=str(left.pk)) == ["feed.created", "feed.deleted"]
    assert Feed.objects.get().dataset == other


def test_a_run_is_told_when_it_is_started(dataset: Dataset) -> None:
    run = services.start_run(make_feed(dataset))
    assert told(object_id=str(run.pk)) == ["feed.run"]


def test_a_feed_switched_off_in_the_admin_is_told_with_the_field(
    dataset: Dataset, admin: User
) -> None:
    feed, page = make_feed(dataset), browser(admin)
    path = address(feed, "change")
    sent = filled(page.get(path), enabled=None, parameters=json.dumps(feed.parameters))
    assert page.post(path, sent).status_code == 302
    feed.refresh_from_db()
    assert not feed.enabled
    event = AuditEvent.objects.get(action="feed.changed")
    assert event.user_id == admin.pk
    assert "enabled" in event.details["fields"]


def test_a_run_that_is_asked_for_again_in_the_admin_is_told(dataset: Dataset, admin: User) -> None:
    feed = make_feed(dataset)
    failed = Run.objects.create(feed=feed, status=Status.FAILED, parameters=feed.parameters)
    browser(admin).post(f"/admin/connectors/run/{failed.pk}/press/run_again/")
    event = AuditEvent.objects.get(action="feed.run")
    assert (event.user_id, event.credential) == (admin.pk, "session")
    assert event.object_id != str(failed.pk)


def test_the_samples_are_told_as_the_commands_doing(admin: User, ingest_command: Ingest) -> None:
    assert ingest_command("sample").code == 0
    made = AuditEvent.objects.filter(action="dataset.created")
    written = AuditEvent.objects.filter(action="points.written")
    assert made.count() == written.count() > 0
    for event in (*made, *written):
        assert (event.credential, event.credential_id) == ("command", "ingest")
        assert (event.address, event.request_id) == (None, "")
