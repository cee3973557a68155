"""The steps of OAuth2 as a browser and an application take them, without a network."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client
from oauth2_provider.models import Application

from accounts.models import User
from accounts.services import oauth2

CALLBACK = "https://app.example.org/callback"


def register(user: User, **more: Any) -> tuple[Application, str]:
    facts = {"name": "An application", "redirect_uris": [CALLBACK], **more}
    if facts.get("grants") == "credentials":
        facts["redirect_uris"] = []
    application, secret = oauth2.create_application(user, **facts)
    return application, secret or ""


def proof() -> tuple[str, str]:
    """A verifier of PKCE and its challenge."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def asking(application: Application, challenge: str, **more: str) -> str:
    """The address to which the application sends the browser; `""` leaves a parameter out."""
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": CALLBACK,
        "scope": "data:read",
        "state": "s 1&2",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **more,
    }
    return "/oauth2/authorize?" + urlencode({k: v for k, v in query.items() if v})


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user, "accounts.backends.UsernameOrEmailBackend")
    return browser


def decide(user: User, url: str, decision: str = "allow") -> dict[str, str]:
    """What the application is told once the user has decided."""
    answer = browser_of(user).post(url, {"decision": decision})
    assert answer.status_code == 303, answer.content
    return told(answer["Location"])


def told(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def ask(path: str, application: Application, secret: str, **fields: str) -> Any:
    """Ask a route for programs; without a secret as a public application does."""
    headers = {}
    if secret:
        pair = f"{application.client_id}:{secret}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    else:
        fields = {"client_id": application.client_id, **fields}
    return Client(headers=headers).post(
        path, urlencode(fields), content_type="application/x-www-form-urlencoded"
    )


def redeem(application: Application, secret: str, code: str, verifier: str, **more: str) -> Any:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
        **more,
    }
    return ask("/oauth2/token", application, secret, **{k: v for k, v in fields.items() if v})


def access(user: User, application: Application, secret: str, scope: str = "data:read") -> Any:
    """The whole way from the consent to the tokens."""
    verifier, challenge = proof()
    code = decide(user, asking(application, challenge, scope=scope))["code"]
    answer = redeem(application, secret, code, verifier)
    assert answer.status_code == 200, answer.content
    return answer.json()


def renew(application: Application, secret: str, refresh: str, **more: str) -> Any:
    fields = {"grant_type": "refresh_token", "refresh_token": refresh, **more}
    return ask("/oauth2/token", application, secret, **fields)


def read(token: str, path: str = "/users/me") -> Any:
    return Client(headers={"Authorization": f"Bearer {token}"}).get(f"/api/v1{path}")
