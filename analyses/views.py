"""Routes of analyses."""

from typing import Any, ClassVar

import django_filters
from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from analyses import selectors, services
from analyses.models import Analysis
from analyses.registry import analyses as registry
from analyses.serializers import (
    AnalysisSerializer,
    AnalysisTypeSerializer,
    NewAnalysisSerializer,
)
from datasets import access
from datastream.core.api.permissions import ANYONE, SIGNED_IN
from datastream.core.api.views import Resource
from datastream.core.errors import InvalidInputError
from datastream.core.models import Status
from datastream.core.scopes import RUN

WAIT = OpenApiParameter(
    "wait",
    int,
    description=f"Wait up to so many seconds (0 to {settings.WAIT_MAX_S}) for the result.",
)
DATASET_ID = OpenApiParameter(
    "dataset_id", str, OpenApiParameter.PATH, description="The dataset's id."
)


class AnalysisFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    type = django_filters.CharFilter(help_text="Name of the analysis.")
    dataset = django_filters.UUIDFilter(field_name="dataset_id", help_text="The dataset's id.")

    class Meta:
        model = Analysis
        fields: tuple[str, ...] = ()


class Base(Resource):
    serializer_class = AnalysisSerializer
    filterset_class = AnalysisFilter
    ordering_fields = ("created_at", "finished_at", "type", "status")
    ordering = ("-created_at",)

    def started(self, analysis: Analysis) -> Response:
        """200 with the result when it is done in the time the caller waits, else 202."""
        done = services.wait(analysis.pk, self._seconds())
        found = Analysis.objects.select_related("result").get(pk=analysis.pk)
        return Response(
            self.represent(found),
            status=200 if done else 202,
            headers={"Location": f"/api/v1/analyses/{analysis.pk}"},
        )

    def _seconds(self) -> int:
        text = self.request.query_params.get("wait", "0")
        if (
            not (text.isascii() and text.isdecimal() and len(text) < 5)
            or int(text) > settings.WAIT_MAX_S
        ):
            message = f"Give whole seconds from 0 to {settings.WAIT_MAX_S}."
            raise InvalidInputError.of("wait", message)
        return int(text)


@extend_schema(tags=["analyses"])
@extend_schema_view(
    list=extend_schema(summary="List analyses"),
    retrieve=extend_schema(summary="Read an analysis"),
    destroy=extend_schema(summary="Delete an analysis (its author, or who manages the dataset)"),
)
class AnalysisViewSet(Base):
    requires: ClassVar = {
        "list": ANYONE,
        "retrieve": ANYONE,
        "destroy": SIGNED_IN,
        "rerun": SIGNED_IN,
        "cancel": SIGNED_IN,
    }
    scopes: ClassVar = {"destroy": RUN, "rerun": RUN, "cancel": RUN}
    rates: ClassVar = {"rerun": "analyses"}
    query: ClassVar = {"rerun": frozenset({"wait"})}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Analysis.objects.none()
        return selectors.analyses_for(self.request.user)

    def remove(self, instance: Analysis) -> None:
        selectors.require_control(self.request.user, instance)
        services.delete(instance)

    @extend_schema(
        operation_id="analyses_rerun",
        summary="Run again on the newest revision",
        request=None,
        parameters=[WAIT],
        responses={200: AnalysisSerializer, 202: AnalysisSerializer},
    )
    def rerun(self, request: Request, pk: str) -> Response:
        """The same request as a new row; the earlier result stays."""
        analysis = self.find(self.get_queryset())
        selectors.require_control(request.user, analysis)
        view = access.view(request.user, analysis.dataset_id)
        return self.started(services.rerun(view, analysis, user=self.caller))

    @extend_schema(
        operation_id="analyses_cancel",
        summary="Cancel",
        request=None,
        responses={200: AnalysisSerializer},
    )
    def cancel(self, request: Request, pk: str) -> Response:
        """409 where it is done already."""
        analysis = self.find(self.get_queryset())
        selectors.require_control(request.user, analysis)
        services.cancel(analysis)
        return Response(self.represent(self.find(self.get_queryset())))


@extend_schema(tags=["analyses"], parameters=[DATASET_ID])
@extend_schema_view(list=extend_schema(summary="List the analyses of a dataset"))
class DatasetAnalysisViewSet(Base):
    requires: ClassVar = {"list": ANYONE, "create": SIGNED_IN}
    scopes: ClassVar = {"create": RUN}
    rates: ClassVar = {"create": "analyses"}
    query: ClassVar = {"create": frozenset({"wait"})}
    inputs: ClassVar = {"create": NewAnalysisSerializer}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Analysis.objects.none()
        return selectors.analyses_of(access.view(self.request.user, self.kwargs["dataset_id"]))

    @extend_schema(
        operation_id="datasets_analysis_create",
        summary="Run an analysis",
        request=NewAnalysisSerializer,
        parameters=[WAIT],
        responses={200: AnalysisSerializer, 202: AnalysisSerializer},
    )
    def create(self, request: Request, dataset_id: str) -> Response:
        """202 with the request, or 200 with the result where `wait` was long enough."""
        self._seconds()
        view = access.view(request.user, dataset_id)
        selectors.require_running(self.caller)
        data = self.checked_input()
        parameters = data.get("parameters", {})
        return self.started(
            services.request_analysis(view, data["type"], parameters, user=self.caller)
        )


@extend_schema(tags=["analyses"])
class AnalysisTypeViewSet(Resource):
    serializer_class = AnalysisTypeSerializer
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE}

    @extend_schema(operation_id="analysis_types_list", summary="List the kinds of analyses")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(list(registry))
        return self.get_paginated_response(self.represent(page, many=True))
