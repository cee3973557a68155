"""Points: written in batches, from a body of any of the formats."""

import time
from typing import BinaryIO

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from datasets import formats, ingest
from datasets.access import Right
from datasets.filters.catalogue import NUMBER
from datasets.formats import Format, Reading
from datasets.formats.sent import Sent
from datasets.serializers.points import NewPointSerializer, OutcomeSerializer
from datasets.views import idempotency
from datasets.views.base import DATASET_ID, Nested
from datastream.core.api import bodies
from datastream.core.errors import InvalidInputError

WRITE_QUERY = frozenset({"on_conflict", "on_invalid", "missing", "timezone"})
# Rights are looked up again when a body took longer than this to come.
RIGHTS_HOLD_S = 1.0

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
        "timezone", str, description="IANA zone of times without an offset; UTC where not given."
    ),
    OpenApiParameter(
        "Idempotency-Key", str, OpenApiParameter.HEADER,
        description="At most 255 visible characters; the same key and body within 24 h are "
        "answered from the receipt.",
    ),
    OpenApiParameter(
        "Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip", "zstd"],
        description="How the body is packed; limits count unpacked bytes.",
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
FILE = {"type": "string", "format": "binary"}


class Writing(Nested):
    """Writes of points to a dataset."""

    @extend_schema(
        operation_id="data_create",
        summary="Write points",
        parameters=WRITE_PARAMETERS,
        request={
            "application/json": NewPointSerializer(many=True),
            "application/x-ndjson": FILE,
            "text/csv": FILE,
            "application/vnd.apache.parquet": FILE,
            "application/vnd.apache.arrow.stream": FILE,
        },
        responses={200: OutcomeSerializer},
        examples=[
            OpenApiExample("Two days", EXAMPLE, request_only=True, media_type="application/json")
        ],
    )
    def create(self, request: Request, dataset_id: str) -> Response:
        """One point, an array of points, `{"points": […]}`, or a file of points.

        A write sets the variables it names and leaves the others; the same body twice changes
        nothing. With a bad row nothing is stored, unless `on_invalid=skip`. A CSV has a column
        `timestamp`, optionally `station` and `metadata`, and every other column is a variable.
        """
        view = self.view(Right.EDIT)
        # How many they are is known in the end: whoever owes for earlier ones pays first.
        limits.require(limits.POINTS)
        options, kind = _options(request), _format(request)
        idempotency.name(request)
        began = time.monotonic()
        with _received(request, kind) as body:
            if time.monotonic() - began > RIGHTS_HOLD_S:
                view = self.view(Right.EDIT)
            author = ingest.Author(f"POST /datasets/{view.dataset.pk}/data", user=self.caller)
            outcome = ingest.write(
                view.dataset.pk,
                Sent(body, kind, _reading(request, kind)),
                author=author,
                options=options,
                key=idempotency.key(request, body),
            )
        limits.charge(limits.POINTS, outcome.received)
        return Response(outcome.body())


def _format(request: Request) -> Format:
    found = formats.by_media_type(request.content_type)
    if found is None:
        known = ", ".join(name for one in formats.registry for name in one.media_types[:1])
        message = f"Points are not read from this Content-Type; send one of {known}."
        raise UnsupportedMediaType(request.content_type, detail=message)
    return found


def _reading(request: Request, kind: Format) -> Reading:
    return Reading(
        timezone=request.query_params.get("timezone"),
        limit_bytes=_limit(kind),
        limit_points=settings.BODY_MAX_POINTS if kind.whole else None,
    )


def _limit(kind: Format) -> int:
    return int(settings.BODY_MAX_BYTES if kind.whole else settings.UPLOAD_MAX_BYTES)


def _received(request: Request, kind: Format) -> BinaryIO:
    seconds = settings.REQUEST_MAX_S if kind.whole else settings.UPLOAD_MAX_S
    return bodies.receive(request, limit=_limit(kind), seconds=seconds)


def _options(request: Request) -> ingest.Options:
    query = request.query_params
    on_conflict = query.get("on_conflict", "update")
    if on_conflict not in {"update", "skip", "error"}:
        raise InvalidInputError.of("on_conflict", "Choose update, skip or error.")
    on_invalid = query.get("on_invalid", "reject")
    if on_invalid not in {"reject", "skip"}:
        raise InvalidInputError.of("on_invalid", "Choose reject or skip.")
    return ingest.Options(on_conflict, on_invalid, _numbers(query.get("missing"), "missing"))


def _numbers(text: str | None, name: str) -> tuple[float, ...]:
    parts = text.split(",") if text else []
    if not all(NUMBER.fullmatch(part) for part in parts):
        raise InvalidInputError.of(name, "Give numbers between commas.")
    return tuple(float(part) for part in parts)
