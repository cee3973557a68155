"""The admin's pages on collection."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from connectors.models import Coverage, Document, Feed, ProviderCredential, Run
from datasets.models import Dataset
from datastream.core.models import Status
from tests.admin import address, browser, filled, messages_of, statements

pytestmark = pytest.mark.slow

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PARAMETERS = {"stations": ["USW00024233"], "start": "2020-01-01", "end": "2020-12-31"}


@pytest.fixture
def page(admin: User) -> Client:
    return browser(admin)


@pytest.fixture
def feed(dataset: Dataset) -> Feed:
    return Feed.objects.create(
        name="daily", connector="noaa", product="daily-summaries", dataset=dataset,
        parameters=PARAMETERS,
    )  # fmt: skip


@pytest.fixture
def failed(feed: Feed) -> Run:
    return Run.objects.create(feed=feed, status=Status.FAILED, parameters=PARAMETERS)


def make_rows(n: int) -> None:
    """`n` feeds into as many datasets, each with one of everything."""
    for _ in range(n):
        name = uuid4().hex
        owner = User.objects.create(username=name, email=f"{name}@example.org")
        dataset = Dataset.objects.create(owner=owner, name="one")
        feed = Feed.objects.create(name=name, connector="noaa", product="p", dataset=dataset)
        run = Run.objects.create(feed=feed, status=Status.FAILED)
        Coverage.objects.create(
            feed=feed, start=FIRST, end=FIRST + timedelta(days=1), state="fetched"
        )
        Document.objects.create(
            feed_id=feed.pk, run_id=run.pk, sequence=0, request={"path": "/v1"}, status=200,
            headers={}, body=b"x", received_at=FIRST,
        )  # fmt: skip
        ProviderCredential.objects.create(
            connector="noaa", owner=owner, label="mine", secret="s3cret"
        )


@pytest.mark.parametrize("model", [Feed, Run, Coverage, Document, ProviderCredential])
def test_a_list_costs_no_query_for_each_row(page: Client, model: Any) -> None:
    make_rows(2)
    few = statements(page, address(model, "changelist"))
    make_rows(18)
    assert len(statements(page, address(model, "changelist"))) == len(few)


def test_a_failed_run_is_run_again_by_its_button(page: Client, failed: Run) -> None:
    answer = page.post(f"/admin/connectors/run/{failed.pk}/press/run_again/", follow=True)
    again = Run.objects.get(status=Status.QUEUED)
    assert again.parameters == failed.parameters
    assert answer.redirect_chain[0][0] == address(again, "change")


def test_selected_runs_are_run_again(
    page: Client, failed: Run, django_capture_on_commit_callbacks: Any
) -> None:
    sent = {"action": "run_selected_again", "_selected_action": str(failed.pk)}
    with django_capture_on_commit_callbacks() as queued:
        page.post(address(Run, "changelist"), sent)
    assert Run.objects.get(status=Status.QUEUED).feed == failed.feed
    assert len(queued) == 1


def test_a_feed_that_runs_already_is_told_of(page: Client, failed: Run) -> None:
    Run.objects.create(feed=failed.feed, status=Status.RUNNING)
    answer = page.post(f"/admin/connectors/run/{failed.pk}/press/run_again/", follow=True)
    assert messages_of(answer)[0].startswith("The feed is running already")
    sent = {"action": "run_selected_again", "_selected_action": str(failed.pk)}
    answer = page.post(address(Run, "changelist"), sent, follow=True)
    assert messages_of(answer)[0].startswith("Run of daily: The feed is running already")


def test_buttons_are_pressed_by_post_and_by_admins_only(
    page: Client, failed: Run, analyst: User
) -> None:
    path = f"/admin/connectors/run/{failed.pk}/press/run_again/"
    assert page.get(path).status_code == 405
    assert browser(analyst).post(path).status_code == 302
    assert page.post(path.replace("run_again", "delete")).status_code == 404
    assert Run.objects.count() == 1


def test_parameters_that_the_connector_refuses_are_not_stored(page: Client, feed: Feed) -> None:
    path = address(feed, "change")
    answer = page.post(path, filled(page.get(path), parameters='{"stations": 7}'))
    feed.refresh_from_db()
    assert answer.context["errors"]
    assert feed.parameters == PARAMETERS


def test_a_feed_is_switched_off(page: Client, feed: Feed) -> None:
    path = address(feed, "change")
    page.post(path, filled(page.get(path), enabled=None))
    feed.refresh_from_db()
    assert not feed.enabled


def test_the_secret_of_a_credential_is_neither_read_nor_shown(page: Client) -> None:
    make_rows(1)
    credential = ProviderCredential.objects.get()
    path = address(credential, "change")
    assert not [s for s in statements(page, path) if '"secret"' in s]
    assert "s3cret" not in page.get(path).content.decode()
    assert "secret" not in page.get(path).context["adminform"].form.fields
    assert "(secret)" not in page.get(path).content.decode()


def test_the_body_of_a_document_is_not_read(page: Client) -> None:
    make_rows(1)
    for path in (address(Document, "changelist"), address(Document.objects.get(), "change")):
        assert not [s for s in statements(page, path) if '"body"' in s]


def test_a_run_leads_to_the_answers_it_got(page: Client) -> None:
    make_rows(2)
    run = Run.objects.all()[0]
    answer = page.get(address(Document, "changelist"), {"run_id__exact": str(run.pk)})
    assert [document.run_id for document in answer.context["cl"].result_list] == [run.pk]
