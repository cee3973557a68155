"""Feeds: made, scheduled, paused, run; how they fare, and what they cover."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from connectors import services, strips
from connectors.admin.forms import FeedForm, PeriodForm, is_dated
from connectors.admin.words import minute, state
from connectors.base import Place, Window
from connectors.ledger import Span
from connectors.models import Coverage, Feed, Run
from datastream.core.admin import NOTHING, Admin, link, person, sentence
from datastream.core.errors import PlatformError
from datastream.core.models import Status

# A tick comes every ten seconds; later than this nobody is at work.
LATE = timedelta(minutes=10)
# What a run says of its feed; one that was cancelled says nothing.
ENDS = (Status.SUCCEEDED, Status.PARTIAL, Status.FAILED)


@admin.register(Feed)
class FeedAdmin(Admin):
    about = "What is collected, from where, into which dataset, and how often."
    parents = ("dataset",)
    is_counted = True
    form = FeedForm
    change_form_template = "admin/feed_change_form.html"
    list_display = (
        "name", "connector", "product", "dataset", "health", "last_run", "next_run",
    )  # fmt: skip
    list_filter = ("enabled", "connector", "product")
    list_select_related = ("dataset",)
    search_fields = ("name", "product", "dataset__name")
    ordering = ("name",)
    autocomplete_fields = ("dataset",)
    actions = ("run_selected", "pause", "resume")
    readonly_fields = (
        "health", "next_run", "last_run", "coverage", "more", "plan", "created_at", "updated_at",
    )  # fmt: skip
    editable = (
        "name", "connector", "product", "dataset", "parameters", "schedule", "lookback_days",
        "credential", "enabled",
    )  # fmt: skip
    # What a feed is; for something else there is another feed.
    fixed = ("name", "connector", "product", "dataset")
    facts = (
        (None, {"fields": fixed}),
        (
            "How it fares",
            {"fields": ("health", "last_run", "next_run", "coverage", "plan", "more")},
        ),
        (
            "What it asks for, and when",
            {"fields": ("parameters", "schedule", "lookback_days", "credential", "enabled")},
        ),
        ("Row", {"classes": ("collapse",), "fields": ("created_at", "updated_at")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.facts if obj else ((None, {"fields": self.editable}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fixed, *self.readonly_fields) if obj else ()

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:  # noqa: FBT001 - the framework's
        if change:
            facts = {name: form.cleaned_data[name] for name in form.changed_data}
            if facts:
                services.change_feed(obj, **facts)
            return
        facts = {name: form.cleaned_data[name] for name in self.editable}
        if facts["lookback_days"] is None:
            del facts["lookback_days"]
        made = services.create_feed(facts.pop("dataset"), **facts)
        obj.__dict__.update(vars(made))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with feeds, as numbers; nobody may delete any of it by itself."""
        of = {"feed__in": [feed.pk for feed in objs]}
        counts = {
            "feeds": len(objs),
            "runs": Run.objects.filter(**of).count(),
            "spans covered": Coverage.objects.filter(**of).count(),
        }
        told = [
            f"{feed}: its runs and what it covers; its dataset keeps all points" for feed in objs
        ]
        lacking = () if self.has_delete_permission(request) else ("feeds",)
        return told, counts, set(lacking), []

    def delete_model(self, request: HttpRequest, obj: Feed) -> None:
        services.delete_feed(obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        # All who lock several datasets do so in one order.
        for feed in queryset.order_by("dataset_id"):
            services.delete_feed(feed)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        runs = Run.objects.filter(feed=OuterRef("pk")).order_by("-created_at")
        failed = Coverage.objects.filter(feed=OuterRef("pk"), state="failed")
        feeds: QuerySet[Feed] = super().get_queryset(request)
        return feeds.annotate(
            last_status=Subquery(runs.values("status")[:1]),
            last_at=Subquery(runs.values("created_at")[:1]),
            last_end=Subquery(runs.filter(status__in=ENDS).values("status")[:1]),
            has_gaps=Exists(failed),
            is_late=Q(next_run_at__lt=Now() - LATE),
        )

    # ------------------------------------------------------------------ how it fares
    @admin.display
    def health(self, feed: Any) -> str:
        """Late, failing, with gaps, paused, or well."""
        if not feed.enabled:
            return state("paused")
        troubles = [
            word
            for word, is_so in (
                ("late", feed.is_late),
                ("failing", feed.last_end == Status.FAILED),
                ("gaps", feed.has_gaps),
            )
            if is_so
        ]
        if not troubles and feed.last_end is None:
            return state("new")
        shown = [(state(word),) for word in troubles or ["well"]]
        return format_html_join(" ", "{}", shown)

    @admin.display(description="last run, UTC", ordering="last_at")
    def last_run(self, feed: Any) -> str:
        if feed.last_at is None:
            return NOTHING
        return format_html("{} {}", state(feed.last_status), minute(feed.last_at))

    @admin.display(description="next run, UTC", ordering="next_run_at")
    def next_run(self, feed: Feed) -> str:
        return minute(feed.next_run_at) if feed.next_run_at else "by hand"

    @admin.display(description="what a run would ask for")
    def plan(self, feed: Feed) -> str:
        try:
            services.product_of(feed).check(feed.parameters)
            plan = services.plan_of(feed)
        except PlatformError as error:
            return sentence(error)
        least = timedelta(seconds=round(plan.seconds))
        return f"{len(plan.requests):,} requests to {plan.places:,} places, {least} at least"

    @admin.display
    def coverage(self, feed: Feed) -> str:
        known = services.coverage_of(feed)
        windows = [span.window for spans in known.values() for span in spans]
        if not windows:
            return NOTHING
        if not is_dated(feed):
            return format_html_join(", ", "{}", [(state(word),) for word in sorted(_states(known))])
        whole = Window(min(one.start for one in windows), max(one.end for one in windows))
        named = {
            " ".join(filter(None, (place.station, place.variables))) or "all": spans
            for place, spans in sorted(known.items())
        }
        # Every text in it is escaped where it is drawn.
        return mark_safe(  # noqa: S308
            f'<div class="coverage-strips">{strips.draw(named, whole)}</div>'
            f"{strips.left_out(named)}{strips.legend()}"
        )

    @admin.display(description="more")
    def more(self, feed: Feed) -> str:
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

    # ------------------------------------------------------------------ what can be done
    def has_run_permission(self, request: HttpRequest) -> bool:
        return bool(person(request).has_perm("connectors.add_run"))

    @admin.action(description="Run the selected feeds now", permissions=["run"])
    def run_selected(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        for feed in feeds:
            self._run(request, feed)

    @admin.action(description="Pause the selected feeds", permissions=["change"])
    def pause(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        self._switch(request, feeds, enabled=False)

    @admin.action(description="Resume the selected feeds", permissions=["change"])
    def resume(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        self._switch(request, feeds, enabled=True)

    def _switch(self, request: HttpRequest, feeds: QuerySet[Feed], *, enabled: bool) -> None:
        names = [str(feed) for feed in feeds]
        for feed in feeds:
            services.change_feed(feed, enabled=enabled)
        done = "Resumed" if enabled else "Paused"
        messages.success(request, f"{done}: {', '.join(names)}.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        feed = kwargs.get("obj")
        context["can_run"] = self.has_run_permission(request)
        context["has_days"] = feed is not None and is_dated(feed)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        run, fill = map(self.admin_site.admin_view, (self.run_view, self.back_fill_view))
        return [
            path("<uuid:pk>/run/", run, name="connectors_feed_run"),
            path("<uuid:pk>/back-fill/", fill, name="connectors_feed_back_fill"),
            *super().get_urls(),
        ]

    def _feed(self, request: HttpRequest, pk: Any) -> Feed:
        if not self.has_run_permission(request):
            raise PermissionDenied
        feed: Feed | None = self.get_object(request, str(pk))
        if feed is None:
            raise Http404
        return feed

    def run_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        feed = self._feed(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._run(request, feed)
        return redirect("admin:connectors_feed_change", feed.pk)

    def back_fill_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask for two days, and for all between them once they are given."""
        feed = self._feed(request, pk)
        if not is_dated(feed):
            messages.error(request, f"{feed} has no days to fill; run it instead.")
            return redirect("admin:connectors_feed_change", feed.pk)
        form = PeriodForm(feed, request.POST if request.method == "POST" else None)
        if form.is_valid() and self._run(request, feed, form.window):
            return redirect("admin:connectors_feed_change", feed.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "feed": feed,
            "form": form,
            "title": f"Back-fill {feed.name}",
        }
        return TemplateResponse(request, "admin/feed_back_fill.html", context)

    def _run(self, request: HttpRequest, feed: Feed, window: Window | None = None) -> bool:
        try:
            run = services.back_fill(feed, window) if window else services.queue_run(feed)
        except PlatformError as error:
            messages.error(request, f"{feed}: {sentence(error)}")
            return False
        address = reverse("admin:connectors_run_change", args=[run.pk])
        messages.success(request, format_html('Running: <a href="{}">{}</a>.', address, feed))
        return True


def _states(known: Mapping[Place, Sequence[Span]]) -> set[str]:
    return {span.state for spans in known.values() for span in spans}
