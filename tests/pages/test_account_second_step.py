"""The second step: codes from an app, recovery codes, and the admin that asks for them."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from accounts.models import AuditEvent, User
from datastream.core import encryption
from datastream.env import Rate
from tests.factories import PASSWORD
from tests.pages.conftest import Browser, Page

ACTIVATE = "/account/2fa/totp/activate/"


def code(secret: str, steps_ahead: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps_ahead)))


def secret_on(page: Page) -> str:
    (secret,) = re.findall(r'id="authenticator-secret"[^>]*>([A-Z2-7]+)<', page.text)
    return str(secret)


def switch_on(browser: Browser) -> tuple[str, list[str]]:
    """Switch the second step on as a person does; the secret and the recovery codes."""
    secret = secret_on(browser.page(ACTIVATE))
    answer = browser.post(ACTIVATE, {"code": code(secret)})
    assert answer["Location"] == "/account/2fa/recovery-codes/", answer.content
    page = browser.page("/account/2fa/recovery-codes/")
    return secret, re.findall(r"<li>(\d{8})</li>", page.text)


@pytest.fixture
def protected(mine: Browser, analyst: User) -> tuple[str, list[str]]:
    return switch_on(mine)


@pytest.fixture(autouse=True)
def with_commits(django_capture_on_commit_callbacks: Any) -> Any:
    """What the library announces after the commit is announced."""
    with django_capture_on_commit_callbacks(execute=True):
        yield


def test_the_secret_is_shown_as_a_picture_and_in_text(mine: Browser) -> None:
    page = mine.page(ACTIVATE)
    (picture,) = page.all("img")
    assert str(picture["src"]).startswith("data:image/svg+xml;base64,")
    assert picture["alt"]
    assert re.fullmatch(r"[A-Z2-7]{32}", secret_on(page))


def test_a_wrong_code_switches_nothing_on(mine: Browser, analyst: User) -> None:
    secret = secret_on(mine.page(ACTIVATE))
    answer = mine.post(ACTIVATE, {"code": "000000" if code(secret) != "000000" else "000001"})
    assert "This is not the code." in answer.content.decode()
    assert not Authenticator.objects.filter(user=analyst).exists()


def test_the_secret_is_encrypted_and_shown_once(
    mine: Browser, analyst: User, protected: tuple[str, list[str]]
) -> None:
    secret, codes = protected
    stored = Authenticator.objects.get(user=analyst, type="totp").data["secret"]
    assert secret not in str(stored)
    assert encryption.decrypt(stored) == secret
    assert len(codes) == 10
    for path in ("/account/2fa/recovery-codes/", "/account/2fa/", "/account/activity/"):
        text = mine.page(path).text
        assert not any(one in text for one in (secret, *codes)), path
    assert mine.get(ACTIVATE)["Location"] == "/account/2fa/totp/deactivate/"
    seed = Authenticator.objects.get(user=analyst, type="recovery_codes").data["seed"]
    assert encryption.decrypt(seed)


def test_signing_in_takes_the_password_and_a_code(
    analyst: User, protected: tuple[str, list[str]]
) -> None:
    browser = Browser()
    assert browser.sign_in(analyst)["Location"] == "/account/2fa/authenticate/"
    assert browser.get("/account/").status_code == 302
    assert browser.get("/api/v1/users/me").status_code == 401
    browser.page("/account/2fa/authenticate/")
    before = browser.session.session_key
    answer = browser.post("/account/2fa/authenticate/", {"code": code(protected[0], 1)})
    assert answer["Location"] == "/account/"
    assert browser.session.session_key != before
    assert browser.get("/account/").status_code == 200


def test_a_wrong_code_lets_nobody_in_and_is_written_down(
    analyst: User, protected: tuple[str, list[str]]
) -> None:
    browser = Browser()
    browser.sign_in(analyst)
    wrong = "999999" if code(protected[0]) != "999999" else "999998"
    answer = browser.post("/account/2fa/authenticate/", {"code": wrong})
    assert "This is not the code." in answer.content.decode()
    assert browser.get("/account/").status_code == 302


def test_a_code_is_good_once(analyst: User, protected: tuple[str, list[str]]) -> None:
    good = code(protected[0], 1)
    first, second = Browser(), Browser()
    for browser in (first, second):
        browser.sign_in(analyst)
        browser.post("/account/2fa/authenticate/", {"code": good})
    assert first.get("/account/").status_code == 200
    assert second.get("/account/").status_code == 302


def test_a_recovery_code_is_good_once(analyst: User, protected: tuple[str, list[str]]) -> None:
    first, second = Browser(), Browser()
    for browser in (first, second):
        browser.sign_in(analyst)
        browser.post("/account/2fa/authenticate/", {"code": protected[1][3]})
    assert first.get("/account/").status_code == 200
    assert second.get("/account/").status_code == 302


def test_codes_cannot_be_guessed_for_long(
    analyst: User, protected: tuple[str, list[str]], settings: Any
) -> None:
    settings.RATE_LOGINS_ACCOUNT = Rate(5, 900)
    statuses = []
    for _ in range(8):
        browser = Browser()
        browser.sign_in(analyst)
        statuses.append(browser.post("/account/2fa/authenticate/", {"code": "1"}).status_code)
    assert statuses[:5] == [200] * 5
    assert statuses[-1] == 429
    answer = browser.post("/account/2fa/authenticate/", {"code": code(protected[0], 1)})
    assert answer.status_code == 429


def test_new_recovery_codes_end_the_old_ones(
    mine: Browser, analyst: User, protected: tuple[str, list[str]]
) -> None:
    mine.page("/account/2fa/recovery-codes/generate/")
    assert mine.post("/account/2fa/recovery-codes/generate/").status_code == 302
    page = mine.page("/account/2fa/recovery-codes/")
    codes = re.findall(r"<li>(\d{8})</li>", page.text)
    assert len(codes) == 10
    assert not set(codes) & set(protected[1])


def test_switching_it_off_leaves_nothing(
    mine: Browser, analyst: User, protected: tuple[str, list[str]]
) -> None:
    mine.page("/account/2fa/totp/deactivate/")
    assert mine.post("/account/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=analyst).exists()
    assert Browser().sign_in(analyst)["Location"] == "/account/"


def test_second_factors_are_in_the_audit_log(
    mine: Browser, analyst: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        switch_on(mine)
    mine.post("/account/2fa/totp/deactivate/")
    seen = set(AuditEvent.objects.filter(user_id=analyst.pk).values_list("action", flat=True))
    assert {"totp.enabled", "recovery_codes.made", "totp.disabled"} <= seen


def test_the_admin_leads_to_the_sign_in_page(browser: Browser) -> None:
    answer = browser.get("/admin/login/?next=/admin/accounts/user/", follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain == [("/account/login/?next=%2Fadmin%2Faccounts%2Fuser%2F", 302)]
    assert browser.get("/admin/", follow=True).status_code == 200


def test_the_admin_refuses_who_is_no_staff(mine: Browser) -> None:
    assert mine.get("/admin/", follow=True).status_code == 403


def test_the_admin_opens_with_a_password_where_no_code_is_asked(
    browser: Browser, admin: User
) -> None:
    browser.sign_in(admin)
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/admin/login/?next=/admin/accounts/user/")["Location"] == (
        "/admin/accounts/user/"
    )


def test_the_admin_asks_staff_for_a_second_factor(
    browser: Browser, admin: User, settings: Any
) -> None:
    settings.ADMIN_TOTP_REQUIRED = True
    browser.sign_in(admin)
    answer = browser.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(ACTIVATE)
    assert answer.status_code == 200
    secret, _ = switch_on(browser)
    # A session that has shown none, such as one that was there before.
    other = Browser()
    other.force_login(admin)
    asked = other.get("/admin/accounts/user/", follow=True)
    assert asked.redirect_chain[-1][0].startswith("/account/2fa/reauthenticate/")
    there = asked.redirect_chain[-1][0]
    answer = other.post(there, {"code": code(secret, 1)})
    assert answer["Location"] == "/admin/accounts/user/"
    assert other.get("/admin/accounts/user/").status_code == 200


def test_an_admin_switches_off_what_somebody_has_lost(
    mine: Browser, analyst: User, admin: User, protected: tuple[str, list[str]]
) -> None:
    row = Authenticator.objects.get(user=analyst, type="totp")
    desk = Browser()
    desk.sign_in(admin)
    page = desk.page(f"/admin/mfa/authenticator/{row.pk}/change/")
    assert row.data["secret"] not in page.text
    assert protected[0] not in page.text
    assert (
        desk.post(f"/admin/mfa/authenticator/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    )
    assert not Authenticator.objects.filter(user=analyst).exists()
    assert Browser().sign_in(analyst, PASSWORD)["Location"] == "/account/"
