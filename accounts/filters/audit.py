"""Filters of the audit log."""

import ipaddress
from typing import Any

import django_filters
from django.db.models import QuerySet

from accounts.models import AuditEvent, Outcome
from datastream.core.api.filtering import InstantFilter
from datastream.core.errors import InvalidInputError
from datastream.core.origin import COMMAND, JWT, KEY, OAUTH2, SESSION

KINDS = [(kind, kind) for kind in (JWT, KEY, OAUTH2, SESSION, COMMAND)]


class AuditFilter(django_filters.FilterSet):
    user = django_filters.UUIDFilter(field_name="user_id", help_text="Whose doing: a user's id.")
    action = django_filters.CharFilter(help_text="What was done, such as `dataset.deleted`.")
    object_type = django_filters.CharFilter(help_text="What it was done to, such as `dataset`.")
    object = django_filters.CharFilter(field_name="object_id", help_text="The id of that.")
    outcome = django_filters.ChoiceFilter(choices=Outcome.choices)
    credential = django_filters.ChoiceFilter(choices=KINDS)
    start = InstantFilter(
        field_name="at", lookup_expr="gte", label="start", help_text="From then on."
    )
    end = InstantFilter(field_name="at", lookup_expr="lt", label="end", help_text="Before then.")
    request_id = django_filters.CharFilter(help_text="`X-Request-ID` of the request.")
    address = django_filters.CharFilter(method="from_address", help_text="IP address.")

    class Meta:
        model = AuditEvent
        fields: tuple[str, ...] = ()

    def from_address(
        self, queryset: QuerySet[AuditEvent], name: str, value: Any
    ) -> QuerySet[AuditEvent]:
        try:
            address = ipaddress.ip_address(value)
        except ValueError as error:
            raise InvalidInputError.of(name, "Not an IP address.") from error
        return queryset.filter(address=str(address))
