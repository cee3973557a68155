"""Doing something over HTTP and reading what the audit log holds of it."""

import uuid
from typing import Any

import requests

from tests.running import eventually
from tests.security.people import Person

Events = list[dict[str, Any]]


def events(admin: Person, **query: str) -> Events:
    """The newest first."""
    found: Events = admin("GET", "/audit", 200, params=query).json()["results"]
    return found


def asked(
    admin: Person, who: Person | requests.Session, method: str, path: str, **more: Any
) -> tuple[requests.Response, Events]:
    """An answer, and all that the log holds of its request."""
    identity = str(uuid.uuid4())
    headers = {**more.pop("headers", {}), "X-Request-ID": identity}
    if isinstance(who, Person):
        answer = who(method, path, headers=headers, **more)
    else:
        url = path if path.startswith("http") else admin.server.api + path
        answer = who.request(method, url, headers=headers, timeout=60, **more)
    return answer, events(admin, request_id=identity)


def one(found: tuple[requests.Response, Events]) -> dict[str, Any]:
    """The single event of a request."""
    answer, told = found
    assert len(told) == 1, f"{answer.status_code} {answer.text[:300]}: {told}"
    return told[0]


def later(admin: Person, **query: str) -> dict[str, Any]:
    """The single event that comes of something that is not done at once."""
    found: Events = []

    def is_there() -> bool:
        found[:] = events(admin, **query)
        return bool(found)

    assert eventually(is_there), query
    assert len(found) == 1, found
    return found[0]
