"""The admin as a whole: who gets in, and that every page of it answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin as framework
from django.contrib.auth.models import Group
from django.db.models import Model
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from accounts.models import AuditEvent, Login, User
from accounts.services import audit, keys, oauth2
from analyses.models import Analysis
from connectors.models import Coverage, Document, Feed, ProviderCredential, Run
from datasets.models import Dataset, Export, Receipt, Revision, Share, Station, Variable
from tests.admin import address, browser
from tests.factories import PASSWORD, days, write
from visualizations.models import Visualization

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADDED_HERE = {User, Dataset, Station, Variable, Share, Feed, ProviderCredential, Application}


@pytest.fixture
def rows(dataset: Dataset, analyst: User) -> list[Model]:
    """One row of everything that the admin knows."""
    write(dataset, days(3))
    feed = Feed.objects.create(
        name="feed", connector="noaa", product="daily-summaries", dataset=dataset
    )
    return [
        dataset,
        *(model.objects.get() for model in (Station, Receipt, Revision)),
        Variable.objects.filter(dataset=dataset)[0],
        Share.objects.create(dataset=dataset, user=analyst, permission="view"),
        feed,
        Run.objects.create(feed=feed),
        Coverage.objects.create(feed=feed, start=NOW, end=NOW.replace(year=2027), state="due"),
        Document.objects.create(
            feed_id=feed.pk, run_id=uuid4(), sequence=0, request={}, status=200, headers={},
            body=b"x", received_at=NOW,
        ),
        ProviderCredential.objects.create(
            connector="noaa", owner=analyst, label="mine", secret="hidden"
        ),
        Analysis.objects.create(
            user=analyst, dataset=dataset, type="trend", dataset_revision=1, method_version=1
        ),
        Visualization.objects.create(owner=analyst, title="picture", kind="line", dataset=dataset),
        Export.objects.create(dataset=dataset, user=analyst, format="csv"),
        analyst,
        Group.objects.get(name="analyst"),
        Login.objects.create(user=analyst, refresh_id="x", expires_at=NOW),
        Authenticator.objects.create(user=analyst, type="totp", data={"secret": "x"}),
        keys.create(analyst, name="a key", scopes=["data:read"])[0],
        noted(analyst),
        *given_access(analyst),
    ]  # fmt: skip


def noted(user: User) -> AuditEvent:
    audit.record("login", of=("user", user.pk), user_id=user.pk)
    return AuditEvent.objects.filter(user_id=user.pk)[0]


def given_access(user: User) -> list[Model]:
    """An application, and all that it can have of a user."""
    uri = "https://app.example/"
    application, _ = oauth2.create_application(user, name="app", redirect_uris=[uri])
    access = AccessToken.objects.create(
        user=user, application=application, token="a", scope="data:read", expires=NOW
    )
    return [
        application,
        Grant.objects.create(
            user=user, application=application, code="c", expires=NOW, redirect_uri=uri
        ),
        access,
        RefreshToken.objects.create(
            user=user, application=application, token="r", access_token=access, token_family=uuid4()
        ),
    ]


def pages(rows: list[Model]) -> list[str]:
    return [address(row, page) for row in rows for page in ("changelist", "change")] + [
        address(model, "add") for model in ADDED_HERE
    ]


def test_every_page_answers_an_admin(admin: User, rows: list[Model]) -> None:
    client = browser(admin)
    answers = {path: client.get(path).status_code for path in pages(rows)}
    assert set(answers.values()) == {200}, answers


def test_the_rows_are_of_every_model_of_the_admin(rows: list[Model]) -> None:
    assert {type(row) for row in rows} == set(framework.site._registry)


def test_an_analyst_is_sent_to_the_sign_in_from_every_page(
    analyst: User, rows: list[Model]
) -> None:
    client = browser(analyst)
    answers = {path: client.get(path).status_code for path in pages(rows)}
    assert set(answers.values()) == {302}, answers


def test_nothing_can_be_added_that_only_services_make(admin: User, rows: list[Model]) -> None:
    client = browser(admin)
    models = {type(row) for row in rows} - ADDED_HERE
    answers = {model: client.get(address(model, "add")).status_code for model in models}
    assert set(answers.values()) == {403}, answers


@pytest.mark.parametrize("word", ["\x00", "2b1e4c1e-0000-4000-8000-000000000000"])
def test_every_list_can_be_searched_for_any_word(admin: User, rows: list[Model], word: str) -> None:
    client = browser(admin)
    answers = {
        type(row): client.get(address(row, "changelist"), {"q": word}).status_code for row in rows
    }
    assert set(answers.values()) == {200}, answers


def test_pages_have_no_styles_or_scripts_of_their_own(admin: User, rows: list[Model]) -> None:
    client = browser(admin)
    for path in [*pages(rows), "/admin/"]:
        page = client.get(path).content.decode()
        assert " style=" not in page, path
        assert "<style" not in page, path
        assert "<script>" not in page, path


def test_the_front_page_counts_what_there_is(admin: User, rows: list[Model]) -> None:
    apps = browser(admin).get("/admin/").context["app_list"]
    counts = {entry["object_name"]: entry.get("count") for app in apps for entry in app["models"]}
    assert counts["Dataset"] == 1
    assert counts["Receipt"] is None


def test_changing_ones_own_password_ends_the_sign_ins_through_the_api(
    admin: User, client_of: Callable[[Any], Any]
) -> None:
    client_of(admin)
    new = "another-long-secret-7"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    answer = browser(admin).post("/admin/password_change/", sent)
    admin.refresh_from_db()
    assert answer.status_code == 302
    assert admin.check_password(new)
    assert Login.objects.get(user=admin).ended_at is not None


def test_ones_own_password_needs_the_present_one(admin: User) -> None:
    new = "another-long-secret-7"
    sent = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    assert browser(admin).post("/admin/password_change/", sent).status_code == 200
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)
