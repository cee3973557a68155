"""The cache: a table of the database, or Redis; it may vanish and everything goes on."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from datastream import settings as real
from tests import redis as redis_server
from tests.redis import Redis
from tests.timing import assert_within, seconds_of


def test_without_redis_the_cache_is_a_table(db: None) -> None:
    assert real.CACHES["default"]["BACKEND"].endswith("DatabaseCache") or real.REDIS_URL
    table = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache",
                         "LOCATION": "cache"}}  # fmt: skip
    with override_settings(CACHES=table), CaptureQueriesContext(connection) as queries:
        cache.set("a", b"\x89PNG\x00", 60)
        assert cache.get("a") == b"\x89PNG\x00"
    assert any('"cache"' in one["sql"] for one in queries)


def test_what_is_past_its_time_is_gone(db: None) -> None:
    cache.set("a", 1, 0)
    cache.set("b", 2, 60)
    assert (cache.get("a"), cache.get("b")) == (None, 2)
    cache.delete("b")
    assert cache.get("b", "none") == "none"


def of(server: Redis) -> dict[str, Any]:
    """As the settings make it of REDIS_URL."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": server.url,
        "KEY_PREFIX": "datastream",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1, "IGNORE_EXCEPTIONS": True,
        },
    }  # fmt: skip


@pytest.fixture
def redis() -> Iterator[Redis]:
    with (
        redis_server.running() as server,
        override_settings(CACHES={"default": of(server)}),
    ):
        yield server
        caches["default"].close()


@pytest.mark.slow
def test_redis_keeps_what_is_put_in(db: None, redis: Redis, client: Client) -> None:
    for value in (b"\x00\x89PNG", "text", 3, {"a": [1.5, None]}):
        cache.set("a", value, 60)
        assert cache.get("a") == value
    assert client.get("/health/ready").json()["checks"]["cache"]["status"] == "ok"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_f_05_a_redis_that_dies_breaks_no_request(db: None, redis: Redis, client: Client) -> None:
    cache.set("a", 1, 60)
    redis.kill()

    def go_on() -> None:
        assert cache.get("a") is None
        cache.set("a", 2, 60)
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert client.get("/api/v1/datasets").status_code == 200

    assert_within(5, lambda: seconds_of(go_on))
