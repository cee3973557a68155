"""Lets tests that are undone by a rollback use the document store too, and empties it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

CONNECT = BaseDatabaseWrapper.ensure_connection


@pytest.fixture(autouse=True)
def _with_documents(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    if "db" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("db")
    store: Any = connections["documents"]
    # The framework forbids what it cannot roll back.
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", CONNECT)
    for name in ("connect", "temporary_connection", "cursor", "chunked_cursor"):
        monkeypatch.setattr(store, name, getattr(store, name).wrapped)
    yield
    from connectors.models import Document

    Document.objects.all().delete()
