"""The audit log, for admins."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view

from accounts.models import AuditEvent
from accounts.serializers.audit import AuditEventSerializer
from datastream.core.api.views import Resource
from datastream.core.scopes import ADMINISTER


@extend_schema(tags=["audit"])
@extend_schema_view(list=extend_schema(summary="Who did what to what (admins)"))
class AuditViewSet(Resource):
    serializer_class = AuditEventSerializer
    requires: ClassVar = {"list": "accounts.view_auditevent"}
    scopes: ClassVar = {"list": ADMINISTER}

    def get_queryset(self) -> Any:
        return AuditEvent.objects.all()
