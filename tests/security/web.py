"""A browser without scripts on a running server: cookies, hidden fields, forms."""

import re
import time
from typing import Any

import requests
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.running import Server
from tests.security.people import Person

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"[^>]*value="([^"]*)"')
SECRET = re.compile(r'id="authenticator-secret"[^>]*>([A-Z2-7]+)<')
CODES = re.compile(r"<li>(\d{8})</li>")


class Web:
    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.session = requests.Session()

    def get(self, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith("http") else self.url + path
        return self.session.get(url, timeout=60, **more)

    def send(self, path: str, fields: dict[str, str] | None = None, **more: Any) -> Any:
        """Open a page and send its form, hidden fields included; redirects are not followed."""
        hidden = dict(HIDDEN.findall(self.get(path).text))
        more.setdefault("allow_redirects", False)
        return self.post(path, {**hidden, **(fields or {})}, **more)

    def post(self, path: str, fields: dict[str, str], **more: Any) -> Any:
        return self.session.post(self.url + path, data=fields, timeout=60, **more)

    def sign_in(self, person: Person, **more: str) -> Any:
        sent = {"login": person.username, "password": person.password, **more}
        return self.send("/account/login/", sent)

    @property
    def is_in(self) -> bool:
        return self.get("/account/", allow_redirects=False).status_code == 200

    @property
    def cookie(self) -> str:
        return str(self.session.cookies.get("sessionid") or "")

    def switch_codes_on(self) -> tuple[str, list[str]]:
        """Switch the second step on; the secret, and the recovery codes that are shown once."""
        path = "/account/2fa/totp/activate/"
        page = self.get(path)
        (secret,) = SECRET.findall(page.text)
        # Not by `send`: opening the page again would make another secret.
        sent = {**dict(HIDDEN.findall(page.text)), "code": code_of(secret)}
        answer = self.post(path, sent, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return secret, CODES.findall(self.get("/account/2fa/recovery-codes/").text)


def code_of(secret: str, steps_ahead: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps_ahead)))
