"""Secrets of every kind go through every door, and stand nowhere afterwards."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.running import Server
from tests.security.oauth2_flow import register
from tests.security.people import Person
from tests.security.web import Web

pytestmark = pytest.mark.slow

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""


@dataclass
class Walk:
    """Requests with secrets in them, and all that was answered where none is to be shown."""

    server: Server
    known: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def canary(self, kind: str) -> str:
        """A secret that was never seen before."""
        return self.secret(f"Quokka-{kind}-{secrets.token_hex(8)}")

    def secret(self, text: str) -> str:
        assert len(text) > 10
        self.known.append(text)
        return text

    def ask(self, method: str, path: str, status: int, **more: Any) -> requests.Response:
        """A request whose answer shows no secret."""
        answer = self.showing(method, path, status, **more)
        self.answers.append(answer.text + str(answer.headers))
        return answer

    def showing(self, method: str, path: str, status: int, **more: Any) -> requests.Response:
        url = self.server.url + path if path.startswith("/oauth2") else self.server.api + path
        answer = requests.request(method, url, timeout=60, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.text[:300]}"
        return answer

    def tokens(self, answer: requests.Response) -> tuple[str, str]:
        told = answer.json()
        return self.secret(told["access"]), self.secret(told["refresh"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def passwords(walk: Walk, admin: Person) -> dict[str, str]:
    """Made, refused, wrong, changed; the name and the password in the end."""
    name, first, second = f"walker-{secrets.token_hex(4)}", walk.canary("pw1"), walk.canary("pw2")
    person = {"username": name, "email": f"{name}@example.org", "password": first}
    for broken in ({"email": walk.canary("mail")}, {"roles": [walk.canary("role")]}):
        walk.ask("POST", "/users", 400, json={**person, **broken}, headers=admin.session.headers)
    walk.ask("POST", "/users", 201, json=person, headers=admin.session.headers)
    wrong = {"username": name, "password": walk.canary("wrong")}
    walk.ask("POST", "/auth/token", 401, json=wrong)
    walk.ask("POST", "/auth/token", 401, json={**wrong, "username": walk.canary("nobody")})
    walk.ask("POST", "/auth/token", 400, json={**wrong, "password": [walk.canary("list")]})
    cut, kind = f'{{"password": "{walk.canary("cut")}', {"Content-Type": "application/json"}
    walk.ask("POST", "/auth/token", 400, data=cut, headers=kind)
    access, _ = walk.tokens(
        walk.showing("POST", "/auth/token", 200, json={"username": name, "password": first})
    )
    changed = {"current_password": walk.canary("current"), "new_password": second}
    walk.ask("POST", "/users/me/password", 400, json=changed, headers=bearer(access))
    changed["current_password"] = first
    walk.ask("POST", "/users/me/password", 204, json=changed, headers=bearer(access))
    walk.ask("GET", "/users/me", 401, headers=bearer(access))
    return {"username": name, "password": second}


def tokens_and_keys(walk: Walk, person: dict[str, str]) -> None:
    access, refresh = walk.tokens(walk.showing("POST", "/auth/token", 200, json=person))
    renewed, second = walk.tokens(
        walk.showing("POST", "/auth/refresh", 200, json={"refresh": refresh})
    )
    made = walk.showing(
        "POST", "/auth/api-keys", 201,
        json={"name": "canary", "scopes": ["data:read"]}, headers=bearer(renewed),
    )  # fmt: skip
    key = walk.secret(made.json()["key"])
    for headers in ({"X-API-Key": key}, {"Authorization": f"Api-Key {key}"}, bearer(renewed)):
        walk.ask("GET", "/users/me", 200, headers=headers)
        walk.ask("GET", "/auth/api-keys", 200 if "Bearer" in str(headers) else 403, headers=headers)
    for name in ("api_key", "access_token", "token", "key"):
        walk.ask("GET", f"/datasets?{name}={key}", 400)
        walk.ask("GET", f"/datasets?{name}={renewed}", 400, headers=bearer(renewed))
    for header in ("Bearer", "Api-Key", "Basic", "Nonsense"):
        words = f"{header} {walk.canary('words')}"
        walk.ask("GET", "/users/me", 401, headers={"Authorization": words})
    walk.ask("GET", "/users/me", 401, headers={"X-API-Key": walk.canary("x-api-key")})
    walk.ask("GET", "/users/me", 401, headers={"Cookie": f"sessionid={walk.canary('cookie')}"})
    # Used a second time, which ends the sign-in.
    walk.ask("POST", "/auth/refresh", 401, json={"refresh": refresh})
    walk.ask("POST", "/auth/refresh", 401, json={"refresh": second})
    walk.ask("POST", "/auth/refresh", 401, json={"refresh": walk.canary("refresh")})
    walk.ask("POST", "/auth/revoke", 401, json={"refresh": walk.canary("revoked")})
    walk.ask("GET", "/users/me", 401, headers=bearer(access))


def applications(walk: Walk, owner: Person) -> None:
    app = register(owner, grants="client-credentials")
    walk.secret(app.secret)
    granted = app.ask("token", grant_type="client_credentials", scope="data:read")
    assert granted.status_code == 200, granted.text
    token = walk.secret(granted.json()["access_token"])
    walk.ask("GET", "/datasets", 200, headers=bearer(token))
    for answer in (
        app.ask("introspect", token=token),
        app.ask("introspect", token=walk.canary("introspected")),
        app.ask("token", grant_type="refresh_token", refresh_token=walk.canary("oauth2-refresh")),
        app.ask("token", grant_type="authorization_code", code=walk.canary("code")),
        app.ask("revoke", token=token),
    ):
        walk.answers.append(answer.text)
    form = {"grant_type": "client_credentials", "client_secret": walk.canary("client-secret")}
    walk.ask("POST", "/oauth2/token", 401, data={**form, "client_id": app.id})
    walk.ask("GET", "/datasets", 401, headers=bearer(token))


def pages(walk: Walk, admin: Person) -> None:
    web = Web(walk.server)
    wrong = web.send("/account/login/", {"login": admin.username, "password": walk.canary("page")})
    walk.answers.append(wrong.text)
    assert web.sign_in(admin).status_code == 302
    walk.secret(web.cookie)
    given = {"connector": "noaa", "label": secrets.token_hex(4)}
    add = "/admin/connectors/providercredential/add/"
    kept = web.send(add, {**given, "new_secret": walk.canary("provider")})
    assert kept.status_code == 302, kept.text[-2000:]
    refused = web.send(add, {**given, "connector": "x", "new_secret": walk.canary("refused")})
    again = web.send(add, {**given, "new_secret": walk.canary("twice")})
    listed = web.get("/admin/connectors/providercredential/")
    walk.answers += [refused.text, again.text, listed.text]


@pytest.fixture(scope="module")
def walk(guarded: Server, guarded_admin: Person) -> Walk:
    made = Walk(guarded)
    tokens_and_keys(made, passwords(made, guarded_admin))
    applications(made, guarded_admin)
    pages(made, guarded_admin)
    assert len(made.known) > 30
    # What is written in the background is written by now.
    time.sleep(2)
    return made


def found(walk: Walk, text: str) -> list[str]:
    return [one for one in walk.known if one in text]


def test_a_08_no_secret_is_answered_again(walk: Walk):
    assert len(walk.answers) > 30
    # What a field was told it must not be may be said; these are no credentials.
    told = [one for one in walk.known if "-mail-" not in one and "-role-" not in one]
    assert [one for one in told if any(one in answer for answer in walk.answers)] == []


def test_no_secret_stands_in_a_log(walk: Walk):
    for path in walk.server.logs:
        assert found(walk, path.read_text(errors="replace")) == [], path


def test_no_secret_stands_in_the_audit_log(walk: Walk):
    with walk.server.database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT audit_events::text FROM audit_events")
        rows = cursor.fetchall()
    assert len(rows) > 10
    assert [found(walk, row) for (row,) in rows if found(walk, row)] == []


def test_no_secret_stands_in_the_database_as_it_is(walk: Walk):
    """Passwords, tokens and keys are hashed there, and those for providers encrypted."""
    with walk.server.database("postgres") as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        assert {"users", "api_keys", "provider_credentials", "audit_events"} <= set(tables)
        held = {}
        for name in tables:
            cursor.execute(f'SELECT t::text FROM "{name}" t')  # noqa: S608 - its own names
            texts = [row for (row,) in cursor.fetchall() if row]
            held[name] = [one for text in texts for one in found(walk, text)]
    # A browser's session is known by its cookie; the row ends with it.
    assert {name: seen for name, seen in held.items() if seen and "session" not in name} == {}
