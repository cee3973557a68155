"""Logs: one JSON object a line, with the request's id, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from datastream.core.logs import configure
from tests.factories import PASSWORD

CANARY = "canary-7f3a-secret-word"


@pytest.fixture
def lines() -> Iterator[Any]:
    """The log's lines as objects, read when called."""
    configure("INFO")
    (handler,) = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    target = io.StringIO()
    earlier = handler.setStream(target)
    yield lambda: [json.loads(line) for line in target.getvalue().splitlines()]
    if earlier is not None:
        handler.setStream(earlier)
    configure(settings.LOG_LEVEL)


def test_a_record_of_ours_and_one_of_a_library_are_json_lines(lines: Any) -> None:
    structlog.get_logger("ours").warning("something_happened", number=3)
    logging.getLogger("a.library").error("with %s", "words", extra={"more": 1})
    ours, other = lines()
    assert (ours["event"], ours["number"], ours["level"]) == ("something_happened", 3, "warning")
    assert (other["event"], other["logger"], other["more"]) == ("with words", "a.library", 1)
    assert ours["timestamp"].endswith("Z")


def test_a_line_break_in_a_value_makes_no_second_line(lines: Any) -> None:
    structlog.get_logger("ours").info("said", words='a\nb {"level":"error"}')
    (line,) = lines()
    assert line["words"] == 'a\nb {"level":"error"}'


def test_what_is_below_the_level_is_not_written(lines: Any) -> None:
    structlog.get_logger("ours").debug("details")
    logging.getLogger("a.library").debug("details")
    assert lines() == []


def test_a_traceback_is_without_local_variables(lines: Any) -> None:
    def fail(password: str) -> None:
        raise RuntimeError("it failed")

    try:
        fail(CANARY)
    except RuntimeError:
        structlog.get_logger("ours").exception("broken")
    (line,) = lines()
    assert "RuntimeError: it failed" in line["exception"]
    assert CANARY not in json.dumps(line)


def test_a_request_has_one_line_with_its_id(db: None, lines: Any) -> None:
    APIClient().get("/api/v1/datasets", HTTP_X_REQUEST_ID="mine-1")
    (line,) = lines()
    assert (line["event"], line["request_id"]) == ("request", "mine-1")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/datasets", 200)
    assert line["ms"] > 0


def test_the_line_names_the_caller_by_id_and_not_by_name(analyst: User, lines: Any) -> None:
    body = {"username": analyst.username, "password": PASSWORD}
    client = APIClient()
    access = client.post("/api/v1/auth/token", body, format="json").json()["access"]
    client.get("/api/v1/users/me", HTTP_AUTHORIZATION=f"Bearer {access}")
    last = lines()[-1]
    assert last["user"] == str(analyst.pk)
    text = json.dumps(lines())
    assert analyst.username not in text
    assert access not in text


def test_health_is_not_written_down_every_few_seconds(db: None, lines: Any) -> None:
    APIClient().get("/health/live")
    assert lines() == []


def test_a_password_is_in_no_line_whatever_goes_wrong(
    analyst: User, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = APIClient(raise_request_exception=False)
    for body in (
        {"username": analyst.username, "password": CANARY},
        {"username": CANARY, "password": CANARY},
        {"username": "x", "password": CANARY, "unknown": CANARY},
        {"username": [CANARY], "password": {"a": CANARY}},
    ):
        client.post("/api/v1/auth/token", body, format="json")
    client.post("/api/v1/auth/token", f'{{"password":"{CANARY}"', content_type="application/json")
    client.post("/api/v1/auth/refresh", {"refresh": CANARY}, format="json")
    client.get("/api/v1/datasets", {"token": CANARY}, HTTP_AUTHORIZATION=f"Bearer {CANARY}")
    client.get("/api/v1/datasets", HTTP_COOKIE=f"sessionid={CANARY}", HTTP_X_API_KEY=CANARY)

    from accounts import tokens

    def fail(**_: Any) -> None:
        raise RuntimeError("the hash failed")

    monkeypatch.setattr(tokens, "authenticate", fail)
    body = {"username": analyst.username, "password": CANARY}
    assert client.post("/api/v1/auth/token", body, format="json").status_code == 500
    written = json.dumps(lines())
    assert "the hash failed" in written
    assert CANARY not in written
