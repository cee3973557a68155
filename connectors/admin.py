"""The admin's pages on collection: feeds, their runs, what is covered, raw answers, credentials."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from connectors import credentials, services
from connectors.models import Coverage, Document, Feed, ProviderCredential, Run
from connectors.registry import connectors
from datastream.core.admin import NOTHING, Admin, Jobs, ReadOnly, link, person, pretty
from datastream.core.errors import InvalidInputError

COUNTS = ("requests", "received", "inserted", "updated", "unchanged", "rejected")


def state(word: str | None) -> str:
    return format_html('<span class="state state-{0}">{0}</span>', word) if word else NOTHING


class FeedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    def clean_parameters(self) -> dict[str, Any]:
        """Check what the feed asks for, as its connector does."""
        connector = connectors.get(self.instance.connector)
        given: dict[str, Any] = self.cleaned_data["parameters"]
        if connector is None:
            return given
        try:
            return connector.product(self.instance.product).check(given)
        except InvalidInputError as error:
            told = [f"{name}: {' '.join(texts)}" for name, texts in error.details.items()]
            raise forms.ValidationError(told or error.message) from error


@admin.register(Feed)
class FeedAdmin(Admin):
    """Feeds are made by the `ingest` command; here they are adjusted and switched off."""

    about = "What is collected, from where, into which dataset."
    parents = ("dataset",)
    is_counted = True
    form = FeedForm
    list_display = ("name", "connector", "product", "dataset", "enabled", "last_run")
    list_filter = ("enabled", "connector", "product")
    list_select_related = ("dataset",)
    search_fields = ("name", "product", "dataset__name")
    ordering = ("name",)
    readonly_fields = (
        "name", "connector", "product", "dataset", "schedule", "credential", "runs", "created_at",
        "updated_at",
    )  # fmt: skip
    fields = (
        "name", "connector", "product", "dataset", "enabled", "parameters", "lookback_days",
        "schedule", "credential", "runs", "created_at", "updated_at",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:  # noqa: FBT001
        facts = {name: form.cleaned_data[name] for name in form.changed_data}
        if facts:
            services.change_feed(obj, **facts)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        newest = Run.objects.filter(feed=OuterRef("pk")).order_by("-created_at").values("status")
        feeds: QuerySet[Feed] = super().get_queryset(request)
        return feeds.annotate(last_status=Subquery(newest[:1]))

    @admin.display(description="last run")
    def last_run(self, feed: Any) -> str:
        return state(feed.last_status)

    @admin.display
    def runs(self, feed: Feed) -> str:
        query = {"feed__id__exact": str(feed.pk)}
        pages = {
            "runs": reverse("admin:connectors_run_changelist", query=query),
            "coverage": reverse("admin:connectors_coverage_changelist", query=query),
            "documents": reverse(
                "admin:connectors_document_changelist", query={"feed_id__exact": str(feed.pk)}
            ),
        }
        rows = [(link(address, name),) for name, address in pages.items()]
        return format_html_join(", ", "{}", rows)


@admin.register(Run)
class RunAdmin(Jobs):
    about = "Every execution of a feed: what came, what failed, and a way to try again."
    parents = ("feed__dataset",)
    is_counted = True
    list_display = (
        "created_at", "feed", "state", "took", "rows", "problem",
    )  # fmt: skip
    list_filter = ("status", "feed__connector")
    list_select_related = ("feed",)
    search_fields = ("feed__name", "id__exact", "feed__dataset__name")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (
        "id", "feed", "state", "problem", "took", "created_at", "started_at", "finished_at",
        "attempt", "checkpoint", COUNTS, "shown_parameters", "shown_error", "documents",
    )  # fmt: skip

    def run_again(self, request: HttpRequest, job: Any) -> Run:
        return services.run_again(job)

    @admin.display(description="status", ordering="status")
    def state(self, run: Run) -> str:
        return state(run.status)

    def name_of(self, job: Any) -> str:
        return f"Run of {job.feed}"

    @admin.display
    def rows(self, run: Run) -> str:
        counts = [(f"{getattr(run, name):,}", name) for name in COUNTS[1:] if getattr(run, name)]
        return ", ".join(f"{number} {name}" for number, name in counts) or NOTHING

    @admin.display
    def took(self, run: Run) -> str:
        if run.started_at is None:
            return NOTHING
        seconds = (run.finished_at or timezone.now()) - run.started_at
        return str(timedelta(seconds=round(seconds.total_seconds())))

    @admin.display(description="error")
    def problem(self, run: Run) -> str:
        return (run.error or {}).get("message", "")[:200] or NOTHING

    @admin.display(description="parameters")
    def shown_parameters(self, run: Run) -> str:
        return pretty(run.parameters)

    @admin.display(description="error in full")
    def shown_error(self, run: Run) -> str:
        return pretty(run.error)

    @admin.display
    def documents(self, run: Run) -> str:
        query = {"run_id__exact": str(run.pk)}
        address = reverse("admin:connectors_document_changelist", query=query)
        return link(address, "what the provider answered")


@admin.register(Coverage)
class CoverageAdmin(ReadOnly):
    about = "Which spans are known: fetched, empty, failed or due again."
    parents = ("feed__dataset",)
    list_display = ("feed", "station", "start", "end", "shown_state", "reason", "checked_at")
    list_filter = ("state", "feed__connector")
    list_select_related = ("feed",)
    search_fields = ("feed__name", "station", "reason")
    ordering = ("-id",)
    fields = ("feed", "station", "variable", "start", "end", "shown_state", "reason", "checked_at")

    @admin.display(description="state", ordering="state")
    def shown_state(self, coverage: Coverage) -> str:
        return state(coverage.state)


@admin.register(Document)
class DocumentAdmin(ReadOnly):
    """Raw answers, without their bodies: they are large, and hold whatever a provider sent."""

    about = "Raw answers of providers, kept to be read again."
    list_display = ("received_at", "status", "path", "sequence", "part", "run_id")
    list_filter = ("status",)
    search_fields = ("run_id__exact", "feed_id__exact")
    ordering = ("-received_at",)
    fields = (
        "id", "feed_id", "run_id", "sequence", "part", "status", "received_at", "shown_request",
        "shown_headers",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        documents: QuerySet[Document] = super().get_queryset(request)
        return documents.defer("body")

    @admin.display
    def path(self, document: Document) -> str:
        return str(document.request.get("path", ""))

    @admin.display(description="request")
    def shown_request(self, document: Document) -> str:
        return pretty(document.request)

    @admin.display(description="headers")
    def shown_headers(self, document: Document) -> str:
        return pretty(document.headers)


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
