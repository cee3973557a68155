"""Somebody on a running server, signed in."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.running import UNLIMITED, Server

PASSWORD = "a-long-sentence-9"
ACCESS_S = int(UNLIMITED["ACCESS_TOKEN_MINUTES"]) * 60
_numbers = itertools.count(1)


class Attached(Server):
    """A server that somebody else has started and will stop."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.port = int(told["port"])
        self.var = Path(told["var"])
        self.folder = self.var.parent
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/api/v1"
        self.log = self.folder / "output"
        self._web = []


@dataclass
class Person:
    """Somebody with one role, signed in; paths are below /api/v1 unless they are whole."""

    server: Server
    id: str
    username: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def email(self) -> str:
        return f"{self.username}@example.org"

    def __call__(self, method: str, path: str, expect: int | None = None, **more: Any) -> Any:
        url = path if path.startswith("http") else self.server.api + path
        answer = self.session.request(method, url, timeout=60, **more)
        if expect is not None:
            assert answer.status_code == expect, f"{method} {path}: {answer.text[:500]}"
        return answer


People = Callable[[str], Person]


def make_person(admin: Person, role: str) -> Person:
    """Somebody new, who has not signed in."""
    name = f"{role}-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
    about = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    made = admin("POST", "/users", 201, json={**about, "roles": [role]}).json()
    return Person(admin.server, made["id"], name, PASSWORD)
