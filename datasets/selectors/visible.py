"""How many points a dataset has and from when to when, as far as a caller may know it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import (
    Aggregate,
    Case,
    Count,
    F,
    Max,
    OuterRef,
    PositiveBigIntegerField,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.functions import Coalesce

from datasets.access import Right, View, until_in_sql, view_of
from datasets.models import DataPoint, Dataset, Station


@dataclass(frozen=True, slots=True)
class Facts:
    """`start` and `end` are the first and the last instant, both in; None without points."""

    point_count: int
    start: datetime | None
    end: datetime | None


COUNT = PositiveBigIntegerField()
NOTHING = Facts(0, None, None)
# Hidden points are counted and not visible ones: there are fewer of them, and the number of all is
# in the row. Each station's are at the end of its part of the index.
VISIBLE = """
SELECT d.id, d.point_count - hidden.n, d.start, visible."end"
FROM unnest(%s::uuid[], %s::timestamptz[]) asked(id, until) JOIN datasets d ON d.id = asked.id,
LATERAL (
    SELECT coalesce(sum(p.n), 0)::bigint AS n FROM stations s, LATERAL (
        SELECT count(*) AS n FROM data_points
        WHERE dataset_id = d.id AND station_id = s.id AND timestamp >= asked.until
    ) p WHERE s.dataset_id = d.id
) hidden,
LATERAL (
    SELECT max(p."end") AS "end" FROM stations s, LATERAL (
        SELECT max(timestamp) AS "end" FROM data_points
        WHERE dataset_id = d.id AND station_id = s.id AND timestamp < asked.until
    ) p WHERE s.dataset_id = d.id
) visible"""


def facts(view: View) -> Facts:
    return facts_of([view])[view.dataset.pk]


def facts_of(views: Sequence[View]) -> dict[UUID, Facts]:
    """Dataset → what may be known of it; one statement, or none where nothing is hidden."""
    known = {view.dataset.pk: _known(view) for view in views}
    asked = [view for view in views if known[view.dataset.pk] is None]
    if asked:
        ids, untils = zip(*((view.dataset.pk, view.until) for view in asked), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(VISIBLE, [list(map(str, ids)), list(untils)])
            known |= {identity: _found(*row) for identity, *row in cursor.fetchall()}
    return {identity: found or NOTHING for identity, found in known.items()}


def _known(view: View) -> Facts | None:
    """What the row of the dataset tells; None where the embargo cuts through its points."""
    dataset, until = view.dataset, view.until
    if until is None or dataset.start is None or dataset.end is None or dataset.end < until:
        return Facts(dataset.point_count, dataset.start, dataset.end)
    return NOTHING if dataset.start >= until else None


def _found(count: int, start: datetime | None, end: datetime | None) -> Facts:
    return Facts(count, start, end) if count and end else NOTHING


def tell(datasets: Iterable[Dataset]) -> None:
    """Put `seen` beside datasets of `datasets_for`: what their reader may know of them."""
    views = [view_of(dataset) for dataset in datasets if not hasattr(dataset, "seen")]
    found = facts_of(views)
    for view in views:
        view.dataset.seen = found[view.dataset.pk]  # type: ignore[attr-defined]


# ------------------------------------------------------------------ to filter and to sort by


def with_facts(datasets: QuerySet[Dataset]) -> QuerySet[Dataset]:
    """The same as columns `seen_start`, `seen_end` and `seen_count` of `datasets_for`."""
    embargoed = When(embargo_days__isnull=False, right__lt=Right.EDIT, then=until_in_sql())
    datasets = datasets.annotate(seen_until=Case(embargoed, default=None))
    all_hidden = When(seen_until__lte=F("start"), then=None)
    is_cut = {"seen_until__lte": F("end")}
    visible_count = F("point_count") - Coalesce(_hidden_count(), 0)
    return datasets.annotate(
        seen_start=Case(all_hidden, default=F("start")),
        seen_end=Case(all_hidden, When(**is_cut, then=_last()), default=F("end")),
        seen_count=Case(
            When(**is_cut, then=visible_count), default=F("point_count"), output_field=COUNT
        ),
    )


def _last() -> Subquery:
    newest = _points("lt").order_by("-timestamp").values("timestamp")[:1]
    return _of_all(Max(Subquery(newest)))


def _hidden_count() -> Subquery:
    hidden = _points("gte").order_by().values("station").annotate(n=Count("*")).values("n")
    return _of_all(Sum(Subquery(hidden), output_field=COUNT))


def _points(which: str) -> QuerySet[DataPoint]:
    """Of one station, those before `seen_until` or those from then on."""
    until = OuterRef(OuterRef("seen_until"))
    return DataPoint.objects.filter(
        dataset=OuterRef("dataset"), station=OuterRef("pk"), **{f"timestamp__{which}": until}
    )


def _of_all(of_each: Aggregate) -> Subquery:
    """One number or instant of what is found of each station."""
    stations = Station.objects.filter(dataset=OuterRef("pk")).order_by().values("dataset")
    return Subquery(stations.annotate(found=of_each).values("found"))
