"""`search` and `ordering`, each over the names a view declares and no others."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from datastream.core import clock
from datastream.core.errors import InvalidInputError

SEARCH_MAX = 200


class Search(BaseFilterBackend):
    """`search=words`: each word must occur in one of the view's `search_fields`."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        fields = getattr(view, "search_fields", ())
        words = request.query_params.get("search", "")
        if len(words) > SEARCH_MAX or "\x00" in words:
            raise InvalidInputError.of(
                "search", f"At most {SEARCH_MAX} characters, none of them NUL."
            )
        for word in words.split() if fields else []:
            condition = Q()
            for field in fields:
                condition |= Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(condition)
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        fields = getattr(view, "search_fields", ())
        if not fields:
            return []
        return [
            {
                "name": "search",
                "in": "query",
                "description": f"Words that all occur in {', '.join(fields)}.",
                "schema": {"type": "string", "maxLength": SEARCH_MAX},
            }
        ]


class Ordering(BaseFilterBackend):
    """`ordering=name,-created_at` over the view's `ordering_fields`; ties by key.

    A view's `ordered_by` says by which column a name is sorted that is not one itself.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        allowed = getattr(view, "ordering_fields", ())
        asked = request.query_params.get("ordering")
        terms = asked.split(",") if asked is not None else list(getattr(view, "ordering", ()))
        for term in terms:
            if term.removeprefix("-") not in allowed:
                raise InvalidInputError.of("ordering", f"Choose from {', '.join(allowed)}.")
        columns = getattr(view, "ordered_by", {})
        signs = ["-" if term.startswith("-") else "" for term in terms]
        names = [term.removeprefix("-") for term in terms]
        by = [f"{sign}{columns.get(name, name)}" for sign, name in zip(signs, names, strict=True)]
        return queryset.order_by(*by, "pk")

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        allowed = getattr(view, "ordering_fields", ())
        if not allowed:
            return []
        return [
            {
                "name": "ordering",
                "in": "query",
                "description": f"Any of {', '.join(allowed)}, between commas; `-` turns it round.",
                "schema": {"type": "string"},
            }
        ]


class InstantFilter(django_filters.CharFilter):
    """A filter by an instant, written as everywhere in the API."""

    schema_format: ClassVar[str] = "date-time"

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return qs
        filtered: QuerySet[Any] = super().filter(qs, clock.parse(value, self.label))
        return filtered
