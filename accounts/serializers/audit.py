"""The audit log on the wire."""

from rest_framework import serializers

from accounts.models import AuditEvent


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """One thing that somebody did, or was refused."""

    class Meta:
        model = AuditEvent
        fields = (
            "id", "at", "user_id", "credential", "credential_id", "action", "object_type",
            "object_id", "outcome", "address", "request_id", "details",
        )  # fmt: skip
        read_only_fields = fields
