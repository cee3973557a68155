"""The admin's pages on collection."""

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import AuditEvent, User
from connectors.models import Coverage, Document, Feed, ProviderCredential, Run
from datasets.models import Dataset
from datastream.core.models import Status
from tests.admin import address, browser, filled, messages_of, statements

pytestmark = pytest.mark.slow

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PARAMETERS = {"stations": ["USW00024233"], "start": "2020-01-01", "end": "2020-12-31"}
ASKED = {
    "path": "/v1", "params": {}, "place": {"station": "USW00024233", "variables": ""},
    "window": {"start": "2020-01-01", "end": "2021-01-01"}, "json": None, "headers": {}, "page": 0,
}  # fmt: skip


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


# ------------------------------------------------------------------ one run


def test_a_run_shows_how_far_it_is_and_which_rows_were_left_out(page: Client, feed: Feed) -> None:
    left_out = {
        "station": "USW00024233", "start": "2020-01-01", "row": 7, "field": "TMAX",
        "message": "<b>not a number</b>",
    }  # fmt: skip
    run = Run.objects.create(
        feed=feed, status=Status.PARTIAL, planned=1200, checkpoint=30, received=5000, rejected=1,
        rejections=[left_out], notes=["a <i>column</i> nobody knows"],
    )  # fmt: skip
    shown = page.get(address(run, "change")).content.decode()
    assert "30 of 1,200" in shown
    assert (
        "<td>USW00024233</td><td>2020-01-01</td><td>7</td><td>TMAX</td>"
        "<td>&lt;b&gt;not a number&lt;/b&gt;</td>"
    ) in shown
    assert "<p>a &lt;i&gt;column&lt;/i&gt; nobody knows</p>" in shown
    assert "5,000 received, 1 rejected" in page.get(address(Run, "changelist")).content.decode()


@pytest.mark.parametrize(
    ("status", "button"),
    [
        (Status.QUEUED, "cancel"),
        (Status.RUNNING, "cancel"),
        (Status.SUCCEEDED, "run_again"),
        (Status.PARTIAL, "run_again"),
        (Status.FAILED, "run_again"),
        (Status.CANCELLED, "run_again"),
    ],
)
def test_a_run_can_be_cancelled_only_while_it_goes_on(
    status: str, button: str, page: Client, feed: Feed
) -> None:
    run = Run.objects.create(feed=feed, status=status)
    buttons = page.get(address(run, "change")).context["buttons"]
    assert list(buttons) == [button]


def test_a_run_is_cancelled_by_its_button_and_told(page: Client, feed: Feed, admin: User) -> None:
    run = Run.objects.create(feed=feed, status=Status.RUNNING)
    path = f"/admin/connectors/run/{run.pk}/press/cancel/"
    assert page.post(path)["Location"] == address(run, "change")
    run.refresh_from_db()
    assert run.status == Status.CANCELLED
    assert AuditEvent.objects.get(action="feed.run_cancelled").user_id == admin.pk
    answer = page.post(path, follow=True)
    assert messages_of(answer) == ["It is done already."]


# ------------------------------------------------------------------ raw answers


@pytest.fixture
def document(failed: Run) -> Document:
    """An answer in two parts, which would be a page with a script."""
    packed = gzip.compress(b"<script>alert(1)</script>")
    first, _ = (
        Document.objects.create(
            feed_id=failed.feed_id, run_id=failed.pk, sequence=3, part=part, body=body, status=200,
            request=ASKED, headers={"content-type": "text/html"}, received_at=FIRST,
        )
        for part, body in enumerate((packed[:10], packed[10:]))
    )  # fmt: skip
    return first


def test_an_answer_is_saved_as_it_came_and_shown_by_no_browser(
    page: Client, document: Document, admin: User
) -> None:
    path = f"/admin/connectors/document/{document.pk}/answer/"
    saved = page.get(path)
    assert b"".join(saved.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["X-Content-Type-Options"] == "nosniff"
    assert saved["Content-Disposition"] == f'attachment; filename="{document.run_id}-3.bin"'
    event = AuditEvent.objects.get(action="document.downloaded")
    assert (event.user_id, event.object_id) == (admin.pk, str(document.pk))
    assert page.post(path).status_code == 405


def test_an_answer_is_for_those_who_may_see_documents(
    page: Client, document: Document, analyst: User
) -> None:
    path = f"/admin/connectors/document/{document.pk}/answer/"
    assert browser(analyst).get(path).status_code == 302
    assert page.get(path.replace(str(document.pk), str(uuid4()))).status_code == 404
    Permission.objects.get(codename="view_document").group_set.clear()
    assert page.get(path).status_code == 403


def test_a_feed_leads_to_its_documents_and_runs(page: Client, document: Document) -> None:
    make_rows(1)
    for model, name in ((Document, "feed_id__exact"), (Run, "feed__id__exact")):
        answer = page.get(address(model, "changelist"), {name: str(document.feed_id)})
        rows = answer.context["cl"].result_list
        assert {row.feed_id for row in rows} == {document.feed_id}
