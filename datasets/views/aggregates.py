"""Statistics by hour, day, month, season and year; windows of charts; completeness."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, ClassVar

import orjson
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from datasets import cursors, exports, summaries, summary_files
from datasets.access import View
from datasets.filters import aggregates as filters
from datasets.filters import points as point_filters
from datasets.selectors import aggregates as selector
from datasets.selectors.aggregates import Reading
from datasets.selectors.cells import Key
from datasets.selectors.completeness import completeness
from datasets.selectors.points import Selection
from datasets.selectors.window import window
from datasets.serializers.aggregates import CompletenessSerializer, WindowSerializer
from datasets.services.downloads import Download
from datasets.views import parameters
from datasets.views.base import Nested
from datastream.core.api.conditional import is_unchanged, tag_of
from datastream.core.api.files import disposition
from datastream.core.api.permissions import ANYONE
from datastream.core.api.renderers import dumps
from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion

JSON = "json"
KINDS = {JSON: "application/json"} | {
    name: exports.MEDIA_TYPES[name] for name in summary_files.WRITERS
}
# Periods that are read at once where all are streamed.
STREAMED = 10_000
ONLY_JSON = ("layout", "limit", "cursor")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is read, and how it is told."""

    reading: Reading
    fields: tuple[str, ...]
    conversions: Mapping[str, Conversion]

    @property
    def facts(self) -> dict[str, Any]:
        """What holds for all periods."""
        one = self.reading
        return {
            "dataset": str(one.view.dataset.pk),
            "revision": one.selection.revision,
            "resolution": one.calendar.step.name,
            "timezone": filters.name_of(one.calendar.zone),
            "units": summaries.units(one, self.conversions),
            "intervals": one.intervals,
        }


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    """A page of periods as JSON, or all of them as a file; 304 where the client has it."""
    if kind not in KINDS:
        raise NotAcceptable(f"Statistics are given as {', '.join(KINDS)}.")
    question, fields = filters.question(request), filters.fields(request)
    conversions = point_filters.conversions(request, view)
    if kind != JSON:
        _refuse_paging(request, kind)
    digest = cursors.asked(view.digest, point_filters.asked(request))
    after: Key | None = None
    if "cursor" in request.query_params:
        cursor = cursors.read(request.query_params["cursor"], digest)
        selection = replace(selection, revision=cursor.revision)
        after = cursor.station, cursor.timestamp
    headers = headers_of(request, view, selection.revision, kind)
    if is_unchanged(request, headers["ETag"].strip('"')):
        return HttpResponse(status=304, headers=headers)
    told = Answer(selector.reading(view, selection, question), fields, conversions)
    if kind != JSON:
        return _file(request, told, kind, headers)
    return _page(request, told, headers, after=after, digest=digest)


def headers_of(request: Request, view: View, revision: int, kind: str) -> dict[str, str]:
    """The tag of an answer; the same request to an unchanged dataset has the same one."""
    versions = [revision, view.dataset.meta_version]
    tag = tag_of(kind, view.digest, versions, sorted(request.query_params.lists()))
    return {"ETag": f'"{tag}"', "Vary": "Accept"}


def _refuse_paging(request: Request, kind: str) -> None:
    for name in ONLY_JSON:
        if name in request.query_params:
            message = f"{kind} gives the whole selection at once; leave this out, or ask for json."
            raise InvalidInputError.of(name, message)


def _page(
    request: Request, told: Answer, headers: dict[str, str], *, after: Key | None, digest: str
) -> Any:
    limit, is_columns = point_filters.limit(request), point_filters.is_columns(request)
    if request.method == "HEAD":
        # An empty text would be said to be the whole answer's length.
        return StreamingHttpResponse((), content_type=KINDS[JSON], headers=headers)
    page = selector.page(told.reading, limit=limit, after=after)
    numbers = summaries.numbers_of(told.reading, page, told.conversions)
    following = None
    if page.last is not None:
        cursor = cursors.Cursor(told.reading.selection.revision, *page.last, digest)
        url = request.build_absolute_uri()
        following = replace_query_param(url, "cursor", cursors.write(cursor))
    if is_columns:
        results = summaries.columns(page, numbers, told.fields)
    else:
        results = b"[" + b",".join(summaries.rows(page, numbers, told.fields)) + b"]"
    head = dumps({**told.facts, "next": following})
    body = b"".join([head[:-1], b',"results":', results, b"}"])
    return HttpResponse(body, content_type=KINDS[JSON], headers=headers)


def _file(request: Request, told: Answer, kind: str, headers: dict[str, str]) -> Any:
    reading = told.reading
    name = exports.name_of(reading.view, reading.selection, kind)
    stem, _, suffix = name.rpartition(".")
    name = f"{stem}_{reading.calendar.step.name}.{suffix}"
    headers["Content-Disposition"] = disposition(name)
    if request.method == "HEAD":
        return StreamingHttpResponse((), content_type=KINDS[kind], headers=headers)
    units = summaries.units(reading, told.conversions)
    described = summary_files.schema(reading, _said(told), units, told.fields)
    tally = exports.Tally()
    chunks = summary_files.WRITERS[kind](_pages(told, tally), described, told.fields)
    # What is wrong with the question is found with the first page, while it can still be said.
    first = next(chunks, b"")
    facts = {"format": kind, "revision": reading.selection.revision, "what": "statistics"}
    download = Download(reading.view, chain([first], chunks), tally, **facts)
    return StreamingHttpResponse(download, content_type=KINDS[kind], headers=headers)


def _pages(told: Answer, tally: exports.Tally) -> Iterator[tuple[selector.Page, summaries.Numbers]]:
    after: Key | None = None
    while True:
        page = selector.page(told.reading, limit=STREAMED, after=after)
        tally.rows += len(page.timestamps)
        yield page, summaries.numbers_of(told.reading, page, told.conversions)
        if page.last is None:
            return
        after = page.last


def _said(told: Answer) -> dict[str, str]:
    """The facts as texts, with those of the dataset."""
    dataset = told.reading.view.dataset
    facts = {
        "title": dataset.name,
        "source": dataset.source,
        "license": dataset.license,
        "citation": dataset.citation,
        **told.facts,
    }
    texts = {
        name: fact if isinstance(fact, str) else orjson.dumps(fact).decode()
        for name, fact in facts.items()
    }
    return {name: text for name, text in texts.items() if text}


@extend_schema(tags=["data"])
class WindowViewSet(Nested):
    """What a chart of some width draws."""

    serializer_class = WindowSerializer
    pagination_class = None
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE}
    weights: ClassVar = {"list": 5}
    query: ClassVar = {"list": filters.WINDOW_QUERY}

    def known_parameters(self) -> set[str]:
        return set(self.query["list"])

    @extend_schema(
        operation_id="window_retrieve",
        summary="What a chart draws",
        parameters=parameters.WINDOW,
        responses={200: WindowSerializer},
    )
    def list(self, request: Request, dataset_id: str) -> Any:
        """Mean, lowest and highest of one series by calendar steps, as fit a chart of that width.

        At most 1.5 steps a pixel. A step without values is null, so a gap is drawn as a gap, and
        no extreme is lost. Numbers have the decimals of the values, means two more; times are RFC
        3339 in UTC without seconds where these are 0.
        """
        view = self.view()
        selection, drawing = filters.drawing(request, view)
        conversion = filters.conversion(request, view, drawing.variable)
        headers = headers_of(request, view, selection.revision, JSON)
        if is_unchanged(request, headers["ETag"].strip('"')):
            return HttpResponse(status=304, headers=headers)
        found = window(view, selection, drawing)
        body = summaries.drawn(found, conversion)
        facts = {"dataset": str(view.dataset.pk), "revision": selection.revision}
        facts["timezone"] = filters.name_of(drawing.zone)
        return HttpResponse(dumps(facts | body), content_type=KINDS[JSON], headers=headers)


@extend_schema(tags=["data"])
class CompletenessViewSet(Nested):
    """How much of what should be there is there."""

    serializer_class = CompletenessSerializer
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE}
    weights: ClassVar = {"list": 10}
    query: ClassVar = {"list": filters.COMPLETENESS_QUERY}
    repeatable = frozenset({"station"})

    @extend_schema(
        operation_id="completeness_list",
        summary="How complete the data are",
        parameters=parameters.COMPLETENESS,
        responses={200: CompletenessSerializer(many=True)},
    )
    def list(self, request: Request, dataset_id: str) -> Response:
        """Expected, present and missing values by station, year and variable.

        A year is expected whole, this year until now; values that failed quality control are
        missing and counted as flagged. Where nobody knows how many are expected, it is null.
        """
        view = self.view()
        selection = point_filters.selection(request, view)
        page = self.paginate_queryset(completeness(view, selection, filters.zone(request)))
        return self.get_paginated_response(self.represent(page, many=True))
