"""Exports: large reads as jobs of the caller, and their files."""

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request

from datasets import exports
from datasets.filters.exports import ExportFilter
from datasets.models import Export
from datasets.selectors import exports as selectors
from datasets.serializers.exports import ExportSerializer
from datasets.services import exports as services
from datastream.core.api import files
from datastream.core.api.permissions import SIGNED_IN
from datastream.core.api.views import Resource
from datastream.core.scopes import READ

RANGE = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)
    for name, description in (
        ("Range", "`bytes=1000-`: the rest after a break."),
        ("If-Range", "The tag that the first part had; the whole file if it is another one now."),
        ("If-None-Match", "304 if the client has it."),
    )
]
ERROR = {"$ref": "#/components/schemas/Error"}
FILE: dict[Any, Any] = {
    **{
        (status, media_type): OpenApiResponse(OpenApiTypes.BINARY, description)
        for media_type in exports.MEDIA_TYPES.values()
        for status, description in (
            (200, "The whole file; `Repr-Digest` is its SHA-256."),
            (206, "The range asked for."),
        )
    },
    304: OpenApiResponse(None, "The client has it."),
    409: OpenApiResponse(ERROR, "It is not done yet, or it has failed."),
    416: OpenApiResponse(ERROR, "There is no such range; `Content-Range` says how long it is."),
}


@extend_schema(tags=["data"])
@extend_schema_view(
    list=extend_schema(summary="List your exports"),
    retrieve=extend_schema(summary="Read an export: how far it is, and where its file is"),
    destroy=extend_schema(summary="Delete an export with its file, or stop it"),
)
class ExportViewSet(Resource):
    """The caller's own exports; nobody else sees them."""

    serializer_class = ExportSerializer
    filterset_class = ExportFilter
    ordering_fields = ("created_at", "finished_at", "expires_at", "status")
    ordering = ("-created_at",)
    requires: ClassVar = {
        "list": SIGNED_IN,
        "retrieve": SIGNED_IN,
        "destroy": SIGNED_IN,
        "file": SIGNED_IN,
    }
    weights: ClassVar = {"file": 10}
    # Whoever may have an export made may also give its room back.
    scopes: ClassVar = {"destroy": READ}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Export.objects.none()
        return selectors.exports_for(self.caller)

    def remove(self, instance: Export) -> None:
        services.delete_export(instance)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        # The file is what it is, whatever the client says it accepts.
        return super().perform_content_negotiation(request, force or self.action == "file")

    @extend_schema(
        operation_id="exports_file",
        summary="Fetch the file of an export",
        parameters=RANGE,
        responses=FILE,
    )
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """Whole, or from where the last try broke off; it is never compressed on the way.

        409 while it is not done, 404 once it has expired or the rights on the dataset changed.
        """
        export = self.find(self.get_queryset())
        view = selectors.require_file(self.caller, export)
        media_type, name = exports.MEDIA_TYPES[export.format], exports.file_name(view, export)
        opened = services.open_file(export)
        content = files.Content(opened, export.size_bytes or 0, media_type, name, export.digest)
        return files.answer(request, content)
