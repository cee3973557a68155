"""Lists around a dataset: stations, variables, shares, revisions; and which revision is meant."""

from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from datasets.access import Caller, Right, View, datasets_for
from datasets.models import (
    Dataset,
    Receipt,
    Revision,
    RevisionExtent,
    Share,
    Station,
    Variable,
)
from datasets.models.catalogue import COORDINATE_STEPS_DEG
from datasets.selectors import coordinates
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


def with_station_in(datasets: QuerySet[Dataset], box: coordinates.Box) -> QuerySet[Dataset]:
    """Those of `datasets_for` with a station in a box, each by the coordinates that are shown."""
    exact = Q(right__gte=Right.EDIT) | Q(coordinate_step_deg=None)
    found = exact & Q(pk__in=_inside(box, None))
    for step in COORDINATE_STEPS_DEG:
        found |= Q(coordinate_step_deg=step, right__lt=Right.EDIT, pk__in=_inside(box, step))
    return datasets.filter(found)


def _inside(box: coordinates.Box, step: float | None) -> QuerySet[Station, Any]:
    found = Station.objects.filter(coordinates.inside(box, step))
    if step is not None:
        found = found.filter(dataset__coordinate_step_deg=step)
    return found.order_by().values("dataset")


def stations(view: View) -> QuerySet[Station]:
    """Stations with `seen_latitude` and `seen_longitude`, as the caller may know them."""
    step = view.coordinate_step_deg
    return Station.objects.filter(dataset=view.dataset).annotate(
        seen_latitude=coordinates.shown("latitude", step),
        seen_longitude=coordinates.shown("longitude", step),
    )


def variables(view: View) -> QuerySet[Variable]:
    return Variable.objects.filter(dataset=view.dataset)


def shares(view: View) -> QuerySet[Share]:
    return Share.objects.filter(dataset=view.dataset).select_related("user", "role")


COUNTS = ("inserted", "updated", "deleted")


def revisions(view: View) -> QuerySet[Revision]:
    """Revisions with their counts and digest as `seen_…`, null where these tell of hidden values.

    Points that stayed as they were leave no extent, and a digest covers all that came before it,
    so that one could be tried with guesses of what is hidden.
    """
    found = Revision.objects.filter(dataset=view.dataset).select_related("user")
    told = (*COUNTS, "unchanged", "digest")
    if view.until is None:
        return found.annotate(**{f"seen_{name}": F(name) for name in told})
    touched = RevisionExtent.objects.filter(
        dataset=view.dataset, number=OuterRef("number"), end__gte=view.until
    )
    counts = {name: Case(When(Exists(touched), then=None), default=F(name)) for name in COUNTS}
    return found.annotate(
        **{f"seen_{name}": count for name, count in counts.items()},
        seen_unchanged=Value(None, output_field=IntegerField()),
        seen_digest=Value(None, output_field=CharField()),
    )


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
    before = Revision.objects.filter(dataset=view.dataset, created_at__lte=as_of)
    newest = before.order_by("number").last()
    return newest.number if newest else 0
