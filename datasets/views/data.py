"""Points: read by pages, written in batches."""

import hashlib
import re
from typing import Any, ClassVar

import orjson
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from datasets import cursors, filters, ingest
from datasets.access import Right, View
from datasets.selectors import points
from datasets.selectors.points import Selection
from datasets.serializers import (
    NewPointSerializer,
    OutcomeSerializer,
    PointPageSerializer,
    PointSerializer,
    uuid_or_none,
)
from datasets.views.base import DATASET_ID, Nested
from datastream.core.api.conditional import is_unchanged, tag_of, tagged
from datastream.core.api.paging import whole_number
from datastream.core.api.permissions import ANYONE, SIGNED_IN
from datastream.core.api.renderers import dumps
from datastream.core.errors import InvalidInputError, NotFoundError, TooLargeError

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 50_000
KEY = re.compile(r"[\x21-\x7e]{1,255}")

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
WRITE_PARAMETERS = [
    DATASET_ID,
    OpenApiParameter(
        "on_conflict", str, enum=["update", "skip", "error"], default="update",
        description="What becomes of a stored point with other values.",
    ),
    OpenApiParameter(
        "on_invalid", str, enum=["reject", "skip"], default="reject",
        description="Whether one bad row refuses all, or only itself.",
    ),
    OpenApiParameter(
        "missing", str, description="Numbers between commas that mean that there is no value."
    ),
    OpenApiParameter(
        "Idempotency-Key", str, OpenApiParameter.HEADER,
        description="At most 255 visible characters; the same key and body within 24 h are "
        "answered from the receipt.",
    ),
]  # fmt: skip
EXAMPLE = [
    {
        "timestamp": "2001-01-01T00:00:00Z",
        "station": "USW00024233",
        "value": {"TMAX": 12.8, "TMIN": 5},
    },
    {"timestamp": "2001-01-02T00:00:00Z", "station": "USW00024233", "value": {"TMAX": 11.1}},
]


@extend_schema(tags=["data"])
class DataViewSet(Nested):
    """The points of a dataset."""

    serializer_class = PointSerializer
    pagination_class = None
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE, "create": SIGNED_IN, "retrieve": ANYONE}
    query: ClassVar = {
        "list": filters.DATA_QUERY,
        "create": frozenset({"on_conflict", "on_invalid", "missing"}),
        "retrieve": frozenset({"revision", "as_of", "fields"}),
    }
    repeatable = frozenset({"station"})

    def known_parameters(self) -> set[str]:
        return set(self.query.get(self.action or "", ()))

    # ------------------------------------------------------------------ read
    @extend_schema(
        operation_id="data_list",
        summary="Read points",
        parameters=READ_PARAMETERS,
        responses={200: PointPageSerializer},
    )
    def list(self, request: Request, dataset_id: str) -> Any:
        """A page of points; follow `next` for the rest, which stays at the same revision."""
        view = self.view()
        selection = filters.selection(request, view)
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

    # ------------------------------------------------------------------ write
    @extend_schema(
        operation_id="data_create",
        summary="Write points",
        parameters=WRITE_PARAMETERS,
        request=NewPointSerializer(many=True),
        responses={200: OutcomeSerializer},
        examples=[OpenApiExample("Two days", EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, dataset_id: str) -> Response:
        """One point, an array of points, or `{"points": […]}`.

        A write sets the variables it names and leaves the others; the same body twice changes
        nothing. With a bad row nothing is stored, unless `on_invalid=skip`.
        """
        view = self.view(Right.EDIT)
        options = self._options(request)
        records = _records(request.data)
        author = ingest.Author(route=f"POST /datasets/{view.dataset.pk}/data", user=self.caller)
        outcome = ingest.write(
            view.dataset.pk,
            ingest.from_records(records),
            author=author,
            options=options,
            key=self._key(request),
        )
        return Response(outcome.body())

    def _options(self, request: Request) -> ingest.Options:
        query = request.query_params
        on_conflict = query.get("on_conflict", "update")
        if on_conflict not in {"update", "skip", "error"}:
            raise InvalidInputError.of("on_conflict", "Choose update, skip or error.")
        on_invalid = query.get("on_invalid", "reject")
        if on_invalid not in {"reject", "skip"}:
            raise InvalidInputError.of("on_invalid", "Choose reject or skip.")
        return ingest.Options(on_conflict, on_invalid, _numbers(query.get("missing"), "missing"))

    def _key(self, request: Request) -> ingest.Key | None:
        name = request.headers.get("Idempotency-Key")
        if name is None:
            return None
        if not KEY.fullmatch(name):
            message = "At most 255 visible ASCII characters."
            raise InvalidInputError.of("Idempotency-Key", message)
        content = [sorted(request.query_params.lists()), request.data]
        digest = hashlib.sha256(orjson.dumps(content)).hexdigest()
        return ingest.Key(name, digest)


def _records(data: Any) -> list[Any]:
    """The sent points, whichever of the three forms they came in."""
    if isinstance(data, dict):
        data = data["points"] if set(data) == {"points"} else [data]
    if not isinstance(data, list):
        raise InvalidInputError.of("body", 'Send a point, an array of points, or {"points": […]}.')
    limit = settings.BODY_MAX_POINTS
    if len(data) > limit:
        raise TooLargeError(
            f"More than {limit} points in one body; send them in parts.",
            details={"limit_points": limit},
        )
    return data


def _numbers(text: str | None, name: str) -> tuple[float, ...]:
    parts = text.split(",") if text else []
    if not all(filters.NUMBER.fullmatch(part) for part in parts):
        raise InvalidInputError.of(name, "Give numbers between commas.")
    return tuple(float(part) for part in parts)
