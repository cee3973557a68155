"""API keys on the wire."""

from rest_framework import serializers

from accounts.models import ApiKey


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key, without its secret."""

    class Meta:
        model = ApiKey
        fields = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")
        read_only_fields = fields
