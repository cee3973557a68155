"""The account page: what it shows, what its forms do, and what it tells nobody else."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from datastream.core import origin
from tests.factories import PASSWORD, make_user
from tests.pages.conftest import Browser, Page

OWN = (
    "/account/",
    "/account/email/",
    "/account/password/change/",
    "/account/keys/",
    "/account/applications/",
    "/account/grants/",
    "/account/sessions/",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/activity/",
    "/account/elsewhere/",
    "/account/logout/",
)
NEW = "another-long-sentence-7"


@pytest.mark.parametrize("path", OWN)
def test_every_page_answers_who_is_signed_in(mine: Browser, path: str) -> None:
    answer = mine.get(path)
    assert answer.status_code == 200, answer.get("Location")
    assert answer["Cache-Control"] == "private, no-store"
    page = Page(answer)
    assert page.title.endswith("· DataStream Pro")
    assert not page.title.startswith("DataStream")


@pytest.mark.parametrize("path", OWN[:-1])
def test_every_page_sends_a_stranger_to_the_sign_in(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


@pytest.mark.parametrize("path", [*OWN, "/account/login/", "/account/signup/"])
def test_pages_have_no_script_or_style_of_their_own_and_a_skip_link(
    mine: Browser, path: str
) -> None:
    client: Client = mine if path in OWN else Client()
    page = Page(client.get(path))
    assert page.all("script") == []
    assert page.all("style") == []
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        for name in ("href", "src", "action"):
            where = attributes.get(name) or "/"
            assert where.startswith(("/", "#", "data:image/svg+xml;base64,")), where
    assert page.all("a")[0]["href"] == "#main"
    assert [one["id"] for one in page.all("main")] == ["main"]


@pytest.mark.parametrize("path", [*OWN, "/account/login/"])
def test_every_field_has_a_label(mine: Browser, path: str) -> None:
    page = Page((mine if path in OWN else Client()).get(path))
    labelled = {label.get("for") for label in page.all("label")}
    shown = [one for one in page.all("input") if one.get("type") != "hidden"]
    for field in [*shown, *page.all("select"), *page.all("textarea")]:
        assert field["id"] in labelled, field


def test_the_profile_says_who_one_is(mine: Browser, analyst: User) -> None:
    text = mine.page("/account/").text
    for word in (analyst.username, analyst.email, "analyst", f"{analyst.created_at:%Y-%m-%d}"):
        assert word in text


def test_an_e_mail_address_is_changed_with_the_password(mine: Browser, analyst: User) -> None:
    sent = {"email": "new@example.org", "current_password": PASSWORD}
    assert mine.post("/account/email/", sent)["Location"] == "/account/"
    analyst.refresh_from_db()
    assert analyst.email == "new@example.org"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"email": "a@example.org", "current_password": "wrong"}, "This is not your password."),
        ({"email": "taken@example.org", "current_password": PASSWORD}, "is taken."),
        ({"email": "no address", "current_password": PASSWORD}, "Enter a valid email address."),
    ],
)
def test_an_e_mail_address_that_is_refused_stays(
    mine: Browser, analyst: User, sent: dict[str, str], says: str
) -> None:
    make_user(email="taken@example.org")
    answer = mine.post("/account/email/", sent)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    analyst.refresh_from_db()
    assert analyst.email == f"{analyst.username}@example.org"


def test_k_07_a_changed_password_ends_every_other_session_and_token(
    mine: Browser, analyst: User, client_of: Any
) -> None:
    program, other = client_of(analyst), Browser()
    other.sign_in(analyst)
    before = mine.session.session_key
    sent = {"current_password": PASSWORD, "new_password": NEW, "again": NEW}
    assert mine.post("/account/password/change/", sent)["Location"] == "/account/"
    assert program.get("/api/v1/users/me").status_code == 401
    assert other.get("/account/").status_code == 302
    assert mine.get("/account/").status_code == 200
    assert mine.session.session_key != before
    assert Browser().sign_in(analyst).status_code == 200
    assert Browser().sign_in(analyst, NEW).status_code == 302


@pytest.mark.parametrize(
    ("new", "again", "now", "says"),
    [
        (NEW, NEW, "wrong", "This is not your password."),
        ("short", "short", PASSWORD, "too short"),
        (NEW, "something-else-1", PASSWORD, "This is not the same."),
        ("x" * 129, "x" * 129, PASSWORD, "at most 128"),
    ],
)
def test_a_password_that_is_refused_stays(
    mine: Browser, analyst: User, new: str, again: str, now: str, says: str
) -> None:
    sent = {"current_password": now, "new_password": new, "again": again}
    answer = mine.post("/account/password/change/", sent)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    analyst.refresh_from_db()
    assert analyst.check_password(PASSWORD)


def test_forms_never_give_a_password_back(mine: Browser) -> None:
    sent = {"current_password": "wrong-one", "new_password": NEW, "again": NEW}
    text = mine.post("/account/password/change/", sent).content.decode()
    assert NEW not in text
    assert "wrong-one" not in text


def test_the_activity_lists_what_one_did_and_not_what_others_did(
    mine: Browser, analyst: User
) -> None:
    origin.end()
    other = make_user()
    Browser().sign_in(other)
    event = AuditEvent.objects.filter(user_id=analyst.pk, action="login").get()
    assert event.credential == "session"
    page = mine.page("/account/activity/")
    assert "login" in page.text
    assert str(other.pk)[:8] not in page.text


def test_the_activity_costs_the_same_however_long_it_is(
    mine: Browser, analyst: User, django_assert_max_num_queries: Any
) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(user_id=analyst.pk, action="export", outcome="done") for _ in range(80)
    )
    with django_assert_max_num_queries(4):
        page = mine.page("/account/activity/")
    assert page.text.count("<tr>") == 51


def test_registering_is_closed_unless_it_is_open(browser: Browser, settings: Any) -> None:
    assert "Ask an admin" in browser.page("/account/signup/", 403).text
    sent = {"username": "newcomer", "email": "newcomer@example.org", "password": NEW}
    assert browser.post("/account/signup/", sent).status_code == 403
    settings.OPEN_REGISTRATION = True
    assert browser.post("/account/signup/", sent)["Location"] == "/account/login/"
    made = User.objects.get(username="newcomer")
    assert made.roles == ["analyst"]
    assert browser.sign_in(made, NEW).status_code == 302


def test_registering_twice_under_one_name_is_refused_on_the_form(
    browser: Browser, settings: Any, analyst: User
) -> None:
    settings.OPEN_REGISTRATION = True
    sent = {"username": analyst.username.upper(), "email": "x@example.org", "password": NEW}
    answer = browser.post("/account/signup/", sent)
    assert answer.status_code == 200
    assert "This user name is taken." in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/account/password/reset/",
        "/account/confirm-email/",
        "/account/login/code/",
        "/account/2fa/webauthn/",
        "/account/3rdparty/",
        "/account/2fa/recovery-codes/download/",
        "/account/social/login/error/",
        "/account/oidc/login/",
        "/account/oidc/callback/",
    ],
)
def test_pages_of_the_library_that_nobody_wants_are_not_there(mine: Browser, path: str) -> None:
    assert mine.get(path).status_code == 404
