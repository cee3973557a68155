"""Points: one changed, one taken away, all in a range of time taken away."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from datasets import ingest, point_ids
from datasets.access import Right, View
from datasets.filters.points import instant
from datasets.selectors import points
from datasets.serializers.history import PointChangeSerializer, RemovedSerializer
from datasets.serializers.points import PointSerializer, uuid_or_none
from datasets.views import idempotency
from datasets.views.base import DATASET_ID, Nested
from datastream.core.api.conditional import check_unchanged, tag_of
from datastream.core.api.views import refuse_unknown
from datastream.core.errors import InvalidInputError, NotFoundError, PlatformError

POINT_ID = OpenApiParameter("point_id", str, OpenApiParameter.PATH, description="The point's id.")
RANGE_PARAMETERS = [
    DATASET_ID,
    OpenApiParameter("start", str, required=True, description="First instant, in."),
    OpenApiParameter("end", str, required=True, description="Last instant, out."),
    OpenApiParameter(
        "station", str, many=True, description="Code of a station; repeatable; all if not given."
    ),
    OpenApiParameter(
        "Idempotency-Key", str, OpenApiParameter.HEADER,
        description="At most 255 visible characters; the same key and range within 24 h are "
        "answered from the receipt.",
    ),
]  # fmt: skip
EXAMPLE = {"value": {"TMAX": 12.9, "TMIN": None}, "metadata": {"flags": {"TMAX": "E"}}}


class Removal(Nested):
    """Changes of single points, and deletions."""

    @extend_schema(
        operation_id="data_change",
        summary="Change one point",
        parameters=[DATASET_ID, POINT_ID],
        request=PointChangeSerializer,
        responses={200: PointSerializer, 204: None},
        examples=[OpenApiExample("One value corrected, one gone", EXAMPLE, request_only=True)],
    )
    def partial_update(self, request: Request, dataset_id: str, point_id: str) -> Response:
        """Set the variables that are named and leave the others; null takes a variable away.

        A point whose last variable goes is deleted, which is answered with 204.
        """
        view, data = self.view(Right.EDIT), request.data
        refusal: PlatformError | None = None
        with transaction.atomic():
            found = self._locked_point(view, point_id)
            refuse_unknown(PointChangeSerializer(), data)
            try:
                outcome = self._write(view, found, data)
            except PlatformError as error:
                # The receipt that it left is to be kept.
                refusal = error
        if refusal is not None:
            raise _of_one_point(refusal)
        after = points.point(self.view(), UUID(found["id"]), outcome.revision)
        if after is None:
            return Response(status=204)
        return Response(after, headers={"ETag": f'"{tag_of(view.digest, after)}"'})

    def _write(self, view: View, found: dict[str, Any], data: Any) -> ingest.Outcome:
        record = {"value": {}, **data, "timestamp": found["timestamp"], "station": found["station"]}
        return ingest.write(
            view.dataset.pk,
            ingest.from_records([record]),
            author=self._author("PATCH", view, found["id"]),
        )

    @extend_schema(
        operation_id="data_destroy",
        summary="Delete one point",
        parameters=[DATASET_ID, POINT_ID],
        responses={204: None},
    )
    def destroy(self, request: Request, dataset_id: str, point_id: str) -> Response:
        """Take one point away; it stays in the history."""
        view = self.view(Right.EDIT)
        with transaction.atomic():
            found = self._locked_point(view, point_id)
            station, timestamp = _key_of(view, UUID(found["id"]))
            author = self._author("DELETE", view, found["id"])
            ingest.remove_point(
                view.dataset.pk, station=station, timestamp=timestamp, author=author
            )
        return Response(status=204)

    @extend_schema(
        operation_id="data_destroy_range",
        summary="Delete the points in a range of time",
        parameters=RANGE_PARAMETERS,
        responses={200: RemovedSerializer},
    )
    def destroy_range(self, request: Request, dataset_id: str) -> Response:
        """Take away all points from `start` until before `end`, in one revision or not at all.

        They stay in the history. Where there is none the revision stays as it was.
        """
        view = self.view(Right.MANAGE)
        start, end = _range(request)
        removed = ingest.remove(
            view.dataset.pk,
            start=start,
            end=end,
            stations=tuple(dict.fromkeys(request.query_params.getlist("station"))),
            author=self._author("DELETE", view),
            key=idempotency.key(request),
        )
        return Response(removed.body())

    # ------------------------------------------------------------------ shared
    def _locked_point(self, view: View, point_id: str) -> dict[str, Any]:
        """The point, unchanged since the client's `If-Match`; nobody else writes meanwhile."""
        identity = uuid_or_none(point_id)
        ingest.lock(view.dataset.pk)
        view = self.view(Right.EDIT)
        found = points.point(view, identity, view.dataset.revision) if identity else None
        if found is None:
            raise NotFoundError
        check_unchanged(self.request, tag_of(view.digest, found))
        return found

    def _author(self, method: str, view: View, point_id: str = "") -> ingest.Author:
        path = f"/datasets/{view.dataset.pk}/data/{point_id}".rstrip("/")
        return ingest.Author(route=f"{method} {path}", user=self.caller)


def _key_of(view: View, identity: UUID) -> tuple[int, datetime]:
    key = point_ids.key_of(view.dataset.pk, identity)
    if key is None:
        raise NotFoundError
    return key


def _of_one_point(error: PlatformError) -> PlatformError:
    """The error of a batch of one, by field and not by row."""
    rows = error.details.get("rows")
    if not rows:
        return error
    named: dict[str, Any] = {row["field"] or "body": [row["message"]] for row in rows}
    if "receipt" in error.details:
        named["receipt"] = error.details["receipt"]
    return InvalidInputError(details=named)


def _range(request: Request) -> tuple[datetime, datetime]:
    missing = [name for name in ("start", "end") if name not in request.query_params]
    if missing:
        told = {
            name: ["Say from when until when; without it nothing is deleted."] for name in missing
        }
        raise InvalidInputError(details=told)
    start, end = (instant(request.query_params[name], name) for name in ("start", "end"))
    if start > end:
        raise InvalidInputError.of("start", "`start` is after `end`.")
    return start, end
