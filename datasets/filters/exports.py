"""Filters of the list of exports."""

import django_filters

from datasets.models import Export
from datastream.core.models import Status


class ExportFilter(django_filters.FilterSet):
    dataset = django_filters.UUIDFilter(field_name="dataset_id", help_text="The dataset's id.")
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = Export
        fields: tuple[str, ...] = ()
