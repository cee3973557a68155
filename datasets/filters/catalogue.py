"""Filters of datasets."""

import re

import django_filters
from django.db.models import QuerySet

from datasets.models import Dataset, Visibility
from datasets.selectors import catalogue
from datastream.core.api.filtering import InstantFilter
from datastream.core.errors import InvalidInputError

# Not float() alone, which takes "nan", "1_0" and digits of any script.
NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)


class DatasetFilter(django_filters.FilterSet):
    source = django_filters.CharFilter(label="source", help_text="Where the data come from.")
    owner = django_filters.UUIDFilter(field_name="owner_id", help_text="The owner's id.")
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices)
    tag = django_filters.CharFilter(method="with_tag", help_text="One of its tags.")
    variable = django_filters.CharFilter(method="with_variable", help_text="Name of a variable.")
    start = InstantFilter(
        field_name="seen_end",
        lookup_expr="gte",
        label="start",
        help_text="Has values from then on.",
    )
    end = InstantFilter(
        field_name="seen_start", lookup_expr="lt", label="end", help_text="Has values before."
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
        return catalogue.with_station_in(queryset, bbox(value))


def bbox(text: str) -> tuple[float, float, float, float]:
    parts = text.split(",")
    if len(parts) != 4 or not all(NUMBER.fullmatch(part) for part in parts):
        raise InvalidInputError.of("bbox", "Give west,south,east,north.")
    west, south, east, north = (float(part) for part in parts)
    longitudes = all(-180 <= one <= 180 for one in (west, east))
    if not (longitudes and -90 <= south <= north <= 90):
        raise InvalidInputError.of("bbox", "Give degrees: west,south,east,north, south ≤ north.")
    return west, south, east, north
