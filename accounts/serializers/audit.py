"""The audit log on the wire, as JSON and as lines of CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers

from accounts.models import AuditEvent
from datastream.core import clock
from datastream.core.api.renderers import dumps
from datastream.core.spreadsheets import guarded

COLUMNS = (
    "id", "at", "user_id", "username", "credential", "credential_id", "action", "object_type",
    "object_id", "outcome", "address", "request_id", "details",
)  # fmt: skip
LINES_AT_ONCE = 500
EXAMPLE = {
    "id": 4711,
    "at": "2026-01-05T09:30:00.123456Z",
    "user": {"id": "0b9c2f9e-6f0e-4c55-9d7e-5f6f0a6a1d11", "username": "wegener"},
    "credential": "key",
    "credential_id": "7d0a5f8e-52f2-4a6b-9a55-1f0f4c1f9a10",
    "action": "points.written",
    "object_type": "dataset",
    "object_id": "5a1c9c0e-3d9e-4a4e-8f7b-0f6b7f1f2c33",
    "outcome": "done",
    "address": "192.0.2.7",
    "request_id": "7f3e6f5c-1d0b-4b8e-9b62-0c8f6c1f2d11",
    "details": {"receipt": "…", "received": 2, "inserted": 2, "revision": 1},
}
WHO = inline_serializer(
    "AuditUser",
    {"id": serializers.UUIDField(), "username": serializers.CharField(allow_null=True)},
    allow_null=True,
)


@extend_schema_serializer(examples=[OpenApiExample("A write", EXAMPLE, response_only=True)])
class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """One thing that somebody did, or was refused; `user` is null where nobody is known."""

    user = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = (
            "id", "at", "user", "credential", "credential_id", "action", "object_type",
            "object_id", "outcome", "address", "request_id", "details",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(WHO)
    def get_user(self, event: Any) -> dict[str, Any] | None:
        if event.user_id is None:
            return None
        return {"id": str(event.user_id), "username": event.username}


def as_csv(events: Iterable[Any]) -> Iterator[bytes]:
    """A line an event, some at a time; no spreadsheet computes what somebody sent."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, event in enumerate(events, start=1):
        writer.writerow(_cells(event))
        if number % LINES_AT_ONCE == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _cells(event: Any) -> list[str]:
    texts = [getattr(event, name) for name in COLUMNS[2:-1]]
    told = [guarded(str(text)) if text is not None else "" for text in texts]
    return [str(event.pk), clock.text(event.at) or "", *told, dumps(event.details).decode()]
