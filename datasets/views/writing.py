"""Points: written in batches."""

import hashlib
import re
from typing import Any

import orjson
from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from datasets import ingest
from datasets.access import Right
from datasets.filters.catalogue import NUMBER
from datasets.serializers.points import NewPointSerializer, OutcomeSerializer
from datasets.views.base import DATASET_ID, Nested
from datastream.core.errors import InvalidInputError, TooLargeError

KEY = re.compile(r"[\x21-\x7e]{1,255}")

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


class Writing(Nested):
    """Writes of points to a dataset."""

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
    if not all(NUMBER.fullmatch(part) for part in parts):
        raise InvalidInputError.of(name, "Give numbers between commas.")
    return tuple(float(part) for part in parts)
