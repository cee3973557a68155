"""Live, ready and metrics."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from datastream import health


def test_live_asks_nothing_of_anybody(client: Client) -> None:
    # No database here: the test did not ask for one.
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_names_each_dependency(db: None, client: Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["checks"]) == {"database", "cache"}
    assert all(one["status"] == "ok" for one in answer.json()["checks"].values())


def away() -> None:
    raise OperationalError("connection to 10.0.0.7 failed: password=canary")


def test_f_04_without_the_database_ready_is_503_and_live_is_200(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_database", away)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["checks"]["database"] == {"status": "failed"}
    assert b"canary" not in answer.content
    assert client.get("/health/live").status_code == 200


def test_f_05_without_the_cache_everything_goes_on(db: None, client: Client, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["cache"]["status"] == "failed"


def test_metrics_are_those_of_prometheus(db: None, client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert b"django_http_requests_before_middlewares_total" in answer.content


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/"])
def test_they_are_only_read(db: None, client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200
