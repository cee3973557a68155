"""What the admin's pages of every app share: refusals told, read-only rows, jobs with buttons."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from datastream.core.errors import PlatformError

LONGEST_JSON = 20_000
NOTHING = "–"


class PlainLinks:
    """Leaves out the icons that add, change and delete what a row points to."""

    def formfield_for_dbfield(self, *args: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(*args, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = False
            field.widget.can_change_related = False
            field.widget.can_delete_related = False
        return field


class Admin(PlainLinks, admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the type checker only
    """A model's pages; what a service refuses is told on the page and nothing is stored.

    `parents` are lookups of what a row belongs to: with a parent that somebody deleted it is not
    shown, though it is there until the worker has removed it.
    """

    parents: ClassVar[tuple[str, ...]] = ()
    about = ""
    is_counted = False
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(**{f"{parent}__deleted_at__isnull": True for parent in self.parents})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except PlatformError as error:
            return refused(request, error)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().delete_view(request, *args, **kwargs)
        except PlatformError as error:
            return refused(request, error)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changelist_view(request, *args, **kwargs)
        except PlatformError as error:
            return refused(request, error)


class ReadOnly(Admin):
    """Rows that services and workers own: nobody makes, changes or deletes them here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Jobs(ReadOnly):
    """Jobs can be looked at, run again, and what else `buttons` names.

    `buttons` maps a method to what its button says. The method takes the request and the job and
    gives the job to show next.
    """

    change_form_template = "admin/job_change_form.html"
    buttons: ClassVar[Mapping[str, str]] = {"run_again": "Run again"}
    actions = ("run_selected_again",)

    def run_again(self, request: HttpRequest, job: Any) -> Model:
        raise NotImplementedError

    def name_of(self, job: Any) -> str:
        """Return what a job is called; its own words would need a query for each row."""
        return str(job)

    def has_run_permission(self, request: HttpRequest) -> bool:
        name = f"{self.opts.app_label}.add_{self.opts.model_name}"
        return bool(person(request).has_perm(name))

    @admin.action(description="Run the selected %(verbose_name_plural)s again", permissions=["run"])
    def run_selected_again(self, request: HttpRequest, jobs: QuerySet[Any]) -> None:
        for job in jobs:
            try:
                self._tell(request, self.run_again(request, job))
            except PlatformError as error:
                messages.error(request, f"{self.name_of(job)}: {sentence(error)}")

    def _tell(self, request: HttpRequest, job: Model) -> None:
        message = format_html(
            'Asked for again: <a href="{}">{}</a>.', self._address(job), self.name_of(job)
        )
        messages.success(request, message)

    def _address(self, job: Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[job.pk])

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_press"
        press = self.admin_site.admin_view(self.press)
        return [path("<uuid:pk>/press/<str:button>/", press, name=name), *super().get_urls()]

    def press(self, request: HttpRequest, pk: Any, button: str) -> HttpResponse:
        """Do what a button of the change page says."""
        job = self.get_object(request, str(pk))
        if job is None or button not in self.buttons:
            raise Http404
        if not self.has_run_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            shown = getattr(self, button)(request, job)
        except PlatformError as error:
            messages.error(request, sentence(error))
            shown = job
        else:
            if shown != job:
                self._tell(request, shown)
        return redirect(self._address(shown))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        job = kwargs.get("obj")
        context["buttons"] = self.buttons_for(job) if self.has_run_permission(request) else {}
        context["subtitle"] = self.name_of(job)
        context["press"] = f"admin:{self.opts.app_label}_{self.opts.model_name}_press"
        return super().render_change_form(request, context, *args, **kwargs)

    def buttons_for(self, job: Any) -> Mapping[str, str]:
        """Return the buttons that make sense for a job as it stands."""
        return self.buttons


# ------------------------------------------------------------------ words


def person(request: HttpRequest) -> Any:
    """Return the one who is signed in: the site lets nobody else in."""
    return request.user


def sentence(error: PlatformError) -> str:
    """Return what a service refused, with what is wrong with each field."""
    details = [
        f"{name}: {' '.join(map(str, value))}"
        for name, value in error.details.items()
        if isinstance(value, list)
    ]
    return " ".join([error.message, *details])


def refused(request: HttpRequest, error: PlatformError) -> HttpResponse:
    messages.error(request, sentence(error))
    return HttpResponseRedirect(request.get_full_path(), status=HTTPStatus.SEE_OTHER)


def pretty(value: Any) -> str:
    """Return JSON to be read by people, cut where it would fill the page."""
    if value in (None, "", {}, []):
        return NOTHING
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > LONGEST_JSON:
        text = f"{text[:LONGEST_JSON]}\n… ({len(text):,} characters)"
    return format_html("<pre>{}</pre>", text)


def image(url: str, *, width: int, height: int, alt: str = "") -> str:
    """Return a picture that is drawn once it comes into sight."""
    return format_html(
        '<img class="picture" src="{}" width="{}" height="{}" alt="{}" loading="lazy">',
        url, width, height, alt,
    )  # fmt: skip


def link(url: str, text: object) -> str:
    return format_html('<a href="{}">{}</a>', url, text)
