"""Analyses that somebody may see."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from analyses.models import Analysis
from datasets.access import Caller, Right, View, datasets_for, view
from datastream.core.errors import NotAllowedError


def analyses_for(caller: Caller) -> QuerySet[Analysis]:
    """Analyses of datasets that the caller may see."""
    visible = datasets_for(caller).values("pk")
    return (
        Analysis.objects.filter(dataset__in=visible)
        .select_related("result", "user")
        .prefetch_related("inputs")
    )


def analyses_of(seen: View) -> QuerySet[Analysis]:
    return (
        Analysis.objects.filter(dataset=seen.dataset)
        .select_related("result", "user")
        .prefetch_related("inputs")
    )


def require_control(caller: Caller, analysis: Analysis) -> None:
    """Only its author and those who manage its dataset delete, cancel or run it again."""
    seen = view(caller, analysis.dataset_id)
    is_author = isinstance(caller, User) and analysis.user_id == caller.pk
    may_run = isinstance(caller, User) and caller.has_perm("analyses.add_analysis")
    if not (is_author and may_run) and seen.right < Right.MANAGE:
        raise NotAllowedError


def is_done(identity: UUID) -> bool:
    return not Analysis.objects.filter(pk=identity, status__in=["queued", "running"]).exists()
