"""Keys for providers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from connectors import credentials
from connectors.models import ProviderCredential
from connectors.registry import connectors
from datastream.core.admin import Admin, person


class CredentialForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    new_secret = forms.CharField(
        label="secret",
        required=False,
        strip=False,
        max_length=credentials.SECRET_MAX,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted and never shown. Left empty, the one that is there stays.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "connector" in self.fields:
            names = [(name, name) for name in connectors.names()]
            self.fields["connector"] = forms.ChoiceField(choices=names)
            self.fields["new_secret"].required = True


@admin.register(ProviderCredential)
class CredentialAdmin(Admin):
    """Keys can be made, renamed, replaced and deleted; none is ever shown, nor even read."""

    about = "Keys for providers, kept encrypted. Nobody is shown them again."
    form = CredentialForm
    list_display = ("connector", "label", "owner", "created_at")
    list_filter = ("connector",)
    list_select_related = ("owner",)
    search_fields = ("connector", "label", "owner__username")
    ordering = ("connector", "label")
    readonly_fields = ("owner", "created_at", "updated_at")
    fields = ("connector", "owner", "label", "new_secret", "created_at", "updated_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("connector", "label", "new_secret")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("connector", *self.readonly_fields) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderCredential]:
        kept: QuerySet[ProviderCredential] = super().get_queryset(request)
        return kept.defer("secret")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - the framework's
        given = {"label": form.cleaned_data["label"], "secret": form.cleaned_data["new_secret"]}
        if change:
            credentials.change_credential(obj, **given)
            return
        kept = credentials.keep_credential(obj.connector, person(request), **given)
        obj.__dict__.update(vars(kept))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        credentials.delete_credential(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProviderCredential]) -> None:
        for one in queryset:
            credentials.delete_credential(one)
