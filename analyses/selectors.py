"""Analyses that somebody may see."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from analyses.models import Analysis, AnalysisInput
from analyses.registry import analyses as registry
from datasets.access import Caller, Right, View, datasets_for, until_in_sql, view
from datastream.core.errors import NotAllowedError
from datastream.core.models import Status


def analyses_for(caller: Caller) -> QuerySet[Analysis]:
    """Analyses of datasets that the caller may see, which read nothing that is hidden from them."""
    return _told(_readable(caller))


def analyses_of(caller: Caller, seen: View) -> QuerySet[Analysis]:
    """Those of `analyses_for` of one dataset."""
    return _told(_readable(caller).filter(dataset=seen.dataset))


def _readable(caller: Caller) -> QuerySet[Analysis]:
    """Each dataset that an analysis reads must be the caller's to read, as far as it was read."""
    seen = datasets_for(caller).filter(pk=OuterRef("dataset"))
    is_whole = Q(right__gte=Right.EDIT) | Q(embargo_days=None)
    is_past = Q(hidden_from__gte=OuterRef("until"))
    # Asked for each row: a list of all that may be read would be made for each page.
    may_be_read = Exists(seen.annotate(hidden_from=until_in_sql()).filter(is_whole | is_past))
    inputs = AnalysisInput.objects.filter(analysis=OuterRef("pk"))
    return Analysis.objects.filter(Exists(inputs), ~Exists(inputs.exclude(may_be_read)))


def told(identity: UUID) -> Analysis:
    """One with all that is told of it."""
    return _told(Analysis.objects.all()).get(pk=identity)


def _told(found: QuerySet[Analysis]) -> QuerySet[Analysis]:
    newest = Analysis.objects.filter(live_of=OuterRef("pk"), status=Status.SUCCEEDED)
    latest = newest.order_by("-created_at").values("pk")[:1]
    return (
        found.annotate(latest=Subquery(latest))
        .select_related("result", "user", "rerun_of__result")
        .prefetch_related("inputs")
    )


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


def words(analysis: Analysis) -> list[str]:
    """What its result says, in sentences; nothing where there is none."""
    if analysis.result is None or analysis.type not in registry.names():
        return []
    return registry[analysis.type].words(analysis.result.results)
