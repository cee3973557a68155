"""Datasets, stations, variables, shares and revisions."""

from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request
from rest_framework.response import Response

from datasets import access, places, services
from datasets.access import Right
from datasets.filters.catalogue import DatasetFilter
from datasets.filters.history import RevisionFilter
from datasets.models import Dataset, Revision, Share, Station, Variable
from datasets.selectors import catalogue, visible
from datasets.serializers.catalogue import (
    DatasetSerializer,
    RevisionSerializer,
    ShareSerializer,
    StationSerializer,
    VariableSerializer,
)
from datasets.views.base import DATASET_ID, Nested
from datastream.core.api import negotiation
from datastream.core.api.permissions import ANYONE, SIGNED_IN, require_scope
from datastream.core.api.renderers import dumps
from datastream.core.api.views import Resource
from datastream.core.errors import InvalidInputError, NotFoundError
from datastream.core.scopes import ADMINISTER

JSON, GEOJSON = "json", "geojson"
# Filters of datasets by what a caller may see of their points.
FILTERED = frozenset({"start", "end"})
STATION_KINDS = {JSON: "application/json", GEOJSON: "application/geo+json"}
FORMAT = OpenApiParameter(
    "format", str, enum=[*STATION_KINDS], description="Or by `Accept`. geojson gives all stations."
)
STATIONS = {
    (200, STATION_KINDS[JSON]): StationSerializer(many=True),
    (200, STATION_KINDS[GEOJSON]): OpenApiResponse(OpenApiTypes.OBJECT, "A FeatureCollection."),
}


@extend_schema(tags=["datasets"])
@extend_schema_view(
    list=extend_schema(summary="List datasets"),
    retrieve=extend_schema(summary="Read a dataset"),
    create=extend_schema(summary="Make a dataset"),
    partial_update=extend_schema(summary="Change a dataset"),
    destroy=extend_schema(
        summary="Delete a dataset",
        description="With its points, their history and all made of it. It is gone at once.",
    ),
)
class DatasetViewSet(Resource):
    serializer_class = DatasetSerializer
    filterset_class = DatasetFilter
    search_fields = ("name", "description", "source")
    ordering_fields = ("name", "created_at", "updated_at", "point_count", "start", "end")
    ordered_by: ClassVar = {"point_count": "seen_count", "start": "seen_start", "end": "seen_end"}
    ordering = ("-created_at",)
    requires: ClassVar = {
        "list": ANYONE,
        "retrieve": ANYONE,
        "create": "datasets.add_dataset",
        "partial_update": SIGNED_IN,
        "destroy": SIGNED_IN,
    }

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Dataset.objects.none()
        return catalogue.datasets(self.request.user)

    def filter_queryset(self, queryset: Any) -> Any:
        # A column costs its while even where nothing is hidden, so only who asks has it.
        query = self.request.query_params
        by = {term.removeprefix("-") for term in query.get("ordering", "").split(",")}
        if FILTERED & query.keys() or self.ordered_by.keys() & by:
            queryset = visible.with_facts(queryset)
        return super().filter_queryset(queryset)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        if args:
            visible.tell(args[0] if kwargs.get("many") else args)
        return super().get_serializer(*args, **kwargs)

    def checked_input(self, *, partial: bool = False, instance: Any = None) -> dict[str, Any]:
        data = super().checked_input(partial=partial, instance=instance)
        if services.FOR_MANAGERS & data.keys():
            # Who sees what of a dataset takes more of a key or token than its points and texts.
            require_scope(self.request, ADMINISTER)
        return data

    def create(self, request: Request) -> Response:
        made = services.create_dataset(self.caller, **self.checked_input())
        found = self.get_queryset().get(pk=made.pk)
        location = {"Location": f"/api/v1/datasets/{made.pk}"}
        return Response(self.represent(found), status=201, headers=location)

    def change(self, instance: Dataset, data: dict[str, Any]) -> None:
        services.change_dataset(access.view_of(instance), **data)

    def remove(self, instance: Dataset) -> None:
        services.delete_dataset(access.view_of(instance))


class Child(Nested):
    """A row below a dataset that those with `edit` make and change."""

    requires: ClassVar = {
        "list": ANYONE,
        "retrieve": ANYONE,
        "create": SIGNED_IN,
        "partial_update": SIGNED_IN,
    }

    def create(self, request: Request, dataset_id: str) -> Response:
        view = self.view(Right.EDIT)
        return Response(self.represent(self.make(view, self.checked_input())), status=201)

    def make(self, view: access.View, data: dict[str, Any]) -> Any:
        raise NotImplementedError

    def locked(self) -> Any:
        self.view(Right.EDIT)
        return super().locked()


@extend_schema(tags=["datasets"], parameters=[DATASET_ID])
@extend_schema_view(
    list=extend_schema(summary="List stations", parameters=[FORMAT], responses=STATIONS),
    retrieve=extend_schema(summary="Read a station"),
    create=extend_schema(summary="Add a station"),
    partial_update=extend_schema(summary="Change a station"),
)
class StationViewSet(Child):
    serializer_class = StationSerializer
    search_fields = ("code", "name")
    ordering_fields = ("id", "code", "name", "latitude", "longitude", "elevation_m")
    ordered_by: ClassVar = {"latitude": "seen_latitude", "longitude": "seen_longitude"}
    ordering = ("id",)
    formatted = frozenset({"list"})
    query: ClassVar = {"list": frozenset({"format"})}

    def get_queryset(self) -> Any:
        return self.empty(Station) if self.is_described else catalogue.stations(self.view())

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Pages of stations; as GeoJSON all of them at once, on the map as far as known."""
        if negotiation.asked(request, STATION_KINDS) == JSON:
            return super().list(request, *args, **kwargs)
        for name in ("page", "page_size"):
            if name in request.query_params:
                raise InvalidInputError.of(name, "GeoJSON gives all stations; leave this out.")
        view = self.view()
        stations = self.filter_queryset(catalogue.stations(view))
        body = places.collection(view, stations, self.represent(stations, many=True))
        return HttpResponse(dumps(body), content_type=STATION_KINDS[GEOJSON])

    def make(self, view: access.View, data: dict[str, Any]) -> Station:
        return services.add_station(view, **data)

    def change(self, instance: Station, data: dict[str, Any]) -> None:
        services.change_station(self.view(), instance, **data)


@extend_schema(tags=["datasets"], parameters=[DATASET_ID])
@extend_schema_view(
    list=extend_schema(summary="List variables"),
    retrieve=extend_schema(summary="Read a variable"),
    create=extend_schema(summary="Declare a variable"),
    partial_update=extend_schema(summary="Change a variable"),
)
class VariableViewSet(Child):
    serializer_class = VariableSerializer
    search_fields = ("name", "standard_name", "description")
    ordering_fields = ("id", "name", "standard_name", "unit")
    ordering = ("id",)

    def get_queryset(self) -> Any:
        return self.empty(Variable) if self.is_described else catalogue.variables(self.view())

    def make(self, view: access.View, data: dict[str, Any]) -> Variable:
        return services.add_variable(view, **data)

    def change(self, instance: Variable, data: dict[str, Any]) -> None:
        services.change_variable(self.view(), instance, **data)


@extend_schema(tags=["datasets"], parameters=[DATASET_ID])
@extend_schema_view(
    list=extend_schema(summary="List shares (who manages the dataset)"),
    create=extend_schema(summary="Share with a user or a role"),
    destroy=extend_schema(summary="Withdraw a share"),
)
class ShareViewSet(Nested):
    serializer_class = ShareSerializer
    ordering_fields = ("created_at", "permission")
    ordering = ("created_at",)
    requires: ClassVar = {"list": SIGNED_IN, "create": SIGNED_IN, "destroy": SIGNED_IN}
    scopes: ClassVar = {"list": ADMINISTER, "create": ADMINISTER, "destroy": ADMINISTER}

    def get_queryset(self) -> Any:
        return self.empty(Share) if self.is_described else catalogue.shares(self.view(Right.MANAGE))

    def create(self, request: Request, dataset_id: str) -> Response:
        view = self.view(Right.MANAGE)
        return Response(self.represent(services.share(view, **self.checked_input())), status=201)

    def remove(self, instance: Share) -> None:
        services.withdraw(self.view(), instance)


@extend_schema(tags=["datasets"], parameters=[DATASET_ID])
@extend_schema_view(
    list=extend_schema(summary="List revisions"), retrieve=extend_schema(summary="Read a revision")
)
class RevisionViewSet(Nested):
    serializer_class = RevisionSerializer
    filterset_class = RevisionFilter
    ordering_fields = ("number", "created_at")
    ordering = ("number",)
    requires: ClassVar = {"list": ANYONE, "retrieve": ANYONE}
    lookup_field = "number"

    def get_queryset(self) -> Any:
        return self.empty(Revision) if self.is_described else catalogue.revisions(self.view())

    def find(self, queryset: Any) -> Revision:
        found: Revision | None = queryset.filter(number=self.kwargs["number"]).first()
        if found is None:
            raise NotFoundError
        return found
