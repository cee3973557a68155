"""Exports and estimates on the wire."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from datasets.models import Export
from datastream.core import clock
from datastream.core.models import Status

# Kept in the row for the platform itself.
HIDDEN = frozenset({"meta_version"})
EXAMPLE = {
    "id": "0f7d5a52-6d0f-4a44-9f0a-1c6f3f1f0b55",
    "dataset": "7f5f3c1e-9f6f-4f63-9e5e-0a3c8f2f7a10",
    "format": "csv",
    "query": {"start": "2012-01-01T00:00:00Z", "variables": ["TMAX"]},
    "revision": 1,
    "status": "succeeded",
    "progress": 1.0,
    "rows": 1461,
    "size_bytes": 61_203,
    "digest": "sha-256=5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    "error": None,
    "expires_at": "2026-01-06T09:30:01Z",
    "created_at": "2026-01-05T09:30:00Z",
    "started_at": "2026-01-05T09:30:00Z",
    "finished_at": "2026-01-05T09:30:01Z",
    "file": "https://data.example.org/api/v1/exports/0f7d5a52-6d0f-4a44-9f0a-1c6f3f1f0b55/file",
}


class ExportErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("An export", EXAMPLE, response_only=True)])
class ExportSerializer(serializers.ModelSerializer[Export]):
    """A large read as a job, and the address of its file while there is one."""

    query = serializers.SerializerMethodField(help_text="What was asked for.")
    digest = serializers.SerializerMethodField(
        help_text="Of the file, once it is there: `sha-256=` and the hexadecimal digits."
    )
    error = ExportErrorSerializer(read_only=True, allow_null=True)
    file = serializers.SerializerMethodField(help_text="Where the file is fetched.")

    class Meta:
        model = Export
        fields = (
            "id", "dataset", "format", "query", "revision", "status", "progress", "rows",
            "size_bytes", "digest", "error", "expires_at", "created_at", "started_at",
            "finished_at", "file",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_query(self, export: Export) -> dict[str, Any]:
        return {name: value for name, value in export.query.items() if name not in HIDDEN}

    @extend_schema_field({"type": ["string", "null"]})
    def get_digest(self, export: Export) -> str | None:
        return f"sha-256={export.digest}" if export.digest else None

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_file(self, export: Export) -> str | None:
        is_over = export.expires_at is None or export.expires_at <= clock.now()
        if export.status != Status.SUCCEEDED or not export.path or is_over:
            return None
        address = f"/api/v1/exports/{export.pk}/file"
        request = self.context.get("request")
        return request.build_absolute_uri(address) if request else address


class EstimateSerializer(serializers.Serializer[Any]):
    """What a read would be, from some of its rows made here and now."""

    rows = serializers.IntegerField()
    exact = serializers.BooleanField(help_text="Whether `rows` is counted and not estimated.")
    bytes = serializers.IntegerField(help_text="Before compression.")
    seconds = serializers.FloatField(help_text="To make it; the way to you is not in it.")
    format = serializers.CharField()
    revision = serializers.IntegerField()
    streamed = serializers.BooleanField(
        help_text="Whether it comes in one answer: not as pages, and not as an export job."
    )
