"""The audit log, for admins: lists, single events, all as CSV. There is no way to write it."""

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request

from accounts.filters.audit import AuditFilter
from accounts.models import AuditEvent
from accounts.selectors import audit as selectors
from accounts.serializers.audit import AuditEventSerializer, as_csv
from accounts.services import audit
from datastream.core import clock
from datastream.core.api import negotiation
from datastream.core.api.files import disposition
from datastream.core.api.views import Resource
from datastream.core.errors import InvalidInputError
from datastream.core.scopes import ADMINISTER

JSON, CSV = "json", "csv"
KINDS = {JSON: "application/json", CSV: "text/csv"}
ONLY_JSON = ("page", "page_size", "ordering", "fields")
FORMAT = OpenApiParameter(
    "format", str, enum=[*KINDS], description="Or by `Accept`. csv gives all events, newest first."
)


@extend_schema(tags=["audit"])
@extend_schema_view(
    list=extend_schema(
        summary="Who did what to what (admins)",
        parameters=[FORMAT],
        responses={
            (200, KINDS[JSON]): AuditEventSerializer(many=True),
            (200, KINDS[CSV]): OpenApiResponse(OpenApiTypes.BINARY, "All events, one a line."),
        },
    ),
    retrieve=extend_schema(summary="Read one event of the audit log (admins)"),
)
class AuditViewSet(Resource):
    serializer_class = AuditEventSerializer
    filterset_class = AuditFilter
    ordering_fields = ("id", "at")
    ordering = ("-id",)
    requires: ClassVar = {
        "list": "accounts.view_auditevent",
        "retrieve": "accounts.view_auditevent",
    }
    scopes: ClassVar = {"list": ADMINISTER, "retrieve": ADMINISTER}
    query: ClassVar = {"list": frozenset({"format"})}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return AuditEvent.objects.none()
        return selectors.audit_events()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002 - REST framework's
        # It knows JSON only and would refuse what the list itself can give.
        return super().perform_content_negotiation(request, force or self.action == "list")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Pages of events, newest first; as CSV all that the filters let through."""
        is_csv = negotiation.asked(request, KINDS) == CSV
        answer = self._file(request) if is_csv else super().list(request, *args, **kwargs)
        patch_vary_headers(answer, ["Accept"])
        return answer

    def _file(self, request: Request) -> StreamingHttpResponse:
        for name in ONLY_JSON:
            if name in request.query_params:
                message = "csv gives all events, newest first; leave this out, or ask for json."
                raise InvalidInputError.of(name, message)
        events = self.filter_queryset(self.get_queryset())
        headers = {"Content-Disposition": disposition(f"audit_{clock.now():%Y%m%dT%H%M%SZ}.csv")}
        if request.method == "HEAD":
            return StreamingHttpResponse((), content_type=KINDS[CSV], headers=headers)
        audit.record("audit.exported", filters=sorted({*request.query_params} - {"format"}))
        lines = as_csv(selectors.newest_first(events))
        return StreamingHttpResponse(lines, content_type=KINDS[CSV], headers=headers)
