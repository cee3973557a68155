"""Points and what a write answers, on the wire: only described, since nothing is made of them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers


class PointSerializer(serializers.Serializer[Any]):
    """All values of one station at one time."""

    id = serializers.UUIDField(help_text="Made from dataset, station and time; always the same.")
    timestamp = serializers.DateTimeField()
    station = serializers.CharField(help_text="The station's code, or an empty text.")
    value = serializers.DictField(help_text="Variable → number, or text where it is of that kind.")
    metadata = serializers.DictField(help_text="`flags` as the provider has them, `quality`.")


COLUMNS: dict[str, Any] = {
    "type": "object",
    "description": "With `layout=columns`: arrays of equal length, null where a point lacks it.",
    "properties": {"timestamp": {"type": "array", "items": {"type": "string"}}},
    "additionalProperties": {"type": "array"},
}
ROWS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/components/schemas/Point"}}
STATISTICS: dict[str, Any] = {
    "type": "object",
    "description": "The statistics asked for, null where too few values are there for them.",
    "required": ["count", "expected", "coverage", "flagged"],
    "properties": {
        "count": {"type": "integer", "description": "Values that are there."},
        "expected": {"type": ["integer", "null"], "description": "How many there should be."},
        "coverage": {"type": ["number", "null"], "description": "Their ratio."},
        "flagged": {"type": "integer", "description": "Values that failed quality control."},
    },
    "additionalProperties": {"type": ["number", "null"]},
}
PERIODS: dict[str, Any] = {
    "type": "array",
    "description": "With `resolution`: `timestamp` is the period's start.",
    "items": {
        "type": "object",
        "properties": {
            "timestamp": {"type": "string", "format": "date-time"},
            "station": {"type": "string"},
            "value": {"type": "object", "additionalProperties": STATISTICS},
        },
    },
}


@extend_schema_field({"anyOf": [ROWS, PERIODS, COLUMNS]})
class ResultsField(serializers.Field[Any, Any, Any, Any]):
    """Points or periods as rows or as columns; only described."""


class NewPointSerializer(serializers.Serializer[Any]):
    timestamp = serializers.CharField(help_text="RFC 3339; without an offset it is UTC.")
    station = serializers.CharField(required=False)
    value = serializers.DictField(help_text="Variable → number or text; null takes it away.")
    metadata = serializers.DictField(required=False)


@extend_schema_serializer(many=False)
class PointPageSerializer(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    revision = serializers.IntegerField(help_text="What was read; `next` reads the same.")
    units = serializers.DictField(
        child=serializers.CharField(), help_text="Of the values as they are answered."
    )
    resolution = serializers.CharField(
        required=False, help_text="The step of the periods; this and the next two only with it."
    )
    timezone = serializers.CharField(required=False, help_text="Whose calendar they follow.")
    intervals = serializers.DictField(
        required=False,
        child=serializers.CharField(allow_blank=True),
        help_text="ISO 8601 duration between values, as declared or seen; empty where unknown.",
    )
    next = serializers.URLField(allow_null=True)
    results = ResultsField()


class RowErrorSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="Which of the sent points, from 0.")
    field = serializers.CharField()
    message = serializers.CharField()


class WarningSerializer(serializers.Serializer[Any]):
    """Values that were stored and are doubted."""

    field = serializers.CharField()
    count = serializers.IntegerField()
    message = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """Counts: received = inserted + updated + unchanged + skipped + rejected."""

    received = serializers.IntegerField()
    inserted = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    skipped = serializers.IntegerField()
    rejected = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]  # a field of that name
    warnings = WarningSerializer(many=True)
    revision = serializers.IntegerField()
    receipt = serializers.UUIDField()


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
