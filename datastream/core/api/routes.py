"""Every route of the API, and the check that each says who may call it."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from datastream.core.api.permissions import Required


def check_routes(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """System check: every action of every API route says what it asks."""
    problems: list[CheckMessage] = []
    for route, view, actions in api_routes():
        missing = [action for action in actions if action not in getattr(view, "requires", {})]
        if missing and Required in getattr(view, "permission_classes", [Required]):
            hint = f"Add {', '.join(missing)} to {view.__name__}.requires."
            problems.append(
                Error(f"{route} does not say who may call it.", hint=hint, id="api.E001")
            )
    return problems


def api_routes() -> Iterator[tuple[str, type[APIView], list[str]]]:
    """Every REST framework route below /api: its path, its view, its actions or methods."""
    yield from _walk(get_resolver().url_patterns, "/")


def _walk(patterns: Any, prefix: str) -> Iterator[tuple[str, type[APIView], list[str]]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if not str(pattern.pattern).startswith("admin"):
                yield from _walk(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if view is not None and issubclass(view, APIView):
                yield path, view, _actions(pattern, view)


def _actions(pattern: URLPattern, view: type[APIView]) -> list[str]:
    actions = getattr(pattern.callback, "actions", None)
    if actions:
        return [action for method, action in actions.items() if method != "head"]
    return [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
