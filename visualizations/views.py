"""Routes of pictures."""

from typing import Any, ClassVar

import django_filters
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.response import Response

from analyses.models import Analysis
from analyses.selectors import analyses_for
from datasets.models import Visibility
from datastream.core.api.conditional import is_unchanged, tagged
from datastream.core.api.permissions import ANYONE, SIGNED_IN
from datastream.core.api.views import Resource
from datastream.core.errors import InvalidInputError
from visualizations import drawing, embed, selectors, services
from visualizations.models import Visualization
from visualizations.registry import OPTIONS_OF_ALL, kinds
from visualizations.reports.content import report
from visualizations.reports.page import page_of
from visualizations.reports.pdf import pdf_of
from visualizations.serializers import (
    ChangedVisualizationSerializer,
    KindSerializer,
    NewVisualizationSerializer,
    VisualizationSerializer,
)

MEDIA = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
FORMS = [*MEDIA, "json"]
# A picture is looked at, never run: not even when it is opened by itself.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
# Any site may frame it; what it leads to opens outside the frame.
EMBED_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors *; "
    "sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox"
)
THEMES: list[str] = OPTIONS_OF_ALL["theme"]["enum"]
THEME = OpenApiParameter("theme", str, enum=THEMES, description="In place of the picture's own.")
SIDES = f"px, {drawing.LEAST_SIDE} to {settings.PICTURE_MAX_PIXELS:,}"
REPORT_MEDIA = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
IMAGE_PARAMETERS = [
    OpenApiParameter("format", str, enum=FORMS, default="png"),
    OpenApiParameter("width", int, description=f"{SIDES}; default 1,200."),
    OpenApiParameter("height", int, description=f"{SIDES}; default 600."),
    OpenApiParameter(
        "scale",
        float,
        description="Pixels of a PNG for each px, 0.5 to 4; 2 is 144 dpi.",
    ),
    THEME,
]


class VisualizationFilter(django_filters.FilterSet):
    kind = django_filters.CharFilter(help_text="Name of the kind.")
    dataset = django_filters.UUIDFilter(field_name="dataset_id", help_text="The dataset's id.")
    analysis = django_filters.UUIDFilter(field_name="analysis_id", help_text="The analysis's id.")
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices)

    class Meta:
        model = Visualization
        fields: tuple[str, ...] = ()


@extend_schema(tags=["visualizations"])
@extend_schema_view(
    list=extend_schema(summary="List pictures"),
    retrieve=extend_schema(summary="Read a picture's facts"),
    create=extend_schema(
        summary="Save a picture",
        request=NewVisualizationSerializer,
        responses={201: VisualizationSerializer},
    ),
    partial_update=extend_schema(
        summary="Change a picture",
        request=ChangedVisualizationSerializer,
        responses={200: VisualizationSerializer},
    ),
    destroy=extend_schema(summary="Delete a picture"),
)
class VisualizationViewSet(Resource):
    serializer_class = VisualizationSerializer
    filterset_class = VisualizationFilter
    search_fields = ("title",)
    ordering_fields = ("created_at", "updated_at", "title", "kind")
    ordering = ("-created_at",)
    requires: ClassVar = {
        "list": ANYONE,
        "retrieve": ANYONE,
        "create": "visualizations.add_visualization",
        "partial_update": SIGNED_IN,
        "destroy": SIGNED_IN,
        "spec": ANYONE,
        "image": ANYONE,
        "embed": ANYONE,
        "data": ANYONE,
    }
    inputs: ClassVar = {
        "create": NewVisualizationSerializer,
        "partial_update": ChangedVisualizationSerializer,
    }
    query: ClassVar = {
        "spec": frozenset({"theme"}),
        "image": frozenset({"format", "width", "height", "scale", "theme"}),
        "embed": frozenset({"theme"}),
    }
    weights: ClassVar = {"spec": 5, "image": 20, "embed": 40, "data": 5}

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        # A frame asks for a page, and gets one.
        return super().perform_content_negotiation(request, force or self.action == "embed")

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Visualization.objects.none()
        return selectors.visualizations_for(self.request.user)

    def create(self, request: Request) -> Response:
        picture = services.create_visualization(self.caller, self.checked_input())
        found = self.get_queryset().get(pk=picture.pk)
        location = {"Location": f"/api/v1/visualizations/{picture.pk}"}
        return Response(self.represent(found), status=201, headers=location)

    def change(self, instance: Visualization, data: dict[str, Any]) -> None:
        selectors.require_control(self.request.user, instance)
        services.change_visualization(self.caller, instance, data)

    def remove(self, instance: Visualization) -> None:
        selectors.require_control(self.request.user, instance)
        services.delete_visualization(instance)

    # ------------------------------------------------------------------ drawn
    @extend_schema(
        operation_id="visualizations_spec",
        summary="Its Vega-Lite specification, to read only",
        parameters=[THEME],
        responses={200: OpenApiTypes.OBJECT},
    )
    def spec(self, request: Request, pk: str) -> Response:
        picture = self._in_theme(self.find(self.get_queryset()))
        series = services.shown(request.user, picture)
        compiled = services.compiled(picture, series)
        # Some readers ask every specification to name its alternative text.
        spec = {**compiled.spec, "description": compiled.alt}
        return tagged(request, spec, services.version(picture, series, "spec"))

    @extend_schema(
        operation_id="visualizations_image",
        summary="The picture, as PNG, SVG or PDF, or as values and options in JSON",
        parameters=IMAGE_PARAMETERS,
        responses={(200, media): OpenApiTypes.BINARY for media in MEDIA.values()}
        | {(200, "application/json"): OpenApiTypes.OBJECT},
    )
    def image(self, request: Request, pk: str) -> HttpResponse:
        picture = self._in_theme(self.find(self.get_queryset()))
        form, size = self._form_and_size(request)
        series = services.shown(request.user, picture)
        if form == "json":
            tag = services.version(picture, series, form)
            return tagged(request, services.as_values(picture, series), tag)
        tag = services.version(picture, series, form, size.width, size.height, size.scale)
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": f'"{tag}"'})
        drawn = services.image(picture, series, form, size)
        headers = {
            "ETag": f'"{tag}"',
            "Content-Disposition": f'inline; filename="{picture.kind}-{picture.pk}.{form}"',
            "Content-Security-Policy": PICTURE_POLICY,
        }
        return HttpResponse(drawn, content_type=MEDIA[form], headers=headers)

    @extend_schema(
        operation_id="visualizations_embed",
        summary="The picture as a page that other sites may show in a frame",
        parameters=[THEME],
        responses={(200, "text/html"): OpenApiTypes.STR},
    )
    def embed(self, request: Request, pk: str) -> HttpResponse:
        picture = self._in_theme(self.find(self.get_queryset()))
        series = services.shown(request.user, picture)
        tag = services.version(picture, series, "embed")
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": f'"{tag}"'})

        def make() -> bytes:
            return embed.page_of(picture, services.compiled(picture, series))

        headers = {"ETag": f'"{tag}"', "Content-Security-Policy": EMBED_POLICY}
        answer = HttpResponse(services.once(tag, make), headers=headers)
        answer.xframe_options_exempt = True
        return answer

    def _in_theme(self, picture: Visualization) -> Visualization:
        """Return the picture with the theme that is asked for; nothing is saved."""
        theme = self.request.query_params.get("theme")
        if theme is not None:
            if theme not in THEMES:
                raise InvalidInputError.of("theme", f"Choose from {', '.join(THEMES)}.")
            picture.options = {**picture.options, "theme": theme}
        return picture

    def _form_and_size(self, request: Request) -> tuple[str, services.Size]:
        query = request.query_params
        form = query.get("format", "png")
        if form not in FORMS:
            raise NotAcceptable
        size = services.Size(
            width=_number(query.get("width", "1200"), "width", int),
            height=_number(query.get("height", "600"), "height", int),
            scale=_number(query.get("scale", "1"), "scale", float),
        )
        # Before a tag is made of them: no tag holds a number of thirty digits.
        drawing.check_size("png", width=size.width, height=size.height, scale=size.scale)
        return form, size

    @extend_schema(
        operation_id="visualizations_data",
        summary="What is drawn, as CSV",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def data(self, request: Request, pk: str) -> HttpResponse:
        picture = self.find(self.get_queryset())
        series = services.shown(request.user, picture)
        tag = services.version(picture, series, "data")
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": f'"{tag}"'})
        headers = {
            "ETag": f'"{tag}"',
            "Content-Disposition": f'attachment; filename="{picture.kind}-{picture.pk}.csv"',
        }
        body = services.as_csv(picture, series)
        return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


@extend_schema(tags=["analyses"])
class ReportViewSet(Resource):
    """The report of an analysis."""

    filter_backends = ()
    requires: ClassVar = {"report": ANYONE}
    query: ClassVar = {"report": frozenset({"format"})}
    weights: ClassVar = {"report": 40}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Analysis.objects.none()
        return analyses_for(self.request.user)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        # It is what `format` says, whatever else the client accepts.
        return super().perform_content_negotiation(request, force or self.action == "report")

    @extend_schema(
        operation_id="analyses_report",
        summary="What was found, as a page or PDF: words, pictures, numbers, how it was made",
        parameters=[OpenApiParameter("format", str, enum=list(REPORT_MEDIA), default="html")],
        responses={(200, media): OpenApiTypes.BINARY for media in REPORT_MEDIA.values()},
    )
    def report(self, request: Request, pk: str) -> HttpResponse:
        form = request.query_params.get("format", "html")
        if form not in REPORT_MEDIA:
            raise InvalidInputError.of("format", f"Choose from {', '.join(REPORT_MEDIA)}.")
        analysis = self.find(self.get_queryset())
        told = report(request.user, analysis)
        if form == "pdf":
            name = f'inline; filename="{analysis.type}-{analysis.pk}.pdf"'
            headers = {"Content-Disposition": name}
            return HttpResponse(pdf_of(told), content_type="application/pdf", headers=headers)
        address = request.build_absolute_uri(f"/api/v1/analyses/{analysis.pk}")
        return HttpResponse(page_of(told, address=address), content_type=REPORT_MEDIA["html"])


def _number(text: str, name: str, kind: type[Any]) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidInputError.of(name, "Not a number.") from error


@extend_schema(tags=["visualizations"])
class KindViewSet(Resource):
    serializer_class = KindSerializer
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE}

    @extend_schema(operation_id="visualization_kinds_list", summary="List the kinds of pictures")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(list(kinds))
        return self.get_paginated_response(self.represent(page, many=True))
