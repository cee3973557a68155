"""Our pages under attack: sessions, foreign forms, guessing, and secrets shown twice."""

import re
from datetime import timedelta

import pytest
import requests

from datastream.core import clock
from tests.running import Server
from tests.security.people import People, Person
from tests.security.web import Web, code_of

pytestmark = pytest.mark.slow

NEW = "quite-another-sentence-4"
NEXT_MONTH = (clock.now() + timedelta(days=30)).date().isoformat()
TOKENS = re.compile(r"dsk_\w+_\w{20,}")
SHOWN = re.compile(r'id="secret"[^>]*>([^<]+)<')
OWN = (
    "", "email/", "password/change/", "keys/", "applications/", "grants/", "sessions/", "2fa/",
    "2fa/recovery-codes/", "activity/", "elsewhere/", "logout/",
)  # fmt: skip
OF_ADMIN = (
    "", "accounts/user/", "accounts/apikey/", "accounts/login/", "mfa/authenticator/",
    "oauth2_provider/application/",
)  # fmt: skip


def at_the_api(web: Web) -> int:
    return web.get("/api/v1/users/me").status_code


def test_signing_in_makes_a_new_session_with_a_cookie_for_the_server_alone(
    guarded: Server, somebody: People
) -> None:
    web, person = Web(guarded), somebody("viewer")
    # A session that an attacker knows, planted before the sign-in.
    web.session.cookies.set("sessionid", "a" * 32, domain="127.0.0.1", path="/")
    answer = web.sign_in(person, next="//evil.example/")
    assert answer.headers["Location"] == "/account/"
    sent = answer.headers["Set-Cookie"]
    assert "sessionid=" in sent
    assert "HttpOnly" in sent
    assert "SameSite=Lax" in sent
    assert "a" * 32 not in sent
    planted = {"sessionid": "a" * 32}
    assert requests.get(f"{guarded.api}/users/me", cookies=planted, timeout=60).status_code == 401
    page = web.get("/account/")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_a_form_of_a_foreign_page_does_nothing(guarded: Server, somebody: People) -> None:
    web, person = Web(guarded), somebody("viewer")
    web.sign_in(person)
    fields = {"email": "evil@example.org", "current_password": person.password}
    foreign = {"Origin": "https://evil.example"}
    assert web.post("/account/email/", fields).status_code == 403
    assert web.post("/account/sessions/others/end/", {}, headers=foreign).status_code == 403
    assert web.post("/account/logout/", {}).status_code == 403
    assert person("GET", "/users/me", 200).json()["email"] == person.email
    assert web.is_in


def test_k_07_a_password_changed_on_the_page_ends_every_session_and_token(
    guarded: Server, somebody: People
) -> None:
    person = somebody("viewer")
    here, elsewhere = Web(guarded), Web(guarded)
    for web in (here, elsewhere):
        web.sign_in(person)
        assert at_the_api(web) == 200
    before = here.cookie
    fields = {"current_password": person.password, "new_password": NEW, "again": NEW}
    assert here.send("/account/password/change/", fields).status_code == 302
    person("GET", "/users/me", 401)
    assert at_the_api(elsewhere) == 401
    assert not elsewhere.is_in
    assert here.is_in
    assert here.cookie != before


def test_k_07_the_e_mail_address_changes_only_with_the_password(
    guarded: Server, somebody: People
) -> None:
    web, person = Web(guarded), somebody("viewer")
    web.sign_in(person)
    fields = {"email": f"new-{person.email}", "current_password": "not-the-password"}
    assert web.send("/account/email/", fields).status_code == 200
    assert person("GET", "/users/me", 200).json()["email"] == person.email
    fields["current_password"] = person.password
    assert web.send("/account/email/", fields).status_code == 302
    assert person("GET", "/users/me", 200).json()["email"] == f"new-{person.email}"


def test_k_07_signing_out_and_deactivation_end_the_session(
    guarded: Server, guarded_admin: Person, somebody: People
) -> None:
    person = somebody("viewer")
    here, elsewhere = Web(guarded), Web(guarded)
    for web in (here, elsewhere):
        web.sign_in(person)
    cookie = {"sessionid": here.cookie}
    assert here.send("/account/logout/").status_code == 302
    assert requests.get(f"{guarded.api}/users/me", cookies=cookie, timeout=60).status_code == 401
    assert at_the_api(elsewhere) == 200
    guarded_admin("PATCH", f"/users/{person.id}", 200, json={"is_active": False})
    assert at_the_api(elsewhere) == 401
    assert not elsewhere.is_in
    assert Web(guarded).sign_in(person).status_code == 200


def test_a_sign_in_takes_the_code_and_each_code_is_good_once(
    guarded: Server, somebody: People
) -> None:
    web, person = Web(guarded), somebody("analyst")
    web.sign_in(person)
    secret, kept = web.switch_codes_on()
    first, again, saved = Web(guarded), Web(guarded), Web(guarded)
    for one in (first, again, saved):
        one.sign_in(person)
        assert not one.is_in
        assert at_the_api(one) == 401
    good, before = code_of(secret, 1), first.cookie
    assert first.send("/account/2fa/authenticate/", {"code": good}).status_code == 302
    assert first.is_in
    assert first.cookie != before
    assert again.send("/account/2fa/authenticate/", {"code": good}).status_code == 200
    assert not again.is_in
    assert saved.send("/account/2fa/authenticate/", {"code": kept[0]}).status_code == 302
    assert saved.is_in


def test_a_08_what_was_shown_once_is_on_no_page_again(
    guarded: Server, guarded_admin: Person, somebody: People
) -> None:
    web, person = Web(guarded), somebody("analyst")
    web.sign_in(person)
    key = {"name": "canary", "scopes": "data:read", "expires_at": NEXT_MONTH}
    (text,) = set(TOKENS.findall(web.send("/account/keys/", key).text))
    application = {
        "name": "Canary", "kind": "confidential", "grants": "code",
        "redirect_uris": "https://canary.example/",
    }  # fmt: skip
    (secret,) = SHOWN.findall(web.send("/account/applications/", application).text)
    totp, codes = web.switch_codes_on()
    assert len(codes) == 10
    hidden = [text.rpartition("_")[2], secret, totp, *codes, web.cookie, "argon2$"]
    desk = Web(guarded)
    desk.sign_in(guarded_admin)
    for page in [*OWN, f"keys/{'0' * 8}/"]:
        assert [one for one in hidden if one in web.get(f"/account/{page}").text] == [], page
    for page in OF_ADMIN:
        for row in rows_of(desk, f"/admin/{page}"):
            answer = desk.get(row)
            assert answer.status_code == 200, row
            assert [one for one in hidden if one in answer.text] == [], row


def rows_of(desk: Web, path: str) -> list[str]:
    """A page of the admin, and those of the rows on it."""
    found = re.findall(rf'href="({path}[^"/?]+/change/)', desk.get(path).text)
    return [path, *dict.fromkeys(found)][:30]


def test_a_08_a_session_is_not_told_by_its_key(guarded: Server, somebody: People) -> None:
    web, other, person = Web(guarded), Web(guarded), somebody("viewer")
    web.sign_in(person)
    other.sign_in(person)
    page = web.get("/account/sessions/").text
    assert other.cookie not in page
    assert web.cookie not in page


def test_another_s_things_are_like_none(guarded: Server, somebody: People) -> None:
    owner, other = Web(guarded), Web(guarded)
    owner.sign_in(somebody("analyst"))
    other.sign_in(somebody("analyst"))
    key = {"name": "mine alone", "scopes": "data:read", "expires_at": NEXT_MONTH}
    owner.send("/account/keys/", key)
    (path,) = re.findall(r"/account/keys/[0-9a-f-]{36}/revoke/", owner.get("/account/keys/").text)
    unknown = "/account/keys/2b1e4c1e-0000-4000-8000-000000000000/revoke/"
    answers = [other.get(one) for one in (path, unknown)]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert owner.get(path).status_code == 200
