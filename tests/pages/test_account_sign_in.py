"""Signing in and out with a browser: who gets in, where they go then, what a session is."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from datastream.env import Rate
from tests.factories import PASSWORD
from tests.pages.conftest import Browser, Page


@pytest.mark.parametrize("word", ["username", "email"])
def test_one_signs_in_by_user_name_or_e_mail_address(
    browser: Browser, analyst: User, word: str
) -> None:
    sent = {"login": getattr(analyst, word).upper(), "password": PASSWORD}
    answer = browser.post("/account/login/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert browser.get("/api/v1/users/me").json()["username"] == analyst.username


def test_a_wrong_password_and_an_unknown_name_look_alike(browser: Browser, analyst: User) -> None:
    said = []
    for name in (analyst.username, "nobody-of-this-name", "nobody@example.org"):
        answer = browser.post("/account/login/", {"login": name, "password": "not-this-one"})
        assert answer.status_code == 200
        said.append([line for line in answer.content.decode().splitlines() if "errors" in line])
    assert said[0]
    assert said[0] == said[1] == said[2]


def test_who_is_deactivated_is_told_no_more_than_anyone(browser: Browser, analyst: User) -> None:
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    answer = browser.sign_in(analyst)
    assert answer.status_code == 200
    assert "The user name or the password is wrong." in answer.content.decode()


def test_a_session_ends_with_the_deactivation(mine: Browser, analyst: User) -> None:
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    assert mine.get("/account/").status_code == 302
    assert mine.get("/api/v1/users/me").status_code == 401


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("/admin/", "/admin/"),
        ("/account/keys/?x=1", "/account/keys/?x=1"),
        ("https://evil.example/", "/account/"),
        ("//evil.example/", "/account/"),
        ("/\\evil.example/", "/account/"),
        ("/\t/evil.example/", "/account/"),
        ("http:///evil.example", "/account/"),
        ("https://testserver/account/keys/", "/account/"),
        ("javascript:alert(1)", "/account/"),
    ],
)
def test_one_is_led_to_our_own_pages_only(
    browser: Browser, analyst: User, wanted: str, there: str
) -> None:
    assert browser.sign_in(analyst, next=wanted)["Location"] == there


def test_the_session_of_a_stranger_is_not_that_of_who_signs_in(
    browser: Browser, analyst: User
) -> None:
    session = browser.session
    session["planted"] = True
    session.save()
    before = str(session.session_key)
    browser.sign_in(analyst)
    assert browser.session.session_key != before
    assert not type(session)(before).exists(before)


def test_who_signs_in_as_somebody_else_gets_nothing_of_the_first_session(
    mine: Browser, viewer: User
) -> None:
    mine.post("/account/logout/")
    before = mine.session.session_key
    mine.sign_in(viewer)
    assert mine.session.session_key != before
    assert mine.get("/api/v1/users/me").json()["username"] == viewer.username


def test_the_cookie_is_for_the_server_alone_and_goes_with_the_browser(
    browser: Browser, analyst: User
) -> None:
    cookie = browser.sign_in(analyst).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == ""
    kept = Browser().sign_in(analyst, remember="on").cookies["sessionid"]
    assert 14 * 24 * 3600 - 60 < kept["max-age"] <= 14 * 24 * 3600


def test_what_is_done_in_a_session_does_not_prolong_it(browser: Browser, analyst: User) -> None:
    browser.sign_in(analyst, remember="on")
    ends = browser.session.get_expiry_date()
    session = browser.session
    session["something"] = "done"
    session.save()
    assert browser.session.get_expiry_date() == ends


def test_signing_out_takes_a_click_and_ends_the_session(mine: Browser, analyst: User) -> None:
    key = str(mine.session.session_key)
    store = type(mine.session)
    mine.page("/account/logout/")
    assert mine.get("/account/").status_code == 200
    assert mine.post("/account/logout/")["Location"] == "/account/login/"
    assert mine.get("/account/").status_code == 302
    assert not store(key).exists(key)
    actions = AuditEvent.objects.filter(user_id=analyst.pk).values_list("action", flat=True)
    assert {"login", "logout"} <= set(actions)


def test_forms_without_the_token_of_the_page_are_refused(analyst: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    sent = {"login": analyst.username, "password": PASSWORD}
    assert strict.post("/account/login/", sent).status_code == 403
    strict.force_login(analyst)
    for path in ("password/change/", "email/", "logout/", "sessions/others/end/", "keys/"):
        assert strict.post(f"/account/{path}").status_code == 403, path


def test_too_many_tries_are_a_page_that_says_when_to_come_back(
    browser: Browser, analyst: User, settings: Any
) -> None:
    settings.RATE_LOGINS_ACCOUNT = Rate(2, 900)
    for _ in range(2):
        assert browser.sign_in(analyst, "not-this-one").status_code == 200
    answer = browser.sign_in(analyst)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 900
    assert "Too many failed sign-ins" in Page(answer).text


def test_pages_ask_again_for_the_password_after_a_while(mine: Browser) -> None:
    session = mine.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 16 * 60
    session["account_authentication_methods"] = session["account_authentication_methods"]
    session.save()
    for path in ("keys/", "applications/", "email/", "2fa/totp/activate/"):
        answer = mine.get(f"/account/{path}")
        assert answer.status_code == 302, path
        assert answer["Location"].startswith("/account/reauthenticate/?next=%2Faccount%2F"), path
    assert mine.get("/account/sessions/").status_code == 200
    sent = {"email": "x@example.org", "current_password": PASSWORD}
    assert mine.post("/account/email/", sent).status_code == 302
    assert PASSWORD not in str(dict(mine.session))
    wrong = mine.post("/account/reauthenticate/?next=/account/keys/", {"password": "not this"})
    assert "This is not your password." in wrong.content.decode()
    right = mine.post("/account/reauthenticate/?next=/account/keys/", {"password": PASSWORD})
    assert right["Location"] == "/account/keys/"
    assert mine.get("/account/keys/").status_code == 200


def test_the_front_page_leads_to_the_account(browser: Browser) -> None:
    assert "/account/" in {link.get("href") for link in browser.page("/").all("a")}
