"""The admin's pages on analyses: what was asked, what came out, and asking again."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from analyses import services
from analyses.models import Analysis
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
        "created_at", "started_at", "finished_at", "attempt", "method_version", "live",
        "shown_parameters", "seconds", "shown_result",
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

    @admin.display(description="computed in, s")
    def seconds(self, analysis: Analysis) -> str:
        return f"{analysis.result.seconds:.3f}" if analysis.result else NOTHING

    @admin.display(description="result")
    def shown_result(self, analysis: Analysis) -> str:
        return pretty(analysis.result.results) if analysis.result else NOTHING
