"""The whole selection in one streamed answer."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.request import Request

from datasets import exports
from datasets.access import View
from datasets.exports import MEDIA_TYPES
from datasets.filters import points as filters
from datasets.selectors.points import Selection
from datasets.services.downloads import Download
from datastream.core.api.conditional import is_unchanged, tag_of
from datastream.core.api.files import disposition
from datastream.core.errors import InvalidInputError

__all__ = ["MEDIA_TYPES", "answer"]

ONLY_JSON = ("layout", "limit", "cursor")


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    """All points that are asked for as a file to keep; 304 where the client has it."""
    for name in ONLY_JSON:
        if name in request.query_params:
            message = f"{kind} gives the whole selection at once; leave this out, or ask for json."
            raise InvalidInputError.of(name, message)
    fields = filters.point_fields(request)
    versions = [selection.revision, view.dataset.meta_version]
    tag = tag_of(kind, view.digest, versions, sorted(request.query_params.lists()))
    headers = {"ETag": f'"{tag}"'}
    if is_unchanged(request, tag):
        return HttpResponse(status=304, headers=headers)
    conversions = filters.conversions(request, view)
    headers["Content-Disposition"] = disposition(exports.name_of(view, selection, kind))
    if request.method == "HEAD":
        exports.check(view, selection)
        # An empty text would be said to be the whole answer's length.
        return StreamingHttpResponse((), content_type=MEDIA_TYPES[kind], headers=headers)
    chunks = exports.stream(view, selection, kind, fields=fields, conversions=conversions)
    facts = {"format": kind, "revision": selection.revision}
    download = Download(view, chunks, chunks.read, **facts)
    return StreamingHttpResponse(download, content_type=MEDIA_TYPES[kind], headers=headers)
