"""Routes of the OAuth2 provider, outside /api/v1."""

from typing import Any

urlpatterns: list[Any] = []
