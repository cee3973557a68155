"""Applications: who may register which, where they may lead, and what admins see of them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import checks
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from accounts.models import AuditEvent, Login, User
from accounts.oauth2 import redirects
from accounts.services import oauth2
from accounts.tasks import tidy
from datastream.core import clock
from datastream.core.errors import ConflictError, InvalidInputError
from tests.accounts.oauth2_flow import (
    CALLBACK,
    access,
    ask,
    asking,
    decide,
    proof,
    read,
    register,
    renew,
)
from tests.admin import address, browser, filled, messages_of


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.org/callback",
        "https://app.example.org:8443/a/b?tenant=1",
        "https://intranet/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8080/",
        "http://[::1]:1234/cb",
    ],
)
def test_an_address_with_https_or_of_this_machine_may_be_registered(uri: str) -> None:
    assert redirects.fault_of(uri) == ""
    assert redirects.is_registered(uri, f"https://other.example.org/ {uri}")


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.org/callback",
        "http://localhost/cb",
        "http://127.0.0.1.evil.net/cb",
        "http://127.0.0.1@evil.net/cb",
        "https://user:pass@app.example.org/",
        "https://app.example.org/#fragment",
        "https://*.example.org/",
        "https://app.example.org/*",
        "https://APP.example.org/",
        "https://app.example.org:0/",
        "https://app.example.org:70000/",
        "https://app.example.org:/",
        "https://app..example.org/",
        "https://app.example.org\\@evil.net/",
        "https:///path",
        "https:app.example.org",
        "//app.example.org/",
        "myapp://callback",
        "javascript:alert(1)",
        "https://app.example.org/ x",
        "https://app.example.org/\n",
        "https://äpp.example.org/",
        "https://app.example.org/" + "a" * 500,
        "",
    ],
)
def test_other_addresses_may_not(analyst: User, uri: str) -> None:
    assert redirects.fault_of(uri)
    with pytest.raises(InvalidInputError) as refused:
        register(analyst, redirect_uris=[CALLBACK, uri])
    assert "redirect_uris" in refused.value.details


@pytest.mark.parametrize(
    "facts",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a" * 101},
        {"name": "a\x00b"},
        {"name": "a\u202eb"},
        {"redirect_uris": []},
        {"redirect_uris": [f"{CALLBACK}/{i}" for i in range(11)]},
        {"kind": "secret"},
        {"grants": "implicit"},
        {"grants": "credentials", "kind": "public"},
    ],
)
def test_an_application_that_makes_no_sense_is_refused(analyst: User, facts: Any) -> None:
    with pytest.raises(InvalidInputError):
        register(analyst, **facts)
    assert Application.objects.count() == 0


def test_the_secret_is_told_once_and_a_public_application_has_none(analyst: User) -> None:
    application, secret = oauth2.create_application(
        analyst, name="x", redirect_uris=[CALLBACK], kind="public"
    )
    assert secret is None
    with pytest.raises(InvalidInputError):
        oauth2.new_secret(application)
    for guess in ("", application.client_secret):
        answer = ask("/oauth2/introspect", application, guess or "x", token="x")
        assert answer.status_code == 401


def test_a_new_secret_ends_the_one_before(analyst: User) -> None:
    application, old = register(analyst, grants="credentials")
    new = oauth2.new_secret(application)
    fields = {"grant_type": "client_credentials"}
    assert ask("/oauth2/token", application, old, **fields).status_code == 401
    assert ask("/oauth2/token", application, new, **fields).status_code == 200


def test_a_user_has_twenty_applications_at_most(analyst: User) -> None:
    for _ in range(20):
        register(analyst)
    with pytest.raises(ConflictError):
        register(analyst)
    oauth2.delete_application(oauth2.applications_of(analyst)[0])
    register(analyst)


def test_what_happens_to_an_application_is_written_down_without_its_secret(analyst: User) -> None:
    application, secret = register(analyst)
    oauth2.change_application(
        application, name="Other", redirect_uris=[CALLBACK + "/2"], owner=analyst
    )
    new = oauth2.new_secret(application)
    oauth2.delete_application(application)
    events = AuditEvent.objects.filter(object_id=application.client_id).order_by("id")
    assert [one.action for one in events] == [
        "oauth2.application_created",
        "oauth2.application_changed",
        "oauth2.application_changed",
        "oauth2.application_deleted",
    ]
    text = str([one.details for one in events])
    assert secret not in text
    assert new not in text


def test_deleting_an_application_ends_its_tokens(analyst: User, steward: User) -> None:
    application, secret = register(steward)
    token = access(analyst, application, secret)["access_token"]
    oauth2.delete_application(application)
    assert read(token).status_code == 401


def test_ending_a_users_tokens_ends_those_of_their_programs(analyst: User, steward: User) -> None:
    application, secret = register(steward)
    others = access(steward, application, secret)["access_token"]
    mine = access(analyst, application, secret)
    own, its_secret = register(analyst, grants="credentials")
    acting = ask("/oauth2/token", own, its_secret, grant_type="client_credentials").json()
    oauth2.end_tokens(analyst)
    assert read(mine["access_token"]).status_code == 401
    assert read(acting["access_token"]).status_code == 401
    assert renew(application, secret, mine["refresh_token"]).status_code == 400
    assert read(others).status_code == 200


# ------------------------------------------------------------------ tidying


def test_what_has_expired_is_cleared_and_the_rest_is_kept(analyst: User, steward: User) -> None:
    application, secret = register(steward)
    old, live = access(analyst, application, secret), access(analyst, application, secret)
    renewed = renew(application, secret, live["refresh_token"]).json()
    decide(analyst, asking(application, proof()[1]))
    past = clock.now() - timedelta(days=15)
    Grant.objects.update(expires=past)
    first = RefreshToken.objects.order_by("pk")[0]
    AccessToken.objects.filter(pk=first.access_token_id).update(expires=past)
    Login.objects.create(user=analyst, refresh_id="x", expires_at=past)
    kept = Login.objects.create(
        user=analyst, refresh_id="y", expires_at=clock.now() + (clock.now() - past)
    )
    Session.objects.create(session_key="a" * 32, session_data="", expire_date=past)
    tidy()
    assert list(Login.objects.filter(user=analyst)) == [kept]
    assert not Session.objects.filter(session_key="a" * 32)
    assert Grant.objects.count() == 0
    assert renew(application, secret, old["refresh_token"]).status_code == 400
    assert read(renewed["access_token"]).status_code == 200
    # The used one is known still, and ends the family.
    assert renew(application, secret, live["refresh_token"]).status_code == 400
    assert read(renewed["access_token"]).status_code == 401


# ------------------------------------------------------------------ the admin, and the checks


def test_an_admin_registers_an_application_and_sees_its_secret_once(
    admin: User, analyst: User
) -> None:
    page = browser(admin)
    form = page.get(address(Application, "add"))
    sent = filled(
        form,
        name="For all", user=analyst.pk, client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=f"{CALLBACK}\nhttp://127.0.0.1/cb",
    )  # fmt: skip
    answer = page.post(address(Application, "add"), sent, follow=True)
    application = Application.objects.get()
    assert application.redirect_uris.split() == [CALLBACK, "http://127.0.0.1/cb"]
    told = next(message for message in messages_of(answer) if "secret" in message)
    secret = re.search(r"<code>(.+)</code>", told)
    assert secret
    again = page.get(address(application, "change")).content.decode()
    assert secret[1] not in again
    assert application.client_secret not in again
    assert ask("/oauth2/introspect", application, secret[1], token="x").json() == {"active": False}


def test_an_admin_gives_an_application_to_somebody_else(
    admin: User, analyst: User, steward: User
) -> None:
    application, secret = register(analyst, grants="credentials")
    fields = {"grant_type": "client_credentials"}
    token = ask("/oauth2/token", application, secret, **fields).json()["access_token"]
    page = browser(admin)
    form = page.get(address(application, "change"))
    page.post(address(application, "change"), filled(form, name="Renamed", user=steward.pk))
    application.refresh_from_db()
    assert (application.name, application.user) == ("Renamed", steward)
    assert read(token).status_code == 401
    page.post(address(application, "change"), filled(form, name="Renamed", user=""))
    application.refresh_from_db()
    assert application.user == steward


def test_an_admin_cannot_register_an_address_that_nobody_may(admin: User) -> None:
    page = browser(admin)
    form = page.get(address(Application, "add"))
    sent = filled(
        form,
        name="Evil", client_type="public", authorization_grant_type="authorization-code",
        redirect_uris="http://evil.example.net/",
    )  # fmt: skip
    answer = page.post(address(Application, "add"), sent, follow=True)
    assert Application.objects.count() == 0
    assert any("redirect_uris" in message for message in messages_of(answer))


def test_an_admin_ends_tokens_and_sees_none(admin: User, analyst: User, steward: User) -> None:
    application, secret = register(steward)
    given = access(analyst, application, secret)
    page = browser(admin)
    for model in (AccessToken, RefreshToken):
        row = model.objects.get()
        shown = page.get(address(model, "changelist")).content.decode()
        shown += page.get(address(row, "change")).content.decode()
        assert row.token_checksum not in shown
    chosen = {"action": "end_selected", "_selected_action": [AccessToken.objects.get().pk]}
    page.post(address(AccessToken, "changelist"), chosen)
    assert read(given["access_token"]).status_code == 401
    assert renew(application, secret, given["refresh_token"]).status_code == 400


def test_the_library_finds_nothing_to_warn_of() -> None:
    found = checks.run_checks(include_deployment_checks=True)
    assert [one for one in found if str(one.id).startswith("oauth2_provider")] == []
