"""The admin's pages on applications that use OAuth2, and on what they were given."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from oauth2_provider.models import AccessToken, Application, Grant, IDToken, RefreshToken

from accounts.services import oauth2
from datastream.core.admin import Admin, ReadOnly, person

for model in (AccessToken, Application, Grant, IDToken, RefreshToken):
    admin.site.unregister(model)

GRANTS = {kind: grants for grants, kind in oauth2.GRANT_TYPES.items()}


class ApplicationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The library asks for https only; services/oauth2.py lets loopback addresses pass, too.
        self.instance.get_allowed_schemes = lambda: ["https", "http"]
        field = self.fields.get("authorization_grant_type")
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (Application.GRANT_AUTHORIZATION_CODE, "asks people for access (code)"),
                (Application.GRANT_CLIENT_CREDENTIALS, "acts as its owner (client credentials)"),
            ]


@admin.register(Application)
class ApplicationAdmin(Admin):
    about = "Programs that may ask people for access through OAuth2, or act as their owner."
    is_counted = True
    form = ApplicationForm
    list_display = ("name", "client_id", "user", "client_type", "authorization_grant_type")
    list_filter = ("client_type", "authorization_grant_type")
    list_select_related = ("user",)
    search_fields = ("name", "client_id", "user__username")
    ordering = ("name",)
    autocomplete_fields = ("user",)
    fields = (
        "name", "user", "client_type", "authorization_grant_type", "redirect_uris", "client_id",
        "created", "updated",
    )  # fmt: skip
    actions = ("give_new_secrets",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        made_once = ("client_type", "authorization_grant_type") if obj else ()
        return (*made_once, "client_id", "created", "updated")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        addresses = obj.redirect_uris.split()
        if change:
            oauth2.change_application(obj, name=obj.name, redirect_uris=addresses, owner=obj.user)
            return
        made, secret = oauth2.create_application(
            obj.user,
            name=obj.name,
            redirect_uris=addresses,
            kind=obj.client_type,
            grants=GRANTS[obj.authorization_grant_type],
        )
        obj.pk, obj.client_id, obj.client_secret = made.pk, made.client_id, made.client_secret
        if secret:
            _tell_once(request, made, secret)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        oauth2.delete_application(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for application in queryset:
            oauth2.delete_application(application)

    @admin.action(description="Give the selected applications new secrets", permissions=["change"])
    def give_new_secrets(self, request: HttpRequest, applications: QuerySet[Any]) -> None:
        for application in applications.filter(client_type=Application.CLIENT_CONFIDENTIAL):
            _tell_once(request, application, oauth2.new_secret(application))


def _tell_once(request: HttpRequest, application: Any, secret: str) -> None:
    messages.success(
        request,
        format_html(
            "The secret of {} is <code>{}</code>. It is shown this once.", application.name, secret
        ),
    )


class Given(ReadOnly):
    """Tokens, of which only hashes are stored; they can be ended."""

    list_select_related = ("user", "application")
    search_fields = ("application__name", "user__username")
    ordering = ("-created",)
    date_hierarchy = "created"
    actions = ("end_selected",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return bool(person(request).has_perm(f"oauth2_provider.delete_{self.opts.model_name}"))

    @admin.action(description="Revoke the selected tokens", permissions=["end"])
    def end_selected(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        for token in chosen:
            oauth2.end_access(token)
        self.message_user(request, "They are revoked, and open nothing any more.")


@admin.register(AccessToken)
class AccessTokenAdmin(Given):
    about = "What applications read and write with, for some minutes."
    list_display = ("id", "application", "user", "scope", "created", "expires")
    fields = ("id", "application", "user", "scope", "created", "expires")


@admin.register(RefreshToken)
class RefreshTokenAdmin(Given):
    about = "What applications renew their access with."
    list_display = ("id", "application", "user", "created", "revoked")
    list_filter = (("revoked", admin.EmptyFieldListFilter),)
    fields = ("id", "application", "user", "token_family", "created", "revoked")


@admin.register(Grant)
class CodeAdmin(ReadOnly):
    about = "Codes on their way to an application, for a minute."
    list_display = ("id", "application", "user", "scope", "created", "expires")
    list_select_related = ("user", "application")
    ordering = ("-created",)
    fields = ("id", "application", "user", "scope", "redirect_uri", "created", "expires")
