"""How many rows, bytes and seconds a read would take."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from datasets import exports
from datasets.access import View
from datasets.filters import points as filters
from datasets.selectors import estimates, points
from datasets.selectors.points import Selection
from datastream.core.errors import InvalidInputError

JSON = "json"


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    """What the same request without `estimate=1` would answer, without reading all of it."""
    if request.query_params["estimate"] != "1":
        raise InvalidInputError.of("estimate", "Say estimate=1.")
    fields, conversions = filters.point_fields(request), filters.conversions(request, view)
    form = points.form_of(
        selection,
        points.facts(view, selection.variables),
        fields=fields,
        is_columns=filters.is_columns(request),
        conversions=conversions,
    )

    def page(part: Selection) -> int:
        return sum(
            map(len, points.page(view, part, limit=estimates.ROWS_A_PLACE, form=form).pieces)
        )

    def stream(part: Selection) -> int:
        chunks = exports.stream(view, part, kind, fields=fields, conversions=conversions)
        return sum(map(len, chunks))

    rows = estimates.rows(view, selection)
    cost = estimates.cost(view, selection, rows.number, page if kind == JSON else stream)
    return Response(
        {
            "rows": rows.number,
            "exact": rows.is_exact,
            "bytes": cost.size_bytes,
            "seconds": round(cost.seconds, 4),
            "format": kind,
            "revision": selection.revision,
            "streamed": kind != JSON and rows.number <= settings.EXPORT_STREAM_MAX_ROWS,
        }
    )
