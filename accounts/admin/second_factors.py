"""The admin's page on second factors, to help who has lost theirs. No secret is on it."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.services import second_factor
from datastream.core.admin import ReadOnly, person

# The library's own pages: of no use here, or with secrets on them.
for model in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class ForAdmins(ReadOnly):
    """Rows of a library, of which the roles know no permissions."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(person(request).is_admin)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(person(request).is_admin)


@admin.register(Authenticator)
class SecondFactorAdmin(ForAdmins):
    about = "Who gives a code besides the password. Delete the rows of who has lost the app."
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("-created_at",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(person(request).is_admin)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return whose codes are switched off: all of them, recovery codes too."""
        people = sorted({str(one.user) for one in objs})
        return [f"{name}: two-step sign-in" for name in people], {"users": len(people)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        second_factor.switch_off(obj.user)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        for user in {one.user for one in queryset.select_related("user")}:
            second_factor.switch_off(user)
