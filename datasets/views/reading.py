"""Points: read by pages, and which other answer a read may have."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from datasets import cursors
from datasets.access import View
from datasets.filters import points as filters
from datasets.selectors import points
from datasets.selectors.page_texts import Facts
from datasets.selectors.points import Selection
from datasets.serializers.exports import ExportSerializer
from datasets.serializers.points import PointPageSerializer, PointSerializer, uuid_or_none
from datasets.views import aggregates, estimates, exporting, jobs, parameters, weights
from datasets.views.base import Nested
from datastream.core.api import negotiation
from datastream.core.api.conditional import is_unchanged, tag_of, tagged
from datastream.core.api.renderers import dumps
from datastream.core.errors import NotFoundError
from datastream.core.units import Conversion

JSON = "json"
# Name of a format → its media type.
KINDS = {JSON: "application/json", **exporting.MEDIA_TYPES}
STREAMED = OpenApiResponse(OpenApiTypes.BINARY, "The whole selection.")
ANSWERS = {
    (200, "application/json"): PointPageSerializer,
    **{(200, media_type): STREAMED for media_type in exporting.MEDIA_TYPES.values()},
    (202, "application/json"): OpenApiResponse(ExportSerializer, "An export job was made of it."),
}


class Reading(Nested):
    """Reads of the points of a dataset."""

    formatted = frozenset({"list"})

    def weight(self, request: Request) -> float:
        return weights.of(request, KINDS) if self.action == "list" else super().weight(request)

    @extend_schema(
        operation_id="data_list",
        summary="Read points",
        parameters=parameters.READ,
        responses=ANSWERS,
    )
    def list(self, request: Request, dataset_id: str) -> Any:
        """A page of points; follow `next` for the rest, which stays at the same revision.

        With `resolution` the results are periods: `value` holds the statistics of each variable,
        and `timestamp` is the period's start. HEAD answers the headers alone.
        """
        view = self.view()
        kind = negotiation.asked(request, KINDS)
        selection = filters.selection(request, view)
        if filters.is_aggregate(request):
            return aggregates.answer(request, view, selection, kind)
        filters.refuse_without_resolution(request)
        if "estimate" in request.query_params:
            return estimates.answer(request, view, selection, kind)
        if jobs.is_wanted(request, view, selection, kind):
            return jobs.answer(request, view, selection, kind)
        if kind != JSON:
            return exporting.answer(request, view, selection, kind)
        return self._page(request, view, selection)

    def _page(self, request: Request, view: View, selection: Selection) -> Any:
        limit, is_columns = filters.limit(request), filters.is_columns(request)
        fields = filters.point_fields(request)
        asked = cursors.asked(view.digest, filters.asked(request))
        selection, after = _place(request, selection, asked)
        tag = self._tag(request, view, selection)
        headers = {"ETag": f'"{tag}"', "Vary": "Accept"}
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers=headers)
        conversions = filters.conversions(request, view)
        facts = points.facts(view, selection.variables)
        if request.method == "HEAD":
            points.check_stations(view, selection)
            # The length of an empty text would be taken for that of the page.
            return StreamingHttpResponse((), content_type=KINDS[JSON], headers=headers)
        form = points.form_of(
            selection, facts, fields=fields, is_columns=is_columns, conversions=conversions
        )
        page = points.page(view, selection, limit=limit, after=after, form=form)
        head = {
            "dataset": str(view.dataset.pk),
            "revision": selection.revision,
            "units": _units(facts, conversions),
            "next": self._next(request, page, selection, asked),
        }
        # The results are JSON already, put together by the database.
        body = b"".join([dumps(head)[:-1], b',"results":', *page.pieces, b"}"])
        return HttpResponse(body, content_type=KINDS[JSON], headers=headers)

    def _tag(self, request: Request, view: View, selection: Selection) -> str:
        versions = [selection.revision, view.dataset.meta_version]
        return tag_of(JSON, view.digest, versions, sorted(request.query_params.lists()))

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
        parameters=parameters.READ_ONE,
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
        tag = tag_of(view.digest, found)
        if "fields" in request.query_params:
            tag += "-" + tag_of(fields)[:8]
        return tagged(request, {name: found[name] for name in fields}, tag)


def _place(
    request: Request, selection: Selection, asked: str
) -> tuple[Selection, points.Key | None]:
    """The selection at the revision of the cursor, and the key behind which the page begins."""
    if "cursor" not in request.query_params:
        return selection, None
    cursor = cursors.read(request.query_params["cursor"], asked)
    return points.at(selection, cursor.revision), (cursor.station, cursor.timestamp)


def _units(facts: list[Facts], conversions: Mapping[str, Conversion]) -> dict[str, str]:
    """The unit of each variable that has one, as its values are answered."""
    stored = {one.name: one.unit for one in facts if one.unit}
    return stored | {name: conversions[name].unit for name in stored.keys() & conversions.keys()}
