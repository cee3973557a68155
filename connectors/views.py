"""Routes of connectors, feeds, their runs and raw answers."""

from typing import Any, ClassVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request
from rest_framework.response import Response

from connectors import bodies, filters, selectors, services
from connectors.base import Connector
from connectors.models import Coverage, Document, Feed, Run
from connectors.registry import connectors as registry
from connectors.serializers import (
    ChangedFeedSerializer,
    ConnectorSerializer,
    CoverageSerializer,
    DocumentSerializer,
    FeedSerializer,
    ListedRunSerializer,
    PeriodSerializer,
    PlanSerializer,
    RunSerializer,
)
from datasets import ingest
from datastream.core.api.files import disposition
from datastream.core.api.permissions import ANYONE
from datastream.core.api.views import Resource
from datastream.core.errors import NotFoundError

FEED_ID = OpenApiParameter("feed_id", str, OpenApiParameter.PATH, description="The feed's id.")
BYTES = "application/octet-stream"
# Of a run, what would make a page of them long.
ONE_BY_ONE = ("parameters", "rejections", "notes")


class Collection(Resource):
    """A route on rows that some roles see, each by the rights on its dataset."""

    @property
    def is_described(self) -> bool:
        """Whether the view only serves to describe itself, without a request's data."""
        return bool(getattr(self, "swagger_fake_view", False))

    def run_of(self, pk: Any) -> dict[str, Any]:
        """A run as it stands now."""
        run = selectors.runs_for(self.caller).get(pk=pk)
        return dict(RunSerializer(run, context=self.get_serializer_context()).data)


@extend_schema(tags=["collection"])
class ConnectorViewSet(Resource):
    """What can be collected."""

    serializer_class = ConnectorSerializer
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE, "retrieve": ANYONE}
    weights: ClassVar = {"list": 5}
    lookup_field = "name"

    @extend_schema(operation_id="connectors_list", summary="List the connectors")
    def list(self, request: Request) -> Response:
        """Each with its products, what they take and observe, and how often they may be asked."""
        page = self.paginate_queryset(list(registry))
        return self.get_paginated_response(self.represent(page, many=True))

    @extend_schema(operation_id="connectors_retrieve", summary="Read a connector")
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found: Connector | None = registry.get(self.kwargs["name"])
        if found is None:
            raise NotFoundError
        return self.answer(found)


@extend_schema(tags=["collection"])
@extend_schema_view(
    list=extend_schema(summary="List feeds"),
    retrieve=extend_schema(summary="Read a feed"),
    partial_update=extend_schema(
        summary="Change a feed",
        request=ChangedFeedSerializer,
        description="Not its connector, product and dataset. Other parameters than the span of "
        "days and the stations let all be asked for again.",
    ),
    destroy=extend_schema(
        summary="Delete a feed",
        description="With its runs and what it knows to be covered; the dataset keeps its points.",
    ),
)
class FeedViewSet(Collection):
    serializer_class = FeedSerializer
    filterset_class = filters.FeedFilter
    search_fields = ("name",)
    ordering_fields = ("name", "connector", "created_at", "updated_at", "next_run_at")
    ordering = ("name",)
    requires: ClassVar = {
        "list": "connectors.view_feed",
        "retrieve": "connectors.view_feed",
        "create": "connectors.add_feed",
        "partial_update": "connectors.change_feed",
        "destroy": "connectors.delete_feed",
        "run": "connectors.add_run",
        "plan": "connectors.view_feed",
    }
    inputs: ClassVar = {"partial_update": ChangedFeedSerializer, "run": PeriodSerializer}
    weights: ClassVar = {"plan": 5}

    def get_queryset(self) -> Any:
        return Feed.objects.none() if self.is_described else selectors.feeds_for(self.caller)

    @extend_schema(summary="Make a feed")
    def create(self, request: Request) -> Response:
        """Names are taken once on the whole platform, by feeds that you cannot see too: 409.

        The dataset must be one that you edit; the variables of the product are declared in it.
        """
        data = self._facts(self.checked_input())
        dataset = selectors.target_for(self.caller, data.pop("dataset_id"))
        feed = services.create_feed(dataset, **data)
        found = self.get_queryset().get(pk=feed.pk)
        location = {"Location": f"/api/v1/feeds/{feed.pk}"}
        return Response(self.represent(found), status=201, headers=location)

    def _facts(self, data: dict[str, Any]) -> dict[str, Any]:
        if "credential_id" in data:
            wanted = data.pop("credential_id")
            data["credential"] = selectors.credential_for(self.caller, wanted)
        return data

    def locked(self) -> Any:
        # First of all, as a run does that stores a page.
        ingest.lock(self.find(self.get_queryset()).dataset_id)
        return super().locked()

    def change(self, instance: Feed, data: dict[str, Any]) -> None:
        services.change_feed(instance, **self._facts(data))

    def remove(self, instance: Feed) -> None:
        services.delete_feed(instance)

    @extend_schema(
        operation_id="feeds_run",
        summary="Run a feed now",
        request=PeriodSerializer,
        responses={202: RunSerializer},
    )
    def run(self, request: Request, pk: str) -> Response:
        """Without a body it asks for what is not known yet, and again for the look-back.

        With `start` and `end` it is a back-fill: all days from `start` until before `end` are asked
        for again. 409 with the id of the run that is going on under `details.run`, if there is one.
        """
        feed = self.find(self.get_queryset())
        window = PeriodSerializer.window(self.checked_input())
        run = services.back_fill(feed, window) if window else services.queue_run(feed)
        location = {"Location": f"/api/v1/runs/{run.pk}"}
        return Response(self.run_of(run.pk), status=202, headers=location)

    @extend_schema(
        operation_id="feeds_plan",
        summary="Tell what a run would ask for",
        responses={200: PlanSerializer},
    )
    def plan(self, request: Request, pk: str) -> Response:
        """A dry run: nobody is asked, nothing is changed."""
        plan = services.plan_of(self.find(self.get_queryset()))
        return Response(PlanSerializer(plan).data)


@extend_schema(tags=["collection"], parameters=[FEED_ID])
@extend_schema_view(list=extend_schema(summary="List what is known to be covered"))
class CoverageViewSet(Collection):
    """The ledger of a feed."""

    serializer_class = CoverageSerializer
    filterset_class = filters.CoverageFilter
    ordering_fields = ("station", "variable", "start", "end", "state", "checked_at")
    ordering = ("station", "variable", "start")
    requires: ClassVar = {"list": "connectors.view_coverage"}

    def get_queryset(self) -> Any:
        if self.is_described:
            return Coverage.objects.none()
        feed = selectors.feed_for(self.caller, self.kwargs["feed_id"])
        return selectors.coverage_of(feed)


@extend_schema(tags=["collection"])
@extend_schema_view(
    list=extend_schema(summary="List runs", responses=ListedRunSerializer(many=True)),
    retrieve=extend_schema(summary="Read a run"),
)
class RunViewSet(Collection):
    serializer_class = RunSerializer
    filterset_class = filters.RunFilter
    ordering_fields = ("created_at", "started_at", "finished_at", "status")
    ordering = ("-created_at",)
    requires: ClassVar = {
        "list": "connectors.view_run",
        "retrieve": "connectors.view_run",
        "cancel": "connectors.add_run",
    }

    def get_queryset(self) -> Any:
        if self.is_described:
            return Run.objects.none()
        runs = selectors.runs_for(self.caller)
        return runs.defer(*ONE_BY_ONE) if self.action == "list" else runs

    def get_serializer_class(self) -> Any:
        return ListedRunSerializer if self.action == "list" else RunSerializer

    @extend_schema(
        operation_id="runs_cancel",
        summary="Cancel a run",
        request=None,
        responses={200: RunSerializer},
    )
    def cancel(self, request: Request, pk: str) -> Response:
        """What it has stored stays; 409 where it is done already."""
        run = self.find(self.get_queryset())
        services.cancel_run(run)
        return Response(self.run_of(run.pk))


@extend_schema(tags=["collection"])
@extend_schema_view(
    list=extend_schema(summary="List raw answers"),
    retrieve=extend_schema(summary="Read what is known of a raw answer"),
)
class DocumentViewSet(Collection):
    serializer_class = DocumentSerializer
    filterset_class = filters.DocumentFilter
    ordering_fields = ("received_at", "sequence", "size", "status")
    ordering = ("-received_at",)
    requires: ClassVar = {
        "list": "connectors.view_document",
        "retrieve": "connectors.view_document",
        "body": "connectors.view_document",
    }
    weights: ClassVar = {"body": 10}

    def get_queryset(self) -> Any:
        return (
            Document.objects.none() if self.is_described else selectors.documents_for(self.caller)
        )

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        # The body is what it is, whatever the client says it accepts.
        return super().perform_content_negotiation(request, force or self.action == "body")

    @extend_schema(
        operation_id="documents_body",
        summary="Fetch the body of a raw answer",
        responses={(200, BYTES): OpenApiResponse(OpenApiTypes.BINARY, "As it is kept.")},
    )
    def body(self, request: Request, pk: str) -> HttpResponseBase:
        """The whole answer, all its parts, as bytes: nobody's browser takes it for a page."""
        document = self.find(self.get_queryset())
        headers = {"Content-Disposition": disposition(bodies.name_of(document))}
        headers["X-Content-Type-Options"] = "nosniff"
        if request.method == "HEAD":
            return HttpResponse(content_type=BYTES, headers=headers)
        return StreamingHttpResponse(bodies.send(document), content_type=BYTES, headers=headers)
