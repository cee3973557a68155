"""The admin's pages on the audit log, which are for reading."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from accounts.filters.audit import KINDS
from accounts.models import AuditEvent
from accounts.selectors.audit import audit_events
from datastream.core.admin import NOTHING, ReadOnly, link, pretty

# What is named in the log → its page in the admin.
PAGES = {
    "dataset": "datasets_dataset",
    "user": "accounts_user",
    "key": "accounts_apikey",
    "feed": "connectors_feed",
    "run": "connectors_run",
    "analysis": "analyses_analysis",
    "visualization": "visualizations_visualization",
    "export": "datasets_export",
}


class ByCredential(admin.SimpleListFilter):
    """By a kind of credential; what kinds there are need not be sought in the whole log."""

    title = "credential"
    parameter_name = "credential"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return KINDS

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(credential=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    about = "Who did what to what, when and from where. Nobody can change it."
    list_display = ("at", "who", "action", "thing", "state", "credential", "address", "request_id")
    list_filter = ("outcome", ByCredential, "at")
    search_fields = (
        "action__startswith", "object_id__exact", "request_id__exact", "user_id__exact",
        "credential_id__exact",
    )  # fmt: skip
    search_help_text = "An action's beginning, or the id of a user, an object or a request."
    ordering = ("-id",)
    fields = (
        "id", "at", "who", "credential", "credential_id", "action", "thing", "state", "address",
        "request_id", "shown_details",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        return audit_events()

    @admin.display(description="user")
    def who(self, event: Any) -> str:
        if event.user_id is None:
            return NOTHING
        return _page("user", str(event.user_id), event.username or event.user_id)

    @admin.display(description="object")
    def thing(self, event: AuditEvent) -> str:
        if not event.object_type:
            return NOTHING
        text = f"{event.object_type} {event.object_id}"
        return _page(event.object_type, event.object_id, text)

    @admin.display(description="outcome", ordering="outcome")
    def state(self, event: AuditEvent) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', event.outcome)

    @admin.display(description="details")
    def shown_details(self, event: AuditEvent) -> str:
        return pretty(event.details)


def _page(kind: str, identity: str, text: object) -> str:
    """The text, as a link where there is such a page; what was deleted says so there."""
    try:
        return link(reverse(f"admin:{PAGES[kind]}_change", args=[identity]), text)
    except (KeyError, NoReverseMatch):
        return str(text)
