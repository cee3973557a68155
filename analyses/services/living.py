"""Live analyses: run again when a dataset that they read gets a revision."""

from datetime import timedelta

import structlog
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from accounts.models import User
from analyses import selectors
from analyses.models import Analysis, AnalysisInput
from analyses.parameters import effective
from analyses.registry import analyses as registry
from analyses.services.requests import request_analysis, set_live
from datasets import access
from datasets.models import Dataset
from datastream.core.errors import NotAllowedError, PlatformError
from datastream.core.models import OPEN

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
AT_ONCE = 100


def renew_live() -> int:
    """Ask again for each live analysis whose data changed, at most once a minute for each.

    Every run is a row of its own with `live_of`, so that earlier results stay; answers how many.
    """
    due = list(_due()[:AT_ONCE])
    return sum(_renew(analysis) for analysis in due)


def _due() -> QuerySet[Analysis]:
    """Live ones with a newer revision than that of their last run, none of which is open."""
    updates = Analysis.objects.filter(live_of=OuterRef("pk"))
    last = updates.order_by("-created_at")
    roots = Analysis.objects.filter(live=True, dataset__in=Dataset.objects.all()).exclude(
        status__in=OPEN
    )
    roots = roots.annotate(
        newest=Coalesce(Subquery(last.values("pk")[:1]), F("pk")),
        asked_at=Coalesce(Subquery(last.values("created_at")[:1]), F("created_at")),
    )
    older = AnalysisInput.objects.filter(
        analysis=OuterRef("newest"), dataset__revision__gt=F("revision")
    )
    is_open = Exists(updates.filter(status__in=OPEN))
    is_time = Q(asked_at__lte=Now() - EVERY)
    return (
        roots.filter(Exists(older), ~is_open, is_time).select_related("user").order_by("asked_at")
    )


def _renew(analysis: Analysis) -> bool:
    """Ask as its author sees the data now; it ends where they may no longer ask."""
    try:
        user = _author(analysis)
        view = access.view(user, analysis.dataset_id)
        given = effective(registry[analysis.type], analysis.parameters)
        request_analysis(view, analysis.type, given, user=user, live_of=analysis)
    except PlatformError as error:
        set_live(analysis, live=False)
        log.warning("live_analysis_ended", analysis=str(analysis.pk), why=error.message)
        return False
    return True


def _author(analysis: Analysis) -> User:
    user = analysis.user
    if user is None or not user.is_active:
        raise NotAllowedError
    selectors.require_running(user)
    return user
