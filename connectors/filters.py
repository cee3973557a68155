"""Filters of feeds, runs, coverage and raw answers."""

import django_filters

from connectors.ledger import STATES
from connectors.models import Coverage, Document, Feed, Run, Trigger
from datastream.core.api.filtering import InstantFilter
from datastream.core.models import Status


class FeedFilter(django_filters.FilterSet):
    connector = django_filters.CharFilter(help_text="Name of the connector.")
    product = django_filters.CharFilter(help_text="Name of the product.")
    dataset = django_filters.UUIDFilter(field_name="dataset_id", help_text="The dataset's id.")
    enabled = django_filters.BooleanFilter(help_text="`true` or `false`.")

    class Meta:
        model = Feed
        fields: tuple[str, ...] = ()


class RunFilter(django_filters.FilterSet):
    feed = django_filters.UUIDFilter(field_name="feed_id", help_text="The feed's id.")
    dataset = django_filters.UUIDFilter(
        field_name="feed__dataset_id", help_text="The dataset's id."
    )
    status = django_filters.ChoiceFilter(choices=Status.choices)
    trigger = django_filters.ChoiceFilter(choices=Trigger.choices)
    created_after = InstantFilter(
        field_name="created_at", lookup_expr="gte", label="created_after", help_text="From then on."
    )
    created_before = InstantFilter(
        field_name="created_at", lookup_expr="lt", label="created_before", help_text="Before then."
    )

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()


class CoverageFilter(django_filters.FilterSet):
    station = django_filters.CharFilter(help_text="Code of the station.")
    variable = django_filters.CharFilter(help_text="Name of the group of variables.")
    state = django_filters.ChoiceFilter(choices=[(one, one) for one in STATES])
    start = InstantFilter(
        field_name="end", lookup_expr="gt", label="start", help_text="Reaches past then."
    )
    end = InstantFilter(
        field_name="start", lookup_expr="lt", label="end", help_text="Begins before then."
    )

    class Meta:
        model = Coverage
        fields: tuple[str, ...] = ()


class DocumentFilter(django_filters.FilterSet):
    feed = django_filters.UUIDFilter(field_name="feed_id", help_text="The feed's id.")
    run = django_filters.UUIDFilter(field_name="run_id", help_text="The run's id.")
    received_after = InstantFilter(
        field_name="received_at", lookup_expr="gte", label="received_after",
        help_text="From then on.",
    )  # fmt: skip
    received_before = InstantFilter(
        field_name="received_at", lookup_expr="lt", label="received_before",
        help_text="Before then.",
    )  # fmt: skip

    class Meta:
        model = Document
        fields: tuple[str, ...] = ()
