"""The admin site: its front page, and the page on one's own password."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import services
from accounts.models import User
from accounts.services import second_factor

# The order of the work: what there is, where it comes from, what is made of it, who does it.
APPS = ("datasets", "connectors", "analyses", "visualizations", "accounts", "auth")


class OwnPasswordForm(AdminPasswordChangeForm):
    """One's own password: asks for the present one, and ends the sign-ins through the API."""

    def save(self, *args: Any, **kwargs: Any) -> User:
        user: User = self.user
        services.change_password(
            user,
            current_password=self.cleaned_data["old_password"],
            new_password=self.cleaned_data["new_password1"],
        )
        return user


class Site(admin.AdminSite):
    site_header = "DataStream Pro"
    site_title = "DataStream Pro"
    index_title = "Administration"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether they may see any of it: staff, with a code in this session where it is asked."""
        return super().has_permission(request) and not _lacks_code(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the one sign-in page, or to what is still missing; there is no form here."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        # Back to this page: it leads on to where they wanted, or to what is missing then.
        index = reverse("admin:index")
        there = wanted if wanted and get_adapter().is_safe_url(wanted) else index
        if not request.user.is_authenticated:
            return _lead(settings.LOGIN_URL, there)
        if not super().has_permission(request):
            raise PermissionDenied
        if not _lacks_code(request):
            return redirect(there)
        if second_factor.is_on(request.user):
            return _lead(reverse("mfa_reauthenticate"), there)
        return _lead(reverse("mfa_activate_totp"), there)

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the apps in the order of the work, each model with a word on what it holds."""
        apps: list[dict[str, Any]] = [*super().get_app_list(request, app_label)]
        for entry in _models(apps):
            entry["about"] = getattr(self._registry[entry["model"]], "about", "")
        return sorted(apps, key=lambda app: _place(app["app_label"]))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show all models, with the number of rows where that is small enough to count."""
        apps = self.get_app_list(request)
        for entry in _models(apps):
            if getattr(self._registry[entry["model"]], "is_counted", False):
                entry["count"] = entry["model"].objects.count()
        return super().index(request, {**(extra_context or {}), "app_list": apps})

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)


def _models(apps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for app in apps for entry in app["models"]]


def _place(app_label: str) -> int:
    return APPS.index(app_label) if app_label in APPS else len(APPS)


def _lacks_code(request: HttpRequest) -> bool:
    """Whether a second factor is asked of staff, and none was given in this session.

    A sign-in elsewhere is none, whatever it asked for there.
    """
    if not settings.ADMIN_TOTP_REQUIRED:
        return False
    records = get_authentication_records(request, request.user)
    return all(record["method"] != "mfa" for record in records)


def _lead(path: str, then: str) -> HttpResponse:
    return redirect(f"{path}?{urlencode({REDIRECT_FIELD_NAME: then})}")
