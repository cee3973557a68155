"""Numbered pages of lists."""

import math
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from datastream.core.errors import InvalidInputError, NotFoundError

DEFAULT_SIZE = 50
LARGEST_SIZE = 500
LAST_PAGE = 10**9


def whole_number(request: Request, name: str, default: int, largest: int) -> int:
    """A query parameter as a whole number from 1 to `largest`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and 1 <= int(text) <= largest):
        raise InvalidInputError.of(name, f"Give a whole number from 1 to {largest}.")
    return int(text)


class Pages(BasePagination):
    """`count`, `next`, `previous`, `results`."""

    parameters = ("page", "page_size")

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        self.size = whole_number(request, "page_size", DEFAULT_SIZE, LARGEST_SIZE)
        self.page = whole_number(request, "page", 1, LAST_PAGE)
        self.count = queryset.count() if isinstance(queryset, QuerySet) else len(queryset)
        self.last = max(1, math.ceil(self.count / self.size))
        if self.page > self.last:
            raise NotFoundError(f"There are only {self.last} pages.")
        first = (self.page - 1) * self.size
        return list(queryset[first : first + self.size])

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "count": self.count,
                "next": self._next(),
                "previous": self._previous(),
                "results": data,
            }
        )

    def _next(self) -> str | None:
        if self.page >= self.last:
            return None
        return replace_query_param(self.request.build_absolute_uri(), "page", self.page + 1)

    def _previous(self) -> str | None:
        url = self.request.build_absolute_uri()
        if self.page <= 1:
            return None
        if self.page == 2:
            return remove_query_param(url, "page")
        return replace_query_param(url, "page", self.page - 1)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri", "example": None}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {
                    "type": "integer",
                    "example": 1,
                    "description": "How many there are on all pages.",
                },
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": "page",
                "in": "query",
                "description": "Which page, from 1.",
                "schema": {"type": "integer", "minimum": 1, "default": 1},
            },
            {
                "name": "page_size",
                "in": "query",
                "description": "How many on a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": LARGEST_SIZE,
                    "default": DEFAULT_SIZE,
                },
            },
        ]
