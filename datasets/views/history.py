"""What changed after a revision, and the receipts of all writes."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from datasets import change_cursors, cursors
from datasets.access import Right, View
from datasets.exports import Tally
from datasets.filters import history as filters
from datasets.models import Receipt
from datasets.selectors import catalogue
from datasets.selectors import changes as selector
from datasets.selectors.changes import Changes, Place
from datasets.serializers.history import ChangePageSerializer, ReceiptSerializer
from datasets.services.downloads import Download
from datasets.views import weights
from datasets.views.base import DATASET_ID, Nested
from datastream.core.api import negotiation
from datastream.core.api.conditional import is_unchanged, tag_of
from datastream.core.api.paging import whole_number
from datastream.core.api.permissions import ANYONE, SIGNED_IN
from datastream.core.api.renderers import dumps
from datastream.core.api.views import Resource
from datastream.core.errors import InvalidInputError

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 50_000
# Changes that are fetched at once where all are streamed.
STREAMED = 10_000
NDJSON = "ndjson"
KINDS = {"json": "application/json", NDJSON: "application/x-ndjson"}
PAGING = ("limit", "cursor")
CHANGES_PARAMETERS = [
    DATASET_ID,
    OpenApiParameter("since", int, default=0, description="Changes after this revision."),
    OpenApiParameter("until", int, description="Up to this revision; the newest if not given."),
    OpenApiParameter("station", str, many=True, description="Code of a station; repeatable."),
    OpenApiParameter(
        "variables", str,
        description="Names between commas: what changed for somebody who sees these only.",
    ),
    OpenApiParameter("limit", int, description="Changes on a page, at most 50,000; default 1,000."),
    OpenApiParameter("cursor", str, description="From `next`; keeps the `until` it began with."),
    OpenApiParameter(
        "format", str, enum=list(KINDS), description="`ndjson` streams all changes, without paging."
    ),
    OpenApiParameter(
        "If-None-Match", str, OpenApiParameter.HEADER, description="304 if unchanged."
    ),
]  # fmt: skip


@extend_schema(tags=["data"])
class ChangesViewSet(Nested):
    """What was inserted, updated and deleted."""

    serializer_class = ChangePageSerializer
    pagination_class = None
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE}
    query: ClassVar = {
        "list": frozenset({"since", "until", "station", "variables", "format", *PAGING})
    }
    repeatable = frozenset({"station"})
    formatted = frozenset({"list"})

    def known_parameters(self) -> set[str]:
        return set(self.query.get(self.action or "", ()))

    def weight(self, request: Request) -> float:
        return weights.of(request, KINDS)

    @extend_schema(
        operation_id="changes_list",
        summary="Read changes",
        parameters=CHANGES_PARAMETERS,
        responses={
            (200, KINDS["json"]): ChangePageSerializer,
            (200, KINDS[NDJSON]): OpenApiResponse(OpenApiTypes.BINARY, "All changes, one a line."),
        },
    )
    def list(self, request: Request, dataset_id: str) -> Any:
        """What was inserted, updated and deleted after a revision, each change in its order.

        Follow `next` until it is null; a page may have fewer changes than `limit` before that.
        Then `revision` is what to give as `since` the next time.
        """
        view = self.view()
        kind = negotiation.asked(request, KINDS)
        limit = whole_number(request, "limit", DEFAULT_LIMIT, LARGEST_LIMIT)
        changes, after = self._asked(request, view, kind)
        versions = [changes.until, view.dataset.meta_version]
        tag = tag_of(view.digest, versions, kind, sorted(request.query_params.lists()))
        headers = {"ETag": f'"{tag}"', "Vary": "Accept"}
        if is_unchanged(request, tag):
            return HttpResponse(status=304, headers=headers)
        if request.method == "HEAD":
            # An empty text would be said to be the whole answer's length.
            return StreamingHttpResponse((), content_type=KINDS[kind], headers=headers)
        if kind == NDJSON:
            page = selector.page(view, changes, limit=STREAMED, separator="\n")
            tally = Tally()
            facts = {"format": kind, "revision": changes.until, "what": "changes"}
            download = Download(view, self._lines(page, changes, tally), tally, **facts)
            return StreamingHttpResponse(download, content_type=KINDS[kind], headers=headers)
        page = selector.page(view, changes, limit=limit, after=after)
        body = self._body(request, view, changes, page)
        return HttpResponse(body, content_type=KINDS[kind], headers=headers)

    def _asked(self, request: Request, view: View, kind: str) -> tuple[Changes, Place | None]:
        """The changes that are asked for, and the place of the cursor."""
        changes = filters.changes(request, view)
        for name in PAGING if kind == NDJSON else ():
            if name in request.query_params:
                raise InvalidInputError.of(name, "All changes are streamed; leave this out.")
        if "cursor" not in request.query_params:
            return changes, None
        until, after = change_cursors.read(request.query_params["cursor"], _query_of(request, view))
        return selector.up_to(changes, until), after

    def _body(self, request: Request, view: View, changes: Changes, page: selector.Page) -> bytes:
        following = None
        if page.last is not None:
            cursor = change_cursors.write(changes.until, page.last, _query_of(request, view))
            following = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
        head = {
            "dataset": str(view.dataset.pk),
            "since": changes.since,
            "revision": changes.until,
            "next": following,
        }
        # The results are JSON already, put together by the database.
        results = ",".join(page.pieces).encode()
        return b"".join([dumps(head)[:-1], b',"results":[', results, b"]}"])

    def _lines(self, page: selector.Page, changes: Changes, tally: Tally) -> Iterator[bytes]:
        while True:
            for piece in page.pieces:
                tally.rows += piece.count("\n") + 1
                yield piece.encode() + b"\n"
            if page.last is None:
                return
            # Asked for again: meanwhile it may have been deleted, or a share withdrawn.
            view = self.view()
            page = selector.page(view, changes, limit=STREAMED, after=page.last, separator="\n")


def _query_of(request: Request, view: View) -> str:
    """A digest of the query but for how it is paged."""
    query = request.query_params.lists()
    chosen = sorted([name, values] for name, values in query if name not in PAGING)
    return cursors.asked(view.digest, chosen)


class Receipts(Resource):
    """What became of writes."""

    serializer_class = ReceiptSerializer


@extend_schema(tags=["data"], parameters=[DATASET_ID])
@extend_schema_view(
    list=extend_schema(summary="List receipts (who edits the dataset)"),
    retrieve=extend_schema(summary="Read a receipt of a dataset"),
)
class DatasetReceiptViewSet(Receipts, Nested):
    filterset_class = filters.ReceiptFilter
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)
    requires: ClassVar = {"list": SIGNED_IN, "retrieve": SIGNED_IN}

    def get_queryset(self) -> Any:
        if self.is_described:
            return self.empty(Receipt)
        return catalogue.receipts(self.view(Right.EDIT)).select_related("user")


@extend_schema(tags=["data"])
@extend_schema_view(retrieve=extend_schema(summary="Read a receipt"))
class ReceiptViewSet(Receipts):
    requires: ClassVar = {"retrieve": SIGNED_IN}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Receipt.objects.none()
        return catalogue.receipts_for(self.caller).select_related("user")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Any receipt of a dataset that you edit, and those of your own writes."""
        return super().retrieve(request, *args, **kwargs)
