"""Passwords, and tokens from their making to their end (K-01, K-05, K-06, K-07, K-11, K-13)."""

import gzip
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth import password_validation

from tests.running import Server
from tests.security.conftest import People, Person
from tests.security.credentials import (
    all_at_once,
    audit_lines,
    claims,
    forged,
    key_of,
    renew,
    rows,
    sign_in,
    status_with,
    tokens_of,
    with_key,
    with_oauth2,
)
from tests.security.people import ACCESS_S

pytestmark = pytest.mark.slow
MakeWith = Callable[[str], Any]
NEW = "another-long-sentence-4"


# ------------------------------------------------------------------ K-01


@pytest.fixture
def make_with(guarded_admin: Person) -> MakeWith:
    """The answer to making a user with a password."""

    def make_with(password: str) -> Any:
        name = f"k01-{uuid.uuid4().hex[:10]}"
        body = {"username": name, "email": f"{name}@example.org", "password": password}
        return guarded_admin("POST", "/users", json=body)

    return make_with


@pytest.mark.parametrize(
    "password",
    [
        "q7Rt-9xLm2Vb",
        "q7Rt-9xLm2Vb" * 10 + "end-of-1",
        "пароль-из-слов",
        "  a b c d  e f ",
        "气候数据平台的长口令一二三",
        "🌧️🌤️🌩️🌪️🌈☔🌊🌬️",
    ],
    ids=len,
)
def test_k_01_12_to_128_characters_of_any_kind_are_taken_as_they_are(
    guarded: Server, make_with: MakeWith, password: str
) -> None:
    made = make_with(password)
    assert made.status_code == 201, made.text
    name = made.json()["username"]
    assert sign_in(guarded, name, password).status_code == 200
    # Nothing was cut at either end.
    assert sign_in(guarded, name, password[:-1] + "~").status_code == 401
    if password != password.strip():
        assert sign_in(guarded, name, password.strip()).status_code == 401


@pytest.mark.parametrize(
    "password",
    [
        "q7Rt-9xLm2V",
        "q7Rt-9xLm2Vb" * 10 + "end-of-12",
        "datastream-2026",
        "Climate-Climate",
        "PasswordPassword1",
        "1qaz2wsx3edc",
    ],
)
def test_k_01_11_or_129_characters_and_project_words_are_refused(
    make_with: MakeWith, password: str
) -> None:
    answer = make_with(password)
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {"password"}


def common_passwords() -> list[str]:
    kept = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    return gzip.decompress(kept.read_bytes()).decode().splitlines()


def test_k_01_common_passwords_are_refused(make_with: MakeWith) -> None:
    # The shorter ones are refused for that; tests/accounts tries all 20,000.
    long_enough = [one for one in common_passwords() if len(one) >= 12]
    assert len(long_enough) > 50
    answers = [make_with(one) for one in long_enough]
    assert {answer.status_code for answer in answers} == {400}
    assert all("too common" in answer.text for answer in answers)


def test_k_01_passwords_are_stored_as_argon2(guarded: Server, somebody: People) -> None:
    ((stored,),) = rows(guarded, "SELECT password FROM users WHERE id = %s", somebody("viewer").id)
    assert stored.startswith("argon2$argon2id$v=19$")


# ------------------------------------------------------------------ K-05


@pytest.fixture(scope="module")
def holder(somebody: People) -> Person:
    """Somebody whose tokens are looked at and who keeps them."""
    return somebody("analyst")


@pytest.fixture(scope="module")
def genuine(holder: Person) -> dict[str, Any]:
    return tokens_of(holder)


def test_k_05_access_lives_as_long_as_it_says_and_refresh_fourteen_days_in_all(
    guarded: Server, holder: Person
) -> None:
    first = tokens_of(holder)
    access, refresh = claims(first["access"]), claims(first["refresh"])
    assert access["exp"] - access["iat"] == first["expires_in"] == ACCESS_S
    assert 0 < refresh["exp"] - refresh["iat"] <= 14 * 86_400
    second = renew(guarded, first["refresh"]).json()
    assert claims(second["refresh"])["exp"] == refresh["exp"]


def test_k_05_what_says_less_than_a_token_of_ours_or_something_else_is_401(
    guarded: Server, genuine: dict[str, Any]
) -> None:
    access = genuine["access"]
    assert status_with(guarded, f"Bearer {forged(guarded, access)}") == 200
    past = int(datetime.now(UTC).timestamp()) - 5
    changes: list[dict[str, Any]] = [
        {"algorithm": "none"}, {"algorithm": "HS512"}, {"algorithm": "RS256"},
        {"aud": "somebody-else"}, {"aud": ...}, {"iss": "somebody-else"}, {"iss": ...},
        {"token_type": "refresh"}, {"token_type": ...}, {"token_type": ["access"]},
        {"exp": past}, {"exp": ...}, {"exp": "soon"}, {"exp": 1e300}, {"exp": None},
        {"iat": past + 86_400}, {"jti": ...},
        {"login": ...}, {"login": str(uuid.uuid4())}, {"login": ["a"]}, {"login": "\x00"},
        {"login": 7},
    ]  # fmt: skip
    for changed in changes:
        header = f"Bearer {forged(guarded, access, **changed)}"
        assert status_with(guarded, header) == 401, changed
    claimed, _, signature = access.rpartition(".")
    changed_first = f"{claimed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    for odd in (genuine["refresh"], changed_first, access + "x", "a.b.c", "..", "e30.e30."):
        assert status_with(guarded, f"Bearer {odd}") == 401, odd


def test_k_05_an_access_token_renews_nothing_and_an_odd_refresh_token_is_401(
    guarded: Server, genuine: dict[str, Any]
) -> None:
    odd = [
        genuine["access"], "a.b.c",
        forged(guarded, genuine["refresh"], algorithm="none"),
        forged(guarded, genuine["refresh"], exp=1e300),
        forged(guarded, genuine["refresh"], login={"a": 1}),
    ]  # fmt: skip
    assert {renew(guarded, one).status_code for one in odd} == {401}


# ------------------------------------------------------------------ K-06


def test_k_06_a_used_refresh_token_ends_its_family_and_leaves_one_line(
    guarded: Server, holder: Person
) -> None:
    other, first = tokens_of(holder), tokens_of(holder)
    login = claims(first["access"])["login"]
    second = renew(guarded, first["refresh"]).json()
    assert status_with(guarded, f"Bearer {second['access']}") == 200
    again = renew(guarded, first["refresh"])
    assert (again.status_code, again.json()["detail"]["code"]) == (401, "INVALID_TOKEN")
    family = [first["access"], second["access"]]
    assert [status_with(guarded, f"Bearer {one}") for one in family] == [401, 401]
    assert renew(guarded, second["refresh"]).status_code == 401
    # One login only, and one line however often it is tried.
    assert status_with(guarded, f"Bearer {other['access']}") == 200
    ((outcome, user_id, address, _),) = audit_lines(guarded, "refresh.reused", login)
    assert (outcome, str(user_id), address) == ("denied", holder.id, "127.0.0.1")


def test_k_06_one_token_sent_many_times_at_once_is_a_reuse(guarded: Server, holder: Person) -> None:
    first = tokens_of(holder)
    answers = all_at_once(lambda: renew(guarded, first["refresh"]), 8)
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.status_code for answer in answers} == {200, 401}
    assert status_with(guarded, f"Bearer {good[0]['access']}") == 401
    assert renew(guarded, good[0]["refresh"]).status_code == 401
    login = claims(first["access"])["login"]
    assert len(audit_lines(guarded, "refresh.reused", login)) == 1


# ------------------------------------------------------------------ K-07


class Everything:
    """All that somebody can be signed in with: two logins, a key, a program, a browser."""

    def __init__(self, person: Person) -> None:
        self.person, self.server = person, person.server
        self.logins = [tokens_of(person), tokens_of(person)]
        self.key = with_key(person, key_of(person)["key"])
        self.program = with_oauth2(person, "data:read")
        self.browser = requests.Session()
        self._sign_in_with_a_browser()

    def _sign_in_with_a_browser(self) -> None:
        page = f"{self.server.url}/account/login/"
        self.browser.get(page, timeout=30)
        form = {
            "login": self.person.username,
            "password": self.person.password,
            "csrfmiddlewaretoken": self.browser.cookies["csrftoken"],
        }
        headers = {"Referer": page}
        answer = self.browser.post(
            page, data=form, headers=headers, allow_redirects=False, timeout=30
        )
        assert answer.status_code == 302, answer.text

    def tokens(self) -> list[int]:
        """What the two logins and the program are answered."""
        access = [status_with(self.server, f"Bearer {one['access']}") for one in self.logins]
        return [*access, self.program("GET", "/users/me").status_code]

    def in_browser(self) -> int:
        return self.browser.get(f"{self.server.api}/users/me", timeout=30).status_code

    def renewed(self) -> list[int]:
        return [renew(self.server, one["refresh"]).status_code for one in self.logins]


@pytest.fixture
def everything(somebody: People) -> Everything:
    made = Everything(somebody("analyst"))
    assert made.tokens() == [200, 200, 200]
    assert made.key("GET", "/users/me").status_code == 200
    assert made.in_browser() == 200
    return made


def test_k_07_a_changed_password_ends_every_token_and_session(everything: Everything) -> None:
    person = everything.person
    body = {"current_password": person.password, "new_password": NEW}
    person("POST", "/users/me/password", 204, json=body)
    assert everything.tokens() == [401, 401, 401]
    assert everything.in_browser() == 401
    assert everything.renewed() == [401, 401]
    assert len(audit_lines(everything.server, "password.changed", person.id)) == 1


def test_k_07_a_deactivated_user_opens_nothing_and_coming_back_brings_nothing_back(
    everything: Everything, guarded_admin: Person
) -> None:
    path = f"/users/{everything.person.id}"
    guarded_admin("PATCH", path, 200, json={"is_active": False})

    def all_of_it() -> list[int]:
        key = everything.key("GET", "/users/me").status_code
        return [*everything.tokens(), key, everything.in_browser(), *everything.renewed()]

    assert all_of_it() == [401] * 7
    person = everything.person
    assert sign_in(person.server, person.username, person.password).status_code == 401
    guarded_admin("PATCH", path, 200, json={"is_active": True})
    assert all_of_it() == [401] * 7
    assert sign_in(person.server, person.username, person.password).status_code == 200


def test_k_07_a_removed_user_opens_nothing(everything: Everything, guarded_admin: Person) -> None:
    guarded_admin("DELETE", f"/users/{everything.person.id}", 204)
    assert everything.tokens() == [401, 401, 401]
    assert everything.key("GET", "/users/me").status_code == 401
    assert everything.in_browser() == 401
    assert everything.renewed() == [401, 401]


def test_k_07_signing_out_ends_that_login_and_no_other(guarded: Server, holder: Person) -> None:
    kept, ended = tokens_of(holder), tokens_of(holder)
    body = {"refresh": ended["refresh"]}
    answer = requests.post(f"{guarded.api}/auth/revoke", json=body, timeout=30)
    assert answer.status_code == 204
    statuses = [status_with(guarded, f"Bearer {one['access']}") for one in (ended, kept)]
    assert statuses == [401, 200]
    assert renew(guarded, ended["refresh"]).status_code == 401
    assert len(audit_lines(guarded, "logout", claims(ended["access"])["login"])) == 1


def test_k_07_password_and_e_mail_change_only_with_the_current_password(
    somebody: People,
) -> None:
    person = somebody("analyst")
    address = f"new-{person.username}@example.org"
    for wrong in ({}, {"current_password": "not-my-password-9"}):
        refused = person("PATCH", "/users/me", 400, json={"email": address, **wrong})
        assert set(refused.json()["detail"]["details"]) == {"current_password"}
        person("POST", "/users/me/password", 400, json={"new_password": NEW, **wrong})
    assert person("GET", "/users/me").json()["email"] == person.email
    assert sign_in(person.server, person.username, person.password).status_code == 200
    right = {"email": address, "current_password": person.password}
    assert person("PATCH", "/users/me", 200, json=right).json()["email"] == address


# ------------------------------------------------------------------ K-11, K-13


SO_EARLY = """
SELECT (SELECT count(*) FROM users WHERE created_at < %s),
    (SELECT count(*) FROM api_keys WHERE created_at < %s),
    (SELECT count(*) FROM oauth2_provider_application WHERE created < %s)"""


@pytest.mark.parametrize(
    "name", ["access_token", "token", "api_key", "apikey", "key", "Authorization", "X-API-Key"]
)
def test_k_11_a_credential_in_the_query_is_an_unknown_parameter_and_in_no_log(
    guarded: Server, holder: Person, name: str
) -> None:
    key = key_of(holder)["key"]
    for text in (key, tokens_of(holder)["access"]):
        for path in ("/users/me", "/datasets"):
            url = guarded.api + path
            answer = requests.get(url, params={name: text}, timeout=30)
            # Without its parameter the one asks for a credential, and the other is for anyone.
            assert answer.status_code == (401 if path == "/users/me" else 400), answer.text
            assert text not in answer.text
            header = {"Authorization": f"Api-Key {key}"}
            assert (
                requests.get(url, params={name: text}, headers=header, timeout=30).status_code
                == 400
            )
        logged = [log.read_text(errors="replace") for log in guarded.logs]
        # The part that is secret: a key's last, a token's signature.
        secret = text.rpartition("_" if text == key else ".")[2]
        assert not any(secret in one for one in logged)


def test_k_13_nothing_opens_a_new_installation_but_the_first_admins_password(
    guarded: Server, guarded_admin: Person
) -> None:
    kept = guarded.var / "first-admin.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    password = json.loads(kept.read_text())["password"]
    assert len(password) >= 20
    assert (guarded.log.read_text(errors="replace") + password).count(password) <= 2
    ((first, made_at),) = rows(
        guarded, "SELECT username, created_at FROM users ORDER BY created_at LIMIT 1"
    )
    assert first == guarded_admin.username
    # Before anyone could sign in there was nobody else, and no key.
    soon = made_at + timedelta(milliseconds=500)
    ((people, keys, programs),) = rows(guarded, SO_EARLY, soon, soon, soon)
    assert (people, keys, programs) == (1, 0, 0)
    for name, guess in (("admin", "admin"), ("demo", "demo"), ("test", "test"), ("root", "root")):
        assert sign_in(guarded, name, guess).status_code == 401
