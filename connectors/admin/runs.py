"""Runs, what they learnt, and the raw answers they got."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from connectors import bodies, services
from connectors.admin.words import state
from connectors.models import PAGE_COUNTS, RUN_COUNTS, Coverage, Document, Run
from datastream.core.admin import NOTHING, Jobs, ReadOnly, link, pretty
from datastream.core.api.files import disposition
from datastream.core.models import OPEN


@admin.register(Run)
class RunAdmin(Jobs):
    about = "Every execution of a feed: what came, what failed, and a way to try again."
    parents = ("feed__dataset",)
    is_counted = True
    list_display = (
        "created_at", "feed", "trigger", "state", "took", "progress", "outcome",
    )  # fmt: skip
    list_filter = ("status", "trigger", "feed__connector")
    list_select_related = ("feed",)
    search_fields = ("feed__name", "id__exact", "feed__dataset__name")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (
        "id", "feed", "trigger", "state", "problem", "took", "created_at", "started_at",
        "finished_at", "attempt", "progress", RUN_COUNTS, "shown_rejections", "shown_notes",
        "shown_parameters", "shown_error", "documents",
    )  # fmt: skip
    buttons: ClassVar[Mapping[str, str]] = {"run_again": "Run again", "cancel": "Cancel"}

    def buttons_for(self, job: Any) -> Mapping[str, str]:
        name = "cancel" if job.status in OPEN else "run_again"
        return {name: self.buttons[name]}

    def cancel(self, request: HttpRequest, job: Any) -> Run:
        services.cancel_run(job)
        return Run.objects.get(pk=job.pk)

    def run_again(self, request: HttpRequest, job: Any) -> Run:
        return services.run_again(job)

    @admin.display(description="status", ordering="status")
    def state(self, run: Run) -> str:
        return state(run.status)

    def name_of(self, job: Any) -> str:
        return f"Run of {job.feed}"

    @admin.display(description="requests done")
    def progress(self, run: Run) -> str:
        return NOTHING if run.planned is None else f"{run.checkpoint:,} of {run.planned:,}"

    @admin.display(description="rows left out")
    def shown_rejections(self, run: Run) -> str:
        if not run.rejections:
            return NOTHING
        rows = [
            (one["station"], one["start"], one["row"], one["field"], one["message"])
            for one in run.rejections
        ]
        body = format_html_join("", "<tr>" + "<td>{}</td>" * 5 + "</tr>", rows)
        names = ("station", "from", "row", "field", "reason")
        head = format_html_join("", "<th>{}</th>", [(name,) for name in names])
        return format_html("<table><thead><tr>{}</tr></thead>{}</table>", head, body)

    @admin.display(description="what was odd")
    def shown_notes(self, run: Run) -> str:
        return format_html_join("", "<p>{}</p>", [(note,) for note in run.notes]) or NOTHING

    @admin.display
    def outcome(self, run: Run) -> str:
        """What came, and what went wrong."""
        counts = [(f"{getattr(run, name):,}", name) for name in PAGE_COUNTS if getattr(run, name)]
        told = ", ".join(f"{number} {name}" for number, name in counts)
        return ". ".join(filter(None, (told, self._message(run)))) or NOTHING

    def _message(self, run: Run) -> str:
        return str((run.error or {}).get("message", ""))[:200]

    @admin.display
    def took(self, run: Run) -> str:
        if run.started_at is None:
            return NOTHING
        seconds = (run.finished_at or timezone.now()) - run.started_at
        return str(timedelta(seconds=round(seconds.total_seconds())))

    @admin.display(description="error")
    def problem(self, run: Run) -> str:
        return self._message(run) or NOTHING

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
    """Raw answers; their bodies hold whatever a provider sent, and are for saving only."""

    about = "Raw answers of providers, kept to be read again."
    list_display = ("received_at", "status", "path", "size", "sequence", "part", "run_id")
    list_filter = ("status",)
    search_fields = ("run_id__exact", "feed_id__exact")
    ordering = ("-received_at",)
    fields = (
        "id", "feed_id", "run_id", "sequence", "part", "status", "received_at", "size",
        "shown_request", "shown_headers", "answer",
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

    @admin.display(description="the answer")
    def answer(self, document: Document) -> str:
        return link(reverse("admin:connectors_document_answer", args=[document.pk]), "Save it")

    def get_urls(self) -> list[URLPattern]:
        save = self.admin_site.admin_view(self.save_answer)
        name = "connectors_document_answer"
        return [path("<uuid:pk>/answer/", save, name=name), *super().get_urls()]

    def save_answer(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """The answer as it is kept, as a file that no browser shows as a page."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = self.get_object(request, str(pk))
        if document is None:
            raise Http404
        return StreamingHttpResponse(
            bodies.send(document),
            content_type="application/octet-stream",
            headers={"Content-Disposition": disposition(bodies.name_of(document))},
        )
