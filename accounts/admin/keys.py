"""The admin's pages on API keys."""

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ApiKey
from accounts.services import keys
from datastream.core.admin import ReadOnly, person


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    about = "Keys of programs. Nobody can tell a key again: only how it begins is known here."
    list_display = (
        "name", "user", "public_id", "shown_scopes", "created_at", "expires_at", "last_used_at",
        "revoked_at",
    )  # fmt: skip
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("name", "public_id", "user__username")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    actions = ("revoke_selected",)
    fields = (
        "id", "name", "user", "public_id", "shown_scopes", "created_at", "expires_at",
        "last_used_at", "revoked_at",
    )  # fmt: skip

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(person(request).has_perm("accounts.change_apikey"))

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        live = chosen.filter(revoked_at__isnull=True)
        with transaction.atomic():
            for key in live:
                keys.revoke(key)
        self.message_user(request, "They are revoked, and open nothing any more.")
