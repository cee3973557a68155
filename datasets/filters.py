"""Filters of datasets, and the query of a read of points."""

import re
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from rest_framework.request import Request

from datasets.access import View
from datasets.models import Dataset, Station, Visibility
from datasets.selectors import catalogue
from datasets.selectors.points import FIELDS, Selection
from datastream.core import clock
from datastream.core.api.filtering import InstantFilter
from datastream.core.errors import InvalidInputError

# Not float() alone, which takes "nan", "1_0" and digits of any script.
NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
REVISION = re.compile(r"\d{1,9}", re.ASCII)
DATA_QUERY = frozenset(
    {
        "start",
        "end",
        "station",
        "variables",
        "fields",
        "order",
        "limit",
        "cursor",
        "revision",
        "as_of",
    }
)


class DatasetFilter(django_filters.FilterSet):
    source = django_filters.CharFilter(label="source", help_text="Where the data come from.")
    owner = django_filters.UUIDFilter(field_name="owner_id", help_text="The owner's id.")
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices)
    tag = django_filters.CharFilter(method="with_tag", help_text="One of its tags.")
    variable = django_filters.CharFilter(method="with_variable", help_text="Name of a variable.")
    start = InstantFilter(
        field_name="end", lookup_expr="gte", label="start", help_text="Has values from then on."
    )
    end = InstantFilter(
        field_name="start", lookup_expr="lt", label="end", help_text="Has values before."
    )
    created_after = InstantFilter(
        field_name="created_at", lookup_expr="gte", label="created_after", help_text="From then on."
    )
    created_before = InstantFilter(
        field_name="created_at", lookup_expr="lt", label="created_before", help_text="Before then."
    )
    bbox = django_filters.CharFilter(
        method="within", help_text="west,south,east,north in degrees: has a station in there."
    )

    class Meta:
        model = Dataset
        fields: tuple[str, ...] = ()

    def with_tag(self, queryset: QuerySet[Dataset], name: str, value: str) -> QuerySet[Dataset]:
        return queryset.filter(tags__contains=[value])

    def with_variable(
        self, queryset: QuerySet[Dataset], name: str, value: str
    ) -> QuerySet[Dataset]:
        return queryset.filter(variables__name=value)

    def within(self, queryset: QuerySet[Dataset], name: str, value: str) -> QuerySet[Dataset]:
        west, south, east, north = bbox(value)
        inside = Q(latitude__gte=south, latitude__lte=north)
        if west <= east:
            inside &= Q(longitude__gte=west, longitude__lte=east)
        else:  # across the date line
            inside &= Q(longitude__gte=west) | Q(longitude__lte=east)
        return queryset.filter(pk__in=Station.objects.filter(inside).values("dataset"))


def bbox(text: str) -> tuple[float, float, float, float]:
    parts = text.split(",")
    if len(parts) != 4 or not all(NUMBER.fullmatch(part) for part in parts):
        raise InvalidInputError.of("bbox", "Give west,south,east,north.")
    west, south, east, north = (float(part) for part in parts)
    longitudes = all(-180 <= one <= 180 for one in (west, east))
    if not (longitudes and -90 <= south <= north <= 90):
        raise InvalidInputError.of("bbox", "Give degrees: west,south,east,north, south ≤ north.")
    return west, south, east, north


# ------------------------------------------------------------------ reads of points


def selection(request: Request, view: View) -> Selection:
    """What a read of points asks for, checked."""
    query = request.query_params
    start, end = (instant(query.get(name), name) for name in ("start", "end"))
    if start and end and start > end:
        raise InvalidInputError.of("start", "`start` is after `end`.")
    order = query.get("order", "asc")
    if order not in {"asc", "desc"}:
        raise InvalidInputError.of("order", "Choose asc or desc.")
    as_of = instant(query.get("as_of"), "as_of")
    return Selection(
        revision=catalogue.revision_asked(view, _revision(query.get("revision")), as_of),
        start=start,
        end=end,
        stations=tuple(dict.fromkeys(query.getlist("station"))),
        variables=names(query.get("variables"), "variables"),
        descending=order == "desc",
    )


def instant(text: str | None, name: str) -> Any:
    return None if text is None else clock.parse(text, name)


def _revision(text: str | None) -> int | None:
    if text is None:
        return None
    if not REVISION.fullmatch(text):
        raise InvalidInputError.of("revision", "Give the number of a revision.")
    return int(text)


def names(text: str | None, name: str) -> tuple[str, ...]:
    if text is None:
        return ()
    found = tuple(dict.fromkeys(text.split(",")))
    if "" in found:
        raise InvalidInputError.of(name, "Give names between commas.")
    return found


def point_fields(request: Request) -> tuple[str, ...]:
    asked = names(request.query_params.get("fields"), "fields") or FIELDS
    unknown = sorted(set(asked) - set(FIELDS))
    if unknown:
        raise InvalidInputError.of("fields", f"Choose from {', '.join(FIELDS)}.")
    return asked
