"""Credentials of every kind on a running server: asked for, forged, tried, counted."""

import base64
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import requests

from tests.running import NOT_PASSED_ON, PROJECT, Server
from tests.security.people import Person

# What programs let in through OAuth2 hold; the flows have tests of their own.
GIVEN = """
import sys
import django
django.setup()
import secrets
from datetime import timedelta
from oauth2_provider.models import AccessToken, RefreshToken
from accounts.models import User
from accounts.services import oauth2
from datastream.core import clock
user = User.objects.get(pk=sys.argv[1])
application, _ = oauth2.create_application(
    user, name="program", redirect_uris=["https://program.example.org/back"])
access = AccessToken.objects.create(
    user=user, application=application, token=secrets.token_urlsafe(30), scope=sys.argv[2],
    expires=clock.now() + timedelta(hours=1))
print(access.token)
"""


def sign_in(server: Server, name: str, password: str) -> Any:
    body = {"username": name, "password": password}
    return requests.post(f"{server.api}/auth/token", json=body, timeout=30)


def tokens_of(person: Person) -> dict[str, Any]:
    """The tokens of a new sign-in."""
    answer = sign_in(person.server, person.username, person.password)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def renew(server: Server, refresh: Any) -> Any:
    return requests.post(f"{server.api}/auth/refresh", json={"refresh": refresh}, timeout=30)


def status_with(server: Server, header: str) -> int:
    """What GET /users/me answers to an `Authorization`."""
    headers = {"Authorization": header}
    return requests.get(f"{server.api}/users/me", headers=headers, timeout=30).status_code


def key_of(person: Person, *scopes: str, **more: Any) -> dict[str, Any]:
    """A new API key, with its text under `key`."""
    body = {"name": "of a test", "scopes": scopes or ["data:read"], **more}
    made: dict[str, Any] = person("POST", "/auth/api-keys", 201, json=body).json()
    return made


def with_key(person: Person, key: str) -> Person:
    """The same person's program."""
    program = Person(person.server, person.id, person.username, person.password)
    program.session.headers["Authorization"] = f"Api-Key {key}"
    return program


def with_oauth2(person: Person, *scopes: str) -> Person:
    """A program that the person has let in through OAuth2."""
    token = run_there(person.server, GIVEN, person.id, " ".join(scopes)).strip()
    program = Person(person.server, person.id, person.username, person.password)
    program.session.headers["Authorization"] = f"Bearer {token}"
    return program


def run_there(server: Server, code: str, *arguments: str) -> str:
    """What Python says in the server's installation."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_PASSED_ON)}
    own = {"DATASTREAM_VAR": str(server.var), "DJANGO_SETTINGS_MODULE": "datastream.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        env={**kept, **own},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(server: Server, statement: str, *values: Any) -> list[Any]:
    """What a statement finds in the server's database; a change answers nothing."""
    connection = server.database()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def audit_lines(server: Server, action: str, object_id: str) -> list[Any]:
    statement = "SELECT outcome, user_id, address, details FROM audit_events"
    return rows(server, f"{statement} WHERE action = %s AND object_id = %s", action, object_id)


def all_at_once(work: Any, times: int) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return [one.result(60) for one in [pool.submit(work) for _ in range(times)]]


# ------------------------------------------------------------------ tokens that nobody was given


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def forged(server: Server, genuine: str, *, algorithm: str = "HS256", **changed: Any) -> str:
    """A token with some claims changed, signed as ours are; one given as ... is left out."""
    payload = {k: v for k, v in {**claims(genuine), **changed}.items() if v is not ...}
    key = (server.var / "jwt-key").read_text().strip()
    return signed({"alg": algorithm, "typ": "JWT"}, payload, key)


def signed(header: Any, payload: Any, key: str) -> str:
    """Not by the library, which refuses to write what an attacker writes."""
    text = f"{_part(header)}.{_part(payload)}"
    if isinstance(header, dict) and header.get("alg") == "none":
        return f"{text}."
    signature = jwt.get_algorithm_by_name("HS256").sign(text.encode(), key.encode())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
