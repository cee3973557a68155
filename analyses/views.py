"""Routes of analyses."""

from typing import Any, ClassVar

import django_filters
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts import limits
from analyses import selectors, services
from analyses.models import Analysis
from analyses.registry import analyses as registry
from analyses.serializers import (
    AnalysisSerializer,
    AnalysisTypeSerializer,
    AppliedSerializer,
    ApplySerializer,
    ChangedAnalysisSerializer,
    ExplanationSerializer,
    NewAnalysisSerializer,
    RerunSerializer,
)
from analyses.services import applying, explaining, notebooks
from datasets import access
from datastream.core import clock
from datastream.core.api.paging import whole_number
from datastream.core.api.permissions import ANYONE, SIGNED_IN
from datastream.core.api.renderers import dumps
from datastream.core.api.views import Resource
from datastream.core.errors import InvalidInputError
from datastream.core.models import Status
from datastream.core.scopes import RUN

WAIT = OpenApiParameter(
    "wait",
    int,
    description=f"Wait up to so many seconds (0 to {settings.WAIT_MAX_S}) for the result.",
)
EXPLAIN_PARAMETERS = [
    OpenApiParameter(
        "number", str, required=True,
        description="Path to it in the results, such as `theil_sen.per_decade`, `normals.6.mean`.",
    ),
    OpenApiParameter(
        "of", str,
        description="The parameter that chose the series to tell of, of several with its place: "
        "`predictors.0`; the main one if left out.",
    ),
    OpenApiParameter("start", OpenApiTypes.DATETIME, description="Values from then on."),
    OpenApiParameter("end", OpenApiTypes.DATETIME, description="Values before then."),
    OpenApiParameter("used", bool, description="Only those that made it, or that did not."),
    OpenApiParameter(
        "limit", int,
        description=f"Values on a page, at most {explaining.LARGEST_LIMIT:,}; default "
        f"{explaining.DEFAULT_LIMIT:,}.",
    ),
]  # fmt: skip
NOTEBOOK = "application/x-ipynb+json"
TRUTHS = {"true": True, "false": False}
DATASET_ID = OpenApiParameter(
    "dataset_id", str, OpenApiParameter.PATH, description="The dataset's id."
)


class AnalysisFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    type = django_filters.CharFilter(help_text="Name of the analysis.")
    dataset = django_filters.UUIDFilter(field_name="dataset_id", help_text="The dataset's id.")
    live = django_filters.BooleanFilter(help_text="`true` or `false`.")
    live_of = django_filters.UUIDFilter(
        field_name="live_of_id", help_text="Later runs of this live analysis."
    )

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
        found = selectors.told(analysis.pk)
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
    partial_update=extend_schema(
        summary="Run an analysis again, or no longer, when its data change",
        request=ChangedAnalysisSerializer,
        responses={200: AnalysisSerializer},
    ),
    destroy=extend_schema(summary="Delete an analysis (its author, or who manages the dataset)"),
)
class AnalysisViewSet(Base):
    requires: ClassVar = {
        "list": ANYONE,
        "retrieve": ANYONE,
        "partial_update": SIGNED_IN,
        "destroy": SIGNED_IN,
        "rerun": SIGNED_IN,
        "cancel": SIGNED_IN,
        "explain": ANYONE,
        "notebook": ANYONE,
    }
    scopes: ClassVar = {"partial_update": RUN, "destroy": RUN, "rerun": RUN, "cancel": RUN}
    rates: ClassVar = {"rerun": "analyses"}
    weights: ClassVar = {"explain": 10}
    query: ClassVar = {
        "rerun": frozenset({"wait"}),
        "explain": frozenset({"number", "of", "start", "end", "used", "limit"}),
    }
    inputs: ClassVar = {"partial_update": ChangedAnalysisSerializer, "rerun": RerunSerializer}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Analysis.objects.none()
        return selectors.analyses_for(self.request.user)

    def change(self, instance: Analysis, data: dict[str, Any]) -> None:
        selectors.require_control(self.request.user, instance)
        services.set_live(instance, live=data.get("live", instance.live))

    def remove(self, instance: Analysis) -> None:
        selectors.require_control(self.request.user, instance)
        services.delete(instance)

    @extend_schema(
        operation_id="analyses_rerun",
        summary="Run again, on the newest revision or on one that is named",
        request=RerunSerializer,
        parameters=[WAIT],
        responses={200: AnalysisSerializer, 202: AnalysisSerializer},
    )
    def rerun(self, request: Request, pk: str) -> Response:
        """The same request as a new row; the earlier result stays, and `verdict` compares them."""
        revision = self.checked_input().get("revision")
        analysis = self.find(self.get_queryset())
        selectors.require_control(request.user, analysis)
        view = access.view(request.user, analysis.dataset_id)
        again = services.rerun(view, analysis, user=self.caller, revision=revision)
        return self.started(again)

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

    @extend_schema(
        operation_id="analyses_explain",
        summary="Which values made a number, which were left out, and why",
        parameters=EXPLAIN_PARAMETERS,
        responses={200: ExplanationSerializer},
    )
    def explain(self, request: Request, pk: str) -> Response:
        """`number` is the path to it in the results, such as `theil_sen.per_decade`."""
        analysis = self.find(self.get_queryset())
        query = request.query_params
        if "number" not in query:
            raise InvalidInputError.of("number", "Name a number of the results, such as `n`.")
        explained = explaining.explain(analysis, query["number"], of=query.get("of", ""))
        page = explaining.page(explained, _choice(request))
        return Response(explaining.answer(explained, page) | {"next": _next(request, page)})

    @extend_schema(
        operation_id="analyses_notebook",
        summary="A Jupyter notebook that does it again through the API",
        responses={(200, NOTEBOOK): OpenApiTypes.OBJECT},
    )
    def notebook(self, request: Request, pk: str) -> HttpResponse:
        analysis = self.find(self.get_queryset().select_related("dataset", "result"))
        made = notebooks.notebook(analysis, address=request.build_absolute_uri("/").rstrip("/"))
        headers = {"Content-Disposition": f'attachment; filename="{analysis.type}-{pk}.ipynb"'}
        return HttpResponse(dumps(made), content_type=NOTEBOOK, headers=headers)


def _choice(request: Request) -> explaining.Choice:
    query = request.query_params
    used = query.get("used", "")
    if used not in {"", *TRUTHS}:
        raise InvalidInputError.of("used", "Give `true` or `false`.")
    times = {name: clock.parse(query[name], name) for name in ("start", "end") if name in query}
    most = explaining.LARGEST_LIMIT
    limit = whole_number(request, "limit", explaining.DEFAULT_LIMIT, most)
    return explaining.Choice(used=TRUTHS.get(used), limit=limit, **times)


def _next(request: Request, page: explaining.Page) -> str | None:
    if page.next_start is None:
        return None
    start = str(clock.text(page.next_start))
    return str(replace_query_param(request.build_absolute_uri(), "start", start))


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
        caller = self.request.user
        return selectors.analyses_of(caller, access.view(caller, self.kwargs["dataset_id"]))

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
        analysis = services.request_analysis(
            view,
            data["type"],
            data.get("parameters", {}),
            user=self.caller,
            live=data.get("live", False),
        )
        return self.started(analysis)


@extend_schema(tags=["analyses"])
class AnalysisTypeViewSet(Resource):
    serializer_class = AnalysisTypeSerializer
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE}

    @extend_schema(operation_id="analysis_types_list", summary="List the kinds of analyses")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(list(registry))
        return self.get_paginated_response(self.represent(page, many=True))


@extend_schema(tags=["analyses"])
class AppliedAnalysisViewSet(AnalysisViewSet):
    """What makes data of a result, and so is limited and allowed like writes of points."""

    requires: ClassVar = {"apply": SIGNED_IN}
    scopes: ClassVar = {}
    rates: ClassVar = {}
    query: ClassVar = {}
    inputs: ClassVar = {"apply": ApplySerializer}

    @extend_schema(
        operation_id="analyses_apply",
        summary="Apply a result",
        request=ApplySerializer,
        responses={200: AppliedSerializer, 201: AppliedSerializer},
    )
    def apply(self, request: Request, pk: str) -> Response:
        """Of `outliers`: mark the doubted values. Of `gaps`: make a dataset of the filled series.

        Marks are a revision of their dataset, for who may edit it; the values stay as they are. A
        new dataset is private and the caller's own. 409 where there is no result yet, or where
        doubted values have changed since.
        """
        analysis = self.find(self.get_queryset())
        limits.require(limits.POINTS)
        applied = applying.apply(analysis, user=self.caller, **self.checked_input())
        limits.charge(limits.POINTS, applied.outcome.received)
        if not applied.is_new:
            return Response(applied.body())
        where = {"Location": f"/api/v1/datasets/{applied.dataset}"}
        return Response(applied.body(), status=201, headers=where)
