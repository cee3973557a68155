"""Servers with small limits, and callers from networks of their own."""

import re
import uuid
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.running import Server
from tests.security.people import Person, make_person

# By the hour, so that next to nothing comes back while a test counts.
READS, WRITES, POINTS, EXPORTS, ANALYSES = 40, 30, 50, 2, 3
FAILURES, NETWORK_FAILURES = 5, 30
SMALL = {
    "RATE_READS": f"{READS}/h",
    "RATE_WRITES": f"{WRITES}/h",
    "RATE_POINTS": f"{POINTS}/h",
    "RATE_EXPORTS": f"{EXPORTS}/h",
    "RATE_ANALYSES": f"{ANALYSES}/h",
    "RATE_LOGINS_ACCOUNT": f"{FAILURES}/min",
    "RATE_LOGINS_NETWORK": f"{NETWORK_FAILURES}/h",
    # The tests are the proxy, and say which network a caller is in.
    "TRUSTED_PROXIES": "127.0.0.1",
}
ANNOUNCED = re.compile(r'"(\w+)";q=(\d+);w=(\d+)')
STANDING = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


def running(folder: Path, **settings: str) -> Server:
    return Server(folder / "var", "--no-samples", **settings)


def network() -> dict[str, str]:
    """The header of somebody in a network where nobody has been."""
    where = uuid.uuid4().hex
    return {"X-Forwarded-For": f"2001:db8:{where[:4]}:{where[4:8]}::1"}


def person(server: Server, role: str = "analyst") -> Person:
    """Somebody new, made and signed in from networks of their own."""
    kept = server.first_admin()
    admin = Person(server, "", **kept, session=signed_in(server, **kept))
    made = make_person(admin, role)
    made.session = signed_in(server, made.username, made.password)
    return made


def signed_in(server: Server, username: str, password: str) -> requests.Session:
    session = requests.Session()
    session.headers.update(network())
    answer = sign_in(server, username, password, session=session)
    assert answer.status_code == 200, answer.text
    session.headers["Authorization"] = f"Bearer {answer.json()['access']}"
    return session


def sign_in(
    server: Server, name: str, password: str, *, session: Any = requests, **headers: str
) -> requests.Response:
    body = {"username": name, "password": password}
    answer: requests.Response = session.post(
        f"{server.api}/auth/token", json=body, headers=headers, timeout=60
    )
    return answer


class From(HTTPAdapter):
    """Calls from another address of this machine, which is no proxy."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, source_address=(self.address, 0), **more)


def stranger(address: str) -> requests.Session:
    session = requests.Session()
    session.mount("http://", From(address))
    return session


def left(answer: requests.Response, policy: str) -> int:
    """How much of a limit an answer says is left."""
    standings = {name: int(rest) for name, rest, _ in STANDING.findall(answer.headers["RateLimit"])}
    return standings[policy]


def announces(answer: requests.Response) -> bool:
    """Whether the two headers are there, are well made and name the same limits."""
    parts = [
        [one.strip() for one in answer.headers.get(name, "").split(",")]
        for name in ("RateLimit-Policy", "RateLimit")
    ]
    policies, standings = (
        [pattern.fullmatch(one) for one in some]
        for pattern, some in zip((ANNOUNCED, STANDING), parts, strict=True)
    )
    if not all(policies) or not all(standings):
        return False
    return [one[1] for one in policies if one] == [one[1] for one in standings if one]


def assert_refused(answer: requests.Response, limit: str | None = None) -> None:
    """The contract's 429."""
    assert answer.status_code == 429, answer.text
    detail = answer.json()["detail"]
    assert detail["code"] == "RATE_LIMITED"
    assert set(detail) == {"code", "message", "details"}
    assert int(answer.headers["Retry-After"]) >= 1
    assert announces(answer)
    if limit is not None:
        assert detail["details"]["limit"] == limit
        assert left(answer, limit) == 0
