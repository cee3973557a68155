"""The admin's pages on datasets and what belongs to them. Points are never loaded as objects."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from datasets import services
from datasets.access import View, view
from datasets.models import Dataset, Export, Receipt, Revision, Share, Station, Variable
from datastream.core.admin import NOTHING, Admin, ReadOnly, image, link, person, pretty

REVISIONS_SHOWN = 5
# What hangs on a dataset, and the pages that list it. Other apps' pages are known by name only.
CONTENTS = {
    "stations": "datasets_station",
    "variables": "datasets_variable",
    "revisions": "datasets_revision",
    "receipts": "datasets_receipt",
    "shares": "datasets_share",
    "feeds": "connectors_feed",
    "analyses": "analyses_analysis",
    "visualizations": "visualizations_visualization",
}


def seen_by(request: HttpRequest, dataset_id: Any) -> View:
    return view(person(request), dataset_id)


def list_of(page: str, dataset: Dataset, text: object) -> str:
    """Return a link to the rows of a dataset on another page."""
    address = reverse(f"admin:{page}_changelist", query={"dataset__id__exact": str(dataset.pk)})
    return link(address, text)


@admin.register(Dataset)
class DatasetAdmin(Admin):
    about = "Sets of points with one history, one owner and one licence."
    is_counted = True
    list_display = (
        "thumbnail", "name", "owner", "source", "visibility", "points", "extent", "revision",
    )  # fmt: skip
    list_display_links = ("name",)
    list_filter = ("visibility", "source")
    list_select_related = ("owner",)
    list_per_page = 25  # each row has a picture
    search_fields = ("name", "description", "source", "owner__username")
    autocomplete_fields = ("owner",)
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    readonly_fields = (
        "picture", "contents", "points", "extent", "last_revisions", "revision", "meta_version",
        "id", "created_at", "updated_at",
    )  # fmt: skip
    facts = (
        (None, {"fields": ("name", "owner", "source", "description", "tags")}),
        ("Licence", {"fields": ("license", "citation")}),
        (
            "Who sees what",
            {"fields": ("visibility", "embargo_days", "coordinate_step_deg", "schema_mode")},
        ),
    )
    state = (
        ("What is in it", {"fields": ("picture", "points", "extent", "contents")}),
        ("History", {"fields": ("revision", "last_revisions", "meta_version")}),
        ("Row", {"classes": ("collapse",), "fields": ("id", "created_at", "updated_at")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Dataset | None = None) -> Any:
        return (*self.state[:1], *self.facts, *self.state[1:]) if obj else self.facts

    # -------------------------------------------------------------- shown
    @admin.display(description="picture")
    def thumbnail(self, dataset: Dataset) -> str:
        address = reverse("admin:dataset_picture", args=[dataset.pk])
        return image(address, width=108, height=72)

    @admin.display(description="picture")
    def picture(self, dataset: Dataset) -> str:
        address = reverse("admin:dataset_picture", args=[dataset.pk], query={"size": "large"})
        return image(address, width=640, height=320, alt=f"What {dataset} looks like")

    @admin.display(description="points", ordering="point_count")
    def points(self, dataset: Dataset) -> str:
        return format_html('<span class="number">{}</span>', f"{dataset.point_count:,}")

    @admin.display(description="first and last", ordering="start")
    def extent(self, dataset: Dataset) -> str:
        if dataset.start is None or dataset.end is None:
            return NOTHING
        return format_html(
            '<span class="number">{}</span> to <span class="number">{}</span>',
            dataset.start.date(), dataset.end.date(),
        )  # fmt: skip

    @admin.display
    def contents(self, dataset: Dataset) -> str:
        counts = {name: getattr(dataset, name).count() for name in CONTENTS}
        rows = [
            (list_of(CONTENTS[name], dataset, f"{name} ({n:,})"),) for name, n in counts.items()
        ]
        return format_html_join(", ", "{}", rows)

    @admin.display
    def last_revisions(self, dataset: Dataset) -> str:
        newest = dataset.revisions.select_related("user").order_by("-number")[:REVISIONS_SHOWN]
        rows = [
            (one.number, f"{one.created_at:%Y-%m-%d %H:%M}", one.user or "the platform",
             f"{one.inserted:,}", f"{one.updated:,}", f"{one.deleted:,}")
            for one in newest
        ]  # fmt: skip
        if not rows:
            return NOTHING
        heads = ("", "when, UTC", "by", "inserted", "updated", "deleted")
        return format_html(
            "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
            format_html_join("", '<th scope="col">{}</th>', [(head,) for head in heads]),
            format_html_join(
                "", "<tr>" + '<td class="number">{}</td>' * len(heads) + "</tr>", rows
            ),
        )

    # -------------------------------------------------------------- changed
    def save_model(self, request: HttpRequest, obj: Dataset, form: Any, change: bool) -> None:  # noqa: FBT001
        facts = dict(form.cleaned_data)
        if not change:
            adopt(obj, services.create_dataset(facts.pop("owner"), **facts))
        elif form.changed_data:
            changed = {name: facts[name] for name in form.changed_data}
            services.change_dataset(seen_by(request, obj.pk), **changed)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": person(request).pk, **super().get_changeform_initial_data(request)}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return how much goes. Django's own way would load all of it, one object a row."""
        told = [
            f"{one}: {one.point_count:,} points with their history, stations, variables, shares, "
            "feeds, analyses and pictures"
            for one in objs
        ]
        lacking = () if self.has_delete_permission(request) else ("datasets",)
        counts = {"datasets": len(told), "points": sum(one.point_count for one in objs)}
        return told, counts, set(lacking), []

    def delete_model(self, request: HttpRequest, obj: Dataset) -> None:
        services.delete_dataset(seen_by(request, obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Dataset]) -> None:
        for dataset in queryset:
            self.delete_model(request, dataset)


def adopt(row: Model, made: Model) -> None:
    """Have the form's row be the one that a service has made."""
    row.pk, row._state.adding = made.pk, False  # noqa: SLF001 - as the framework's own save does


class Part(Admin):
    """Stations and variables: every point names them, so they stay and keep their dataset."""

    parents = ("dataset",)
    list_select_related = ("dataset",)
    autocomplete_fields = ("dataset",)
    ordering = ("-id",)
    fixed: ClassVar[tuple[str, ...]] = ("dataset",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fixed if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Station)
class StationAdmin(Part):
    about = "Places where something is observed."
    is_counted = True
    list_display = ("shown_code", "name", "dataset", "latitude", "longitude", "elevation_m")
    list_filter = ("timezone",)
    search_fields = ("code", "name", "dataset__name")

    @admin.display(description="code", ordering="code")
    def shown_code(self, station: Station) -> str:
        return str(station)

    def save_model(self, request: HttpRequest, obj: Station, form: Any, change: bool) -> None:  # noqa: FBT001
        facts, seen = dict(form.cleaned_data), seen_by(request, obj.dataset_id)
        facts.pop("dataset", None)
        if change and form.changed_data:
            services.change_station(seen, obj, **facts)
        if not change:
            adopt(obj, services.add_station(seen, **facts))


@admin.register(Variable)
class VariableAdmin(Part):
    about = "What is observed, and in which unit."
    list_display = ("name", "dataset", "unit", "kind", "standard_name", "cell_method", "interval")
    list_filter = ("kind", "unit")
    search_fields = ("name", "standard_name", "dataset__name")
    fixed = ("dataset", "name", "kind")

    def save_model(self, request: HttpRequest, obj: Variable, form: Any, change: bool) -> None:  # noqa: FBT001
        facts, seen = dict(form.cleaned_data), seen_by(request, obj.dataset_id)
        facts.pop("dataset", None)
        if change and form.changed_data:
            services.change_variable(seen, obj, **facts)
        if not change:
            adopt(obj, services.add_variable(seen, **facts))


class ShareForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        is_new = {"user", "role"} <= self.fields.keys()
        if is_new and bool(data.get("user")) == bool(data.get("role")):
            self.add_error("role", "Choose either a user or a role.")
        return data


@admin.register(Share)
class ShareAdmin(Admin):
    about = "Rights on single datasets for users and roles."
    parents = ("dataset",)
    form = ShareForm
    list_display = ("dataset", "user", "role", "permission", "updated_at")
    list_filter = ("permission", "role")
    list_select_related = ("dataset", "user", "role")
    search_fields = ("dataset__name", "user__username", "role__name")
    autocomplete_fields = ("dataset", "user")
    fields = ("dataset", "user", "role", "permission")
    ordering = ("-created_at",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("dataset", "user", "role") if obj else ()

    def save_model(self, request: HttpRequest, obj: Share, form: Any, change: bool) -> None:  # noqa: FBT001
        seen = seen_by(request, obj.dataset_id)
        adopt(obj, services.share(seen, obj.permission, user=obj.user, role=obj.role))

    def delete_model(self, request: HttpRequest, obj: Share) -> None:
        services.withdraw(seen_by(request, obj.dataset_id), obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Share]) -> None:
        for share in queryset:
            self.delete_model(request, share)


@admin.register(Revision)
class RevisionAdmin(ReadOnly):
    about = "The numbered states of every dataset."
    parents = ("dataset",)
    list_display = (
        "number", "dataset", "created_at", "user", "inserted", "updated", "unchanged", "deleted",
    )  # fmt: skip
    list_select_related = ("dataset", "user")
    search_fields = ("dataset__name", "user__username", "digest")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    fields = (
        "dataset", "number", "created_at", "user", "run_id", "inserted", "updated", "unchanged",
        "deleted", "digest", "receipt",
    )  # fmt: skip


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly):
    about = "What became of every write; refused ones too."
    parents = ("dataset",)
    list_display = ("created_at", "state", "dataset", "user", "route", "revision")
    list_filter = ("status",)
    list_select_related = ("dataset", "user")
    search_fields = ("dataset__name", "user__username", "route", "id__exact", "run_id__exact")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (
        "id", "dataset", "state", "user", "run_id", "route", "idempotency_key", "revision",
        "shown_counts", "shown_errors", "body_digest", "created_at",
    )  # fmt: skip

    @admin.display(description="status", ordering="status")
    def state(self, receipt: Receipt) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', receipt.status)

    @admin.display(description="counts")
    def shown_counts(self, receipt: Receipt) -> str:
        return pretty(receipt.counts)

    @admin.display(description="errors")
    def shown_errors(self, receipt: Receipt) -> str:
        return pretty(receipt.errors)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        receipts: QuerySet[Receipt] = super().get_queryset(request)
        return receipts.defer("errors")


@admin.register(Export)
class ExportAdmin(ReadOnly):
    about = "Large reads as jobs; their files are for those who asked."
    parents = ("dataset",)
    list_display = (
        "created_at", "format", "dataset", "revision", "state", "done", "rows", "size_bytes",
        "user", "problem",
    )  # fmt: skip
    list_filter = ("status", "format")
    list_select_related = ("dataset", "user")
    search_fields = ("dataset__name", "user__username", "id__exact")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (
        "id", "dataset", "revision", "format", "shown_query", "state", "done", "problem", "user",
        "rows", "size_bytes", "digest", "attempt", "created_at", "started_at", "finished_at",
        "expires_at",
    )  # fmt: skip

    @admin.display(description="status", ordering="status")
    def state(self, export: Export) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', export.status)

    @admin.display(description="done", ordering="progress")
    def done(self, export: Export) -> str:
        return f"{export.progress:.0%}"

    @admin.display(description="error")
    def problem(self, export: Export) -> str:
        return (export.error or {}).get("message", "")[:200] or NOTHING

    @admin.display(description="asked for")
    def shown_query(self, export: Export) -> str:
        return pretty(export.query)
