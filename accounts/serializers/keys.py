"""API keys on the wire."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.models import ApiKey
from datastream.core.api.fields import Instant, Text
from datastream.core.scopes import READ, RUN, SCOPES, WRITE

EXAMPLE = {
    "id": "5f3a8c1e-2c7f-4f0b-9a54-0d1f6a7f9e22",
    "name": "nightly upload",
    "scopes": [READ, WRITE],
    "created_at": "2026-01-05T09:30:00Z",
    "expires_at": "2026-04-05T09:30:00Z",
    "last_used_at": None,
}


@extend_schema_serializer(examples=[OpenApiExample("A key", EXAMPLE, response_only=True)])
class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key, without its secret."""

    scopes = serializers.ListField(child=serializers.ChoiceField(list(SCOPES)), read_only=True)

    class Meta:
        model = ApiKey
        fields = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")
        read_only_fields = fields


class MadeKeySerializer(ApiKeySerializer):
    """A key that has just been made, with its text."""

    key = serializers.CharField(
        read_only=True, help_text="The key itself. It is never shown again: keep it now."
    )

    class Meta:
        model = ApiKey
        fields = ("key", *ApiKeySerializer.Meta.fields)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "For reading and computing",
            {"name": "notebook", "scopes": [READ, RUN]},
            request_only=True,
        )
    ]
)
class NewKeySerializer(serializers.Serializer[Any]):
    """What a key is called, what it may be used for, and until when."""

    name = Text(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(list(SCOPES)),
        allow_empty=False,
        max_length=len(SCOPES),
        help_text="No more than your roles can use.",
    )
    expires_at = Instant(required=False, help_text="At most 366 days from now; 90 where left out.")
    id = serializers.UUIDField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(read_only=True)
