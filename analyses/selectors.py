"""Analyses that somebody may see."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from analyses.models import Analysis
from datasets.access import Caller, Right, View, datasets_for, until_in_sql, view
from datastream.core.errors import NotAllowedError


def analyses_for(caller: Caller) -> QuerySet[Analysis]:
    """Analyses of datasets that the caller may see, which read nothing that is hidden from them."""
    visible = datasets_for(caller)
    whole = visible.filter(Q(right__gte=Right.EDIT) | Q(embargo_days=None))
    is_past = Q(until__lte=until_in_sql("dataset__"))
    return _told(
        Q(dataset__in=whole.values("pk")) | (Q(dataset__in=visible.values("pk")) & is_past)
    )


def analyses_of(seen: View) -> QuerySet[Analysis]:
    is_past = Q() if seen.until is None else Q(until__lte=seen.until)
    return _told(Q(dataset=seen.dataset) & is_past)


def _told(condition: Q) -> QuerySet[Analysis]:
    found = Analysis.objects.filter(condition)
    return found.select_related("result", "user").prefetch_related("inputs")


def require_control(caller: Caller, analysis: Analysis) -> None:
    """Only its author and those who manage its dataset delete, cancel or run it again."""
    seen = view(caller, analysis.dataset_id)
    require_running(caller)
    if analysis.user_id != caller.pk and seen.right < Right.MANAGE:
        raise NotAllowedError


def require_running(caller: Caller) -> None:
    """Only some roles run analyses, however much somebody may do with the dataset."""
    if not (isinstance(caller, User) and caller.has_perm("analyses.add_analysis")):
        raise NotAllowedError


def is_done(identity: UUID) -> bool:
    return not Analysis.objects.filter(pk=identity, status__in=["queued", "running"]).exists()
