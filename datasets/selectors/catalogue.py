"""Lists around a dataset: stations, variables, shares, revisions; and which revision is meant."""

from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from datasets.access import Caller, Right, View, datasets_for
from datasets.models import Dataset, Receipt, Revision, Share, Station, Variable
from datastream.core.errors import InvalidInputError


def datasets(caller: Caller) -> QuerySet[Dataset]:
    """Visible datasets with `right` and `station_count`."""
    stations = (
        Station.objects.filter(dataset=OuterRef("pk"))
        .exclude(code="")
        .order_by()
        .values("dataset")
        .annotate(n=Count("*"))
        .values("n")
    )
    return datasets_for(caller).annotate(
        station_count=Coalesce(Subquery(stations, output_field=IntegerField()), 0)
    )


def stations(view: View) -> QuerySet[Station]:
    return Station.objects.filter(dataset=view.dataset)


def variables(view: View) -> QuerySet[Variable]:
    return Variable.objects.filter(dataset=view.dataset)


def shares(view: View) -> QuerySet[Share]:
    return Share.objects.filter(dataset=view.dataset).select_related("user", "role")


def revisions(view: View) -> QuerySet[Revision]:
    return Revision.objects.filter(dataset=view.dataset).select_related("user")


def receipts(view: View) -> QuerySet[Receipt]:
    return Receipt.objects.filter(dataset=view.dataset)


def receipts_for(caller: Caller) -> QuerySet[Receipt]:
    """The receipts of visible datasets which the caller edits, or wrote to."""
    visible = datasets_for(caller)
    edited = visible.filter(right__gte=Right.EDIT)  # type: ignore[misc]  # an annotation
    by_right = Q(dataset__in=edited.values("pk"))
    by_writing = Q(dataset__in=visible.values("pk"), user=caller)
    return Receipt.objects.filter(by_right | by_writing)


def revision_asked(view: View, revision: int | None, as_of: datetime | None) -> int:
    """The number of the revision meant; 0 is the time before the first."""
    if revision is not None and as_of is not None:
        raise InvalidInputError.of("as_of", "Give either revision or as_of.")
    if revision is not None:
        if revision > view.dataset.revision:
            message = f"The dataset is at revision {view.dataset.revision}."
            raise InvalidInputError.of("revision", message)
        return revision
    if as_of is None:
        return view.dataset.revision
    newest = revisions(view).filter(created_at__lte=as_of).order_by("number").last()
    return newest.number if newest else 0
