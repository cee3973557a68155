"""The admin's pages on analyses: what was asked, what came out, and asking again."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from analyses import selectors, services
from analyses.models import Analysis, Verdict
from datasets.access import view
from datastream.core.admin import NOTHING, Jobs, person, pretty
from datastream.core.models import OPEN


@admin.register(Analysis)
class AnalysisAdmin(Jobs):
    about = "Requests for analyses and their results."
    parents = ("dataset",)
    is_counted = True
    buttons: ClassVar[Mapping[str, str]] = {"run_again": "Run again", "cancel": "Cancel"}
    list_display = (
        "created_at", "type", "dataset", "dataset_revision", "state", "done", "user", "problem",
    )  # fmt: skip
    list_filter = ("status", "type", "live")
    list_select_related = ("dataset", "user")
    search_fields = ("type", "dataset__name", "user__username", "id__exact")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (
        "id", "type", "dataset", "dataset_revision", "state", "done", "problem", "user",
        "created_at", "started_at", "finished_at", "words", "report", "shown_parameters", "inputs",
        "attempt", "method_version", "libraries", "seconds", "digest", "rerun_of", "verdict",
        "live", "live_of", "shown_result",
    )  # fmt: skip

    def run_again(self, request: HttpRequest, job: Any) -> Analysis:
        user = person(request)
        return services.rerun(view(user, job.dataset_id), job, user=user)

    def cancel(self, request: HttpRequest, job: Any) -> Analysis:
        services.cancel(job)
        self.message_user(request, "It is cancelled.")
        cancelled: Analysis = job
        return cancelled

    def buttons_for(self, job: Any) -> Mapping[str, str]:
        left_out = "run_again" if job.status in OPEN else "cancel"
        return {name: words for name, words in self.buttons.items() if name != left_out}

    def name_of(self, job: Any) -> str:
        return f"{job.type} of {job.dataset}"

    @admin.display(description="status", ordering="status")
    def state(self, analysis: Analysis) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', analysis.status)

    @admin.display(description="done", ordering="progress")
    def done(self, analysis: Analysis) -> str:
        return f"{analysis.progress:.0%}"

    @admin.display(description="error")
    def problem(self, analysis: Analysis) -> str:
        return (analysis.error or {}).get("message", "")[:200] or NOTHING

    @admin.display(description="parameters")
    def shown_parameters(self, analysis: Analysis) -> str:
        return pretty(analysis.parameters)

    @admin.display(description="in words")
    def words(self, analysis: Analysis) -> str:
        told = ((sentence,) for sentence in selectors.words(analysis))
        return format_html_join(mark_safe("<br>"), "{}", told) or NOTHING

    @admin.display(description="report")
    def report(self, analysis: Analysis) -> str:
        """Where the page and the PDF are; the API knows who may read them."""
        if not analysis.result:
            return NOTHING
        address = f"/api/v1/analyses/{analysis.pk}/report"
        return format_html('<a href="{0}">Page</a> · <a href="{0}?format=pdf">PDF</a>', address)

    @admin.display(description="read")
    def inputs(self, analysis: Analysis) -> str:
        told = (
            (row.dataset, row.revision, ", ".join(named(one) for one in row.series))
            for row in analysis.inputs.select_related("dataset").order_by("pk")
        )
        return format_html_join(mark_safe("<br>"), "{}, revision {}: {}", told) or NOTHING

    @admin.display(description="libraries")
    def libraries(self, analysis: Analysis) -> str:
        known = analysis.result.libraries if analysis.result else {}
        return ", ".join(f"{name} {version}" for name, version in known.items()) or NOTHING

    @admin.display(description="digest")
    def digest(self, analysis: Analysis) -> str:
        return analysis.result.digest if analysis.result else NOTHING

    @admin.display(description="against the first")
    def verdict(self, analysis: Analysis) -> str:
        return Verdict(analysis.verdict).label if analysis.verdict else NOTHING

    @admin.display(description="computed in, s")
    def seconds(self, analysis: Analysis) -> str:
        return f"{analysis.result.seconds:.3f}" if analysis.result else NOTHING

    @admin.display(description="result")
    def shown_result(self, analysis: Analysis) -> str:
        return pretty(analysis.result.results) if analysis.result else NOTHING


def named(series: Mapping[str, Any]) -> str:
    """A series by variable and station."""
    return " at ".join(str(series[name]) for name in ("variable", "station") if series.get(name))
