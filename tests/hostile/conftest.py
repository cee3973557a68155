"""A server with small limits, and datasets on it to attack."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.hostile.target import CANARY, LIST, Target
from tests.running import Server

# Small enough for bodies past them to be sent in a moment.
UPLOAD_MAX_BYTES = 48 * 2**20
BODY_SILENCE_S = 3

Fresh = Callable[..., Target]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def attacked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "UPLOAD_MAX_BYTES": str(UPLOAD_MAX_BYTES),
        "BODY_SILENCE_S": str(BODY_SILENCE_S),
        # One sign-in lasts for all tests.
    }
    var = tmp_path_factory.mktemp("attacked") / "var"
    with Server(var, "--no-samples", **settings) as server:
        yield server


def signed_up(server: Server) -> requests.Session:
    """A new analyst."""
    name = f"attacker-{next(_numbers)}"
    person = {"username": name, "email": f"{name}@example.org", "password": "a-long-sentence-9"}
    assert server.admin().post(f"{server.api}/users", json=person).status_code == 201
    return server.signed_in(name, person["password"])


def made(server: Server, session: requests.Session, **facts: Any) -> Target:
    facts.setdefault("name", "Attacked")
    answer = session.post(f"{server.url}{LIST}", json=facts)
    assert answer.status_code == 201, answer.text
    token = str(session.headers["Authorization"]).removeprefix("Bearer ")
    return Target(server, token, answer.json()["id"])


@pytest.fixture(scope="session")
def target(attacked_server: Server) -> Iterator[Target]:
    """Two points at one station; TMAX is valid from -90 to 60, SKY is text. Nothing changes it."""
    target = made(attacked_server, signed_up(attacked_server))
    target.make("/variables", {"name": "TMAX", "unit": "degC", "valid_min": -90, "valid_max": 60})
    target.make("/variables", {"name": "SKY", "kind": "text"})
    value = {"SKY": "clear"}
    target.accepted(
        [
            {"timestamp": f"2001-01-0{n}", "station": CANARY, "value": {"TMAX": n, **value}}
            for n in (1, 2)
        ]
    )
    before = target.state
    yield target
    target.known = None
    assert target.state == before


@pytest.fixture(scope="session")
def writer(attacked_server: Server) -> requests.Session:
    """Owner of the datasets that tests write to."""
    return signed_up(attacked_server)


@pytest.fixture
def fresh(attacked_server: Server, writer: requests.Session) -> Fresh:
    """Make an empty dataset of the test's own."""

    def make(**facts: Any) -> Target:
        return made(attacked_server, writer, **facts)

    return make
