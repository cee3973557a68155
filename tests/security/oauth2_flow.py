"""The steps of OAuth2 over HTTP: a browser, an application, and whoever stands between them."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from tests.running import Server
from tests.security.limited import stranger
from tests.security.people import Person

CALLBACK = "https://app.example.org/callback"
TIMEOUT_S = 60
ALL = "data:read data:write analysis:run admin"
REGISTER = """
INSERT INTO oauth2_provider_application (
    client_id, client_secret, hash_client_secret, user_id, name, redirect_uris, client_type,
    authorization_grant_type, skip_authorization, created, updated, algorithm,
    post_logout_redirect_uris, allowed_origins, registration_source
) VALUES (
    %s, %s, true, %s, 'An application', %s, %s, %s, false, now(), now(), '', '', '', 'manual')"""


@dataclass(frozen=True)
class App:
    """A registered application; `secret` is empty where it is public."""

    server: Server
    id: str
    secret: str

    def ask(self, route: str, **fields: str) -> requests.Response:
        """Ask a route for programs as this application."""
        return self.send(route, urlencode(self.signed(fields)))

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        return dict(fields) if self.secret else {"client_id": self.id, **fields}

    def send(self, route: str, body: str | bytes, **headers: str) -> requests.Response:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        pair = (self.id, self.secret) if self.secret else None
        url = f"{self.server.url}/oauth2/{route}"
        # Each from a network of its own: failures are counted for the network.
        with stranger(address_for(self.id)) as session:
            return session.post(url, data=body, headers=sent, auth=pair, timeout=TIMEOUT_S)

    def redeem(self, code: str, verifier: str, **more: str) -> requests.Response:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
            **more,
        }
        return self.ask("token", **{name: value for name, value in fields.items() if value})

    def renew(self, refresh: str, **more: str) -> requests.Response:
        return self.ask("token", grant_type="refresh_token", refresh_token=refresh, **more)

    def asking(self, challenge: str, **more: str) -> str:
        """The address to which it sends the browser; `""` leaves a parameter out."""
        query = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "scope": "data:read",
            "state": "xyz",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        kept = {name: value for name, value in query.items() if value}
        return f"{self.server.url}/oauth2/authorize?{urlencode(kept)}"


def register(
    owner: Person,
    *,
    grants: str = "authorization-code",
    kind: str = "confidential",
    redirect_uris: str = CALLBACK,
) -> App:
    """Put an application in the database, as the account page does; its form is tested there."""
    client_id, secret = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    hashed = "sha256_of_random$" + hashlib.sha256(secret.encode()).hexdigest()
    row = (client_id, hashed, owner.id, redirect_uris, kind, grants)
    with owner.server.database() as connection, connection.cursor() as cursor:
        cursor.execute(REGISTER, row)
    return App(owner.server, client_id, secret if kind == "confidential" else "")


def proof() -> tuple[str, str]:
    """A verifier of PKCE and its challenge."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Browser:
    """A browser in which somebody has signed in on our own page."""

    def __init__(self, person: Person, *, signed_in: bool = True) -> None:
        self.person, self.session = person, requests.Session()
        if signed_in:
            self.sign_in(f"{person.server.url}/account/login/")

    def sign_in(self, page: str) -> requests.Response:
        """Where the sign-in page leads to."""
        assert self.get(page).status_code == 200
        answer = self.post(page, {"login": self.person.username, "password": self.person.password})
        assert answer.status_code == 302, answer.text[:500]
        return answer

    def get(self, url: str) -> requests.Response:
        return self.session.get(url, timeout=TIMEOUT_S, allow_redirects=False)

    def post(self, url: str, fields: Mapping[str, str]) -> requests.Response:
        token = str(self.session.cookies.get("csrftoken") or "")
        sent = {**fields, "csrfmiddlewaretoken": token}
        return self.session.post(url, data=sent, timeout=TIMEOUT_S, allow_redirects=False)

    def allow(self, url: str) -> str:
        """Say yes on the page, and take the code out of where that leads."""
        answer = self.post(url, {"decision": "allow"})
        assert answer.status_code == 303, answer.text[:500]
        return told(answer)["code"]

    def lets_in(self, app: App, scope: str = "data:read") -> Any:
        """Go the whole way to the tokens."""
        verifier, challenge = proof()
        answer = app.redeem(self.allow(app.asking(challenge, scope=scope)), verifier)
        assert answer.status_code == 200, answer.text
        return answer.json()


def told(answer: requests.Response) -> dict[str, str]:
    """What an application is told in the address that the browser is sent to."""
    query = urlsplit(answer.headers["Location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def with_token(server: Server, token: str, method: str, path: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.api}{path}"
    return requests.request(method, url, headers=headers, timeout=TIMEOUT_S, **more)


def reads(server: Server, token: str) -> int:
    """The status of a read with a token."""
    return int(with_token(server, token, "GET", "/users/me").status_code)


def sql(server: Server, statement: str, *values: Any) -> list[Any]:
    with server.database() as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def lines(server: Server, action: str, app: App) -> list[Any]:
    """What the audit log says happened with an application: outcome, and whose doing."""
    return sql(
        server,
        "SELECT outcome, user_id::text FROM audit_events WHERE action = %s AND object_id = %s",
        action,
        app.id,
    )


def address_for(name: str) -> str:
    """A loopback address of its own for each name."""
    first, second, third = hashlib.sha256(name.encode()).digest()[:3]
    return f"127.{first | 1}.{second}.{max(third % 255, 1)}"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
