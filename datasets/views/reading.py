"""Points: read by pages."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from datasets import cursors
from datasets.access import View
from datasets.filters import points as filters
from datasets.selectors import points
from datasets.selectors.points import Selection
from datasets.serializers.points import PointPageSerializer, PointSerializer, uuid_or_none
from datasets.views import aggregates, estimates, exporting, jobs
from datasets.views.base import DATASET_ID, Nested
from datastream.core.api import negotiation
from datastream.core.api.conditional import is_unchanged, tag_of, tagged
from datastream.core.api.paging import whole_number
from datastream.core.api.renderers import dumps
from datastream.core.errors import NotFoundError

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 50_000
JSON = "json"
# Name of a format → its media type.
KINDS = {JSON: "application/json", **exporting.MEDIA_TYPES}

READ_PARAMETERS = [
    DATASET_ID,
    OpenApiParameter("start", str, description="First instant, in."),
    OpenApiParameter("end", str, description="Last instant, out."),
    OpenApiParameter("station", str, many=True, description="Code of a station; repeatable."),
    OpenApiParameter("variables", str, description="Names between commas; all where not given."),
    OpenApiParameter(
        "fields", str, description="Of id, timestamp, station, value, metadata, between commas."
    ),
    OpenApiParameter("order", str, enum=["asc", "desc"], description="By station, then by time."),
    OpenApiParameter("limit", int, description="Points on a page, at most 50,000; default 1,000."),
    OpenApiParameter("cursor", str, description="From `next`; keeps the revision it began with."),
    OpenApiParameter("revision", int, description="As the dataset stood at this revision."),
    OpenApiParameter("as_of", str, description="As the dataset stood at this instant."),
    OpenApiParameter(
        "If-None-Match", str, OpenApiParameter.HEADER, description="304 if unchanged."
    ),
]


class Reading(Nested):
    """Reads of the points of a dataset."""

    @extend_schema(
        operation_id="data_list",
        summary="Read points",
        parameters=READ_PARAMETERS,
        responses={200: PointPageSerializer},
    )
    def list(self, request: Request, dataset_id: str) -> Any:
        """A page of points; follow `next` for the rest, which stays at the same revision."""
        view = self.view()
        kind = negotiation.asked(request, KINDS)
        selection = filters.selection(request, view)
        if "resolution" in request.query_params:
            return aggregates.answer(request, view, selection, kind)
        if "estimate" in request.query_params:
            return estimates.answer(request, view, selection, kind)
        if jobs.is_wanted(request, view, selection, kind):
            return jobs.answer(request, view, selection, kind)
        if kind != JSON:
            return exporting.answer(request, view, selection, kind)
        return self._page(request, view, selection)

    def _page(self, request: Request, view: View, selection: Selection) -> HttpResponse:
        limit = whole_number(request, "limit", DEFAULT_LIMIT, LARGEST_LIMIT)
        fields = filters.point_fields(request)
        asked = cursors.asked(view.digest, self._asked(request))
        after = None
        if "cursor" in request.query_params:
            cursor = cursors.read(request.query_params["cursor"], asked)
            selection = points.at(selection, cursor.revision)
            after = (cursor.station, cursor.timestamp)
        tag = self._tag(request, view, selection)
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": f'"{tag}"'})
        units = points.check_variables(view, selection.variables)
        page = points.page(view, selection, limit=limit, after=after, fields=fields)
        head = {
            "dataset": str(view.dataset.pk),
            "revision": selection.revision,
            "units": units,
            "next": self._next(request, page, selection, asked),
        }
        # The results are JSON already, put together by the database.
        body = b"".join([dumps(head)[:-1], b',"results":[', page.results.encode(), b"]}"])
        return HttpResponse(body, content_type="application/json", headers={"ETag": f'"{tag}"'})

    def _asked(self, request: Request) -> Any:
        """The query but for how it is paged."""
        query = request.query_params.lists()
        return sorted([name, values] for name, values in query if name not in {"cursor", "limit"})

    def _tag(self, request: Request, view: View, selection: Selection) -> str:
        versions = [selection.revision, view.dataset.meta_version]
        return tag_of(view.digest, versions, sorted(request.query_params.lists()))

    def _next(
        self, request: Request, page: points.Page, selection: Selection, asked: str
    ) -> str | None:
        if page.last is None:
            return None
        cursor = cursors.Cursor(selection.revision, *page.last, asked)
        return replace_query_param(request.build_absolute_uri(), "cursor", cursors.write(cursor))

    @extend_schema(
        operation_id="data_retrieve",
        summary="Read one point",
        parameters=[
            DATASET_ID,
            OpenApiParameter("point_id", str, OpenApiParameter.PATH, description="The point's id."),
            OpenApiParameter("revision", int, description="As it stood at this revision."),
            OpenApiParameter("as_of", str, description="As it stood at this instant."),
        ],
        responses={200: PointSerializer},
    )
    def retrieve(self, request: Request, dataset_id: str, point_id: str) -> Response:
        """One point by its id, now or as of a revision."""
        view = self.view()
        identity = uuid_or_none(point_id)
        revision = filters.selection(request, view).revision
        found = points.point(view, identity, revision) if identity else None
        if found is None:
            raise NotFoundError
        fields = filters.point_fields(request)
        shown = {name: found[name] for name in fields}
        return tagged(request, shown, tag_of(view.digest, shown))
