"""What live, ready and metrics answer, and the front door."""

import hmac
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.renderers import OpenApiJsonRenderer

from connectors.routers import DOCUMENTS
from datastream.core.api import errors

log = structlog.get_logger(__name__)


class SchemaRenderer(OpenApiJsonRenderer):
    media_type = "application/json"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Each dependency by name; 503 where one that is needed does not answer."""
    checks = {"database": _check(_database), "cache": _check(_cache)}
    if DOCUMENTS in settings.DATABASES:
        checks["documents"] = _check(_documents)
    # The cache and the store of documents may vanish; everything goes on without them.
    status = 200 if checks["database"]["status"] == "ok" else 503
    is_whole = all(check["status"] == "ok" for check in checks.values())
    words = {200: "ok" if is_whole else "degraded", 503: "unavailable"}
    return JsonResponse({"status": words[status], "checks": checks}, status=status)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics of all web processes, for whoever knows the token where there is one."""
    token = settings.METRICS_TOKEN
    if settings.PRODUCTION and not token:
        return errors.not_found(request)
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        refused = errors.refuse(request, "AUTHENTICATION_REQUIRED")
        refused["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refused
    exported: HttpResponse = ExportToDjangoView(request)
    return exported


def _check(ask: Callable[[], None]) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not ready
        log.warning("dependency_not_ready", check=ask.__name__, error=type(error).__name__)
        return {"status": "failed"}
    return {"status": "ok", "ms": round((time.perf_counter() - start) * 1000, 1)}


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _documents() -> None:
    wrapper: Any = connections[DOCUMENTS]
    wrapper.database.command("ping")


def _cache() -> None:
    cache.set("health", "ok", 10)
    if cache.get("health") != "ok":
        raise RuntimeError("The cache lost what was just put in.")
