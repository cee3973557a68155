"""A running server to be attacked, and people with every role on it."""

import itertools
import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.running import Server

# Where another run has a server already: a file with its port and folder.
RUNNING = "SECURITY_SERVER"
PASSWORD = "a-long-sentence-9"
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


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of these tests, with the real settings."""
    if RUNNING in os.environ:
        yield Attached(json.loads(Path(os.environ[RUNNING]).read_text()))
        return
    server = Server(tmp_path_factory.mktemp("guarded") / "var", "--no-samples")
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def guarded_admin(guarded: Server) -> Person:
    """The first admin."""
    kept = json.loads((guarded.var / "first-admin.json").read_text())
    session = guarded.signed_in(kept["username"], kept["password"])
    me = session.get(f"{guarded.api}/users/me").json()
    return Person(guarded, me["id"], kept["username"], kept["password"], session)


@pytest.fixture(scope="session")
def somebody(guarded: Server, guarded_admin: Person) -> People:
    """Make a new user with a role, signed in."""

    def make(role: str) -> Person:
        name = f"{role}-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
        body = {
            "username": name,
            "email": f"{name}@example.org",
            "password": PASSWORD,
            "roles": [role],
        }
        made = guarded_admin("POST", "/users", 201, json=body).json()
        return Person(guarded, made["id"], name, PASSWORD, guarded.signed_in(name, PASSWORD))

    return make
