"""Pictures that somebody may see."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from analyses.selectors import analyses_for
from datasets.access import Caller, Right, datasets_for, view
from datasets.models import Visibility
from datastream.core.errors import NotAllowedError
from visualizations.models import Visualization, VisualizationInput


def visualizations_for(caller: Caller) -> QuerySet[Visualization]:
    """Pictures shown to the caller, all of whose datasets, and the analysis, they may read."""
    hidden = VisualizationInput.objects.filter(visualization=OuterRef("pk")).exclude(
        dataset__in=datasets_for(caller).values("pk")
    )
    analyses = analyses_for(caller).order_by().values("pk")
    is_readable = ~Exists(hidden) & (Q(analysis=None) | Q(analysis__in=analyses))
    pictures = Visualization.objects.filter(_shown_to(caller), is_readable)
    return pictures.select_related("owner", "dataset", "analysis").prefetch_related(
        "series__dataset"
    )


def _shown_to(caller: Caller) -> Q:
    if not isinstance(caller, User):
        return Q(visibility=Visibility.PUBLIC)
    if caller.is_admin:
        return Q()
    return Q(owner=caller) | Q(visibility__in=[Visibility.INTERNAL, Visibility.PUBLIC])


def require_control(caller: Caller, picture: Visualization) -> None:
    """Only its author and those who manage its datasets change and delete a picture."""
    if not (isinstance(caller, User) and caller.has_perm("visualizations.change_visualization")):
        raise NotAllowedError
    managed = [view(caller, one.dataset_id).right >= Right.MANAGE for one in picture.series.all()]
    if picture.owner_id != caller.pk and not (managed and all(managed)):
        raise NotAllowedError
