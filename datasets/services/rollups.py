"""Daily and monthly roll-ups, brought up to date after a revision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import F

from datasets.access import full_view
from datasets.models import Dataset, Kind, Variable
from datasets.selectors.parts import texts
from datasets.selectors.points import Selection, statement_parts
from datastream.core import jobs

TASK = "datasets.roll_up"
SWEPT_AT_ONCE = 100
# One statement makes the roll-ups of so many days, or months, and variables.
DAYS_AT_ONCE, MONTHS_AT_ONCE, VARIABLES_AT_ONCE = 20_000, 1000, 16
# While data come in without a pause others have their turn; the next message goes on.
ROUNDS = 10
# The square of a larger number, times their count, is more than a number can be.
LARGEST = 1e140

# Not the lock of the writers, who never wait for this.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('roll-up ' || %s, 0))"
MEMORY = "SET LOCAL work_mem = '64MB'"
# Days since 1970 UTC, the second out; touching spans of one station are one.
TOUCHED = """
SELECT station_id, lower(span), upper(span) FROM (
    SELECT station_id, unnest(range_agg(int4range(
        (start AT TIME ZONE 'UTC')::date - date '1970-01-01',
        ("end" AT TIME ZONE 'UTC')::date - date '1970-01-01' + 1
    ))) AS span
    FROM revision_extents WHERE dataset_id = %s AND number > %s AND number <= %s
    GROUP BY station_id
) touched ORDER BY 1, 2"""
SPANS = """
unnest(%(ids)s::bigint[], %(lo)s::timestamptz[], %(hi)s::timestamptz[]) s(id, lo, hi)"""
# Sought by key, span by span and variable by variable: the statistics of the table are old.
STORED = """
{spans}, unnest(%(variables)s::bigint[]) v(id), LATERAL (
    SELECT ctid AS place, * FROM rollups
    WHERE dataset_id = %(dataset)s AND station_id = s.id AND variable_id = v.id
    AND period = %(period)s AND start >= s.lo AND start < s.hi
    OFFSET 0
) r"""
DELETE = "DELETE FROM rollups WHERE ctid = ANY(ARRAY(SELECT r.place FROM {stored}))"
INSERT = """
INSERT INTO rollups (dataset_id, station_id, variable_id, period, start, n, flagged, "sum",
                     squared_deviations, min, max, revision)"""
DAYS = """{cte}
{insert}
SELECT %(dataset)s, station, v.id, 'day', (day::timestamp AT TIME ZONE 'UTC'),
       m.n, m.flagged, CASE WHEN m.is_large THEN 'infinity' ELSE coalesce(m.total, 0) END,
       m.squares, m.least, m.most, %(n)s
FROM (
    SELECT station, day, {aggregates}
    FROM (
        SELECT s.id AS station, (p.timestamp AT TIME ZONE 'UTC')::date AS day, {values}
        FROM {spans}, LATERAL ({now} UNION ALL {then}) p
        OFFSET 0
    ) points
    GROUP BY station, day
) days, LATERAL (VALUES {measures}) m(variable, n, flagged, is_large, total, squares, least, most),
     unnest(%(variables)s::bigint[]) WITH ORDINALITY v(id, place)
WHERE v.place = m.variable AND m.n + m.flagged > 0
ORDER BY station, v.id, day"""
IS_FAILED = "coalesce(p.metadata->'quality'->%(name{i})s = '4', false)"
VALUES = (
    f"CASE WHEN NOT {IS_FAILED} THEN (p.value->>%(name{{i}})s)::float8 END AS v{{i}}, "
    f"{IS_FAILED} AND p.value ? %(name{{i}})s AS f{{i}}"
)
AGGREGATES = """
    count(v{i}) AS n{i}, count(*) FILTER (WHERE f{i}) AS flagged{i},
    coalesce(bool_or(abs(v{i}) > {largest}), false) AS is_large{i},
    sum(v{i}) FILTER (WHERE abs(v{i}) <= {largest}) AS sum{i},
    coalesce(var_pop(v{i}) FILTER (WHERE abs(v{i}) <= {largest}), 0)
        * count(v{i}) FILTER (WHERE abs(v{i}) <= {largest}) AS squares{i},
    min(v{i}) AS min{i}, max(v{i}) AS max{i}"""
MEASURES = """
    ({place}, n{i}, flagged{i}, is_large{i}, sum{i}, squares{i}, min{i}, max{i})"""
# Chan, Golub and LeVeque 1979, as in the selector.
MONTHS = """
{insert}
SELECT %(dataset)s, station_id, variable_id, 'month', month, sum(n), sum(flagged), sum("sum"),
       coalesce(sum(squared_deviations + n * (own - whole) * (own - whole))
                FILTER (WHERE n > 0), 0),
       min(min), max(max), %(n)s
FROM (
    SELECT *, "sum" / nullif(n, 0) AS own,
           sum("sum") OVER w / nullif(sum(n) OVER w, 0) AS whole
    FROM (
        SELECT r.*, date_trunc('month', r.start, 'UTC') AS month FROM {stored}
    ) daily
    WINDOW w AS (PARTITION BY station_id, variable_id, month)
) days
GROUP BY station_id, variable_id, month"""


@dataclass(frozen=True, slots=True)
class Span:
    """Days or months of a station, `first` in and `after` out, counted from 1970."""

    station: int
    first: int
    after: int


def roll_up(dataset_id: UUID | str) -> None:
    """Bring a dataset's roll-ups to its newest revision, unless another worker is at it."""
    for _ in range(ROUNDS):
        if not _roll_up_once(dataset_id):
            return


def _roll_up_once(dataset_id: UUID | str) -> bool:
    """Make them of the revision that is the newest now; False where nothing was left to do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [str(dataset_id)])
        is_ours = cursor.fetchone()[0]
        dataset = Dataset.objects.filter(pk=dataset_id).first() if is_ours else None
        if dataset is None or dataset.rollup_revision >= dataset.revision:
            return False
        _make(cursor, dataset)
        # Last, since a writer may be at the dataset's row; and not if it was deleted meanwhile.
        current = Dataset.objects.filter(pk=dataset.pk)
        if not current.update(rollup_revision=dataset.revision):
            transaction.set_rollback(True)
            return False
    return True


def _make(cursor: Any, dataset: Dataset) -> None:
    cursor.execute(MEMORY)
    cursor.execute(TOUCHED, [dataset.pk, dataset.rollup_revision, dataset.revision])
    days = [Span(*row) for row in cursor]
    months = _months(days)
    found = Variable.objects.filter(dataset=dataset, kind=Kind.NUMBER)
    variables = list(found.order_by("id").values_list("id", "name"))
    for begin in range(0, len(variables), VARIABLES_AT_ONCE):
        some = dict(variables[begin : begin + VARIABLES_AT_ONCE])
        for batch in _batches(days, DAYS_AT_ONCE):
            _make_days(cursor, dataset, batch, some)
        for batch in _batches(months, MONTHS_AT_ONCE):
            _make_months(cursor, dataset, batch, some)


def _make_days(
    cursor: Any, dataset: Dataset, spans: Sequence[Span], variables: dict[int, str]
) -> None:
    values = _values(dataset, spans, variables, period="day")
    values |= {f"name{i}": name for i, name in enumerate(variables.values())}
    cursor.execute(DELETE.format(stored=STORED.format(spans=SPANS)), values)
    places = range(len(variables))
    sql = DAYS.format(
        **statement_parts(full_view(dataset), Selection(dataset.revision)),
        insert=INSERT,
        spans=SPANS,
        values=", ".join(VALUES.format(i=i) for i in places),
        aggregates=",".join(AGGREGATES.format(i=i, largest=LARGEST) for i in places),
        measures=",".join(MEASURES.format(i=i, place=i + 1) for i in places),
    )
    cursor.execute(sql, values)


def _make_months(
    cursor: Any, dataset: Dataset, spans: Sequence[Span], variables: dict[int, str]
) -> None:
    values = _values(dataset, spans, variables, period="month")
    stored = STORED.format(spans=SPANS)
    cursor.execute(DELETE.format(stored=stored), values)
    cursor.execute(MONTHS.format(insert=INSERT, stored=stored), {**values, "period": "day"})


def _values(
    dataset: Dataset, spans: Sequence[Span], variables: dict[int, str], *, period: str
) -> dict[str, Any]:
    unit = "D" if period == "day" else "M"
    return {
        "dataset": dataset.pk,
        "n": dataset.revision,
        "ids": [span.station for span in spans],
        "lo": _instants([span.first for span in spans], unit),
        "hi": _instants([span.after for span in spans], unit),
        "variables": list(variables),
        "period": period,
    }


def _instants(units: list[int], unit: str) -> list[str]:
    starts = np.array(units, np.int64).astype(f"datetime64[{unit}]").astype("datetime64[us]")
    return texts(starts.astype(np.int64))


def _months(days: Sequence[Span]) -> list[Span]:
    """The months in which the days lie; those of one station that touch are one span."""
    found: list[Span] = []
    for span in days:
        ends = np.array([span.first, span.after - 1]).astype("datetime64[D]")
        first, last = ends.astype("datetime64[M]").astype(np.int64).tolist()
        if found and found[-1].station == span.station and found[-1].after >= first:
            before = found.pop()
            first = before.first
        found.append(Span(span.station, first, last + 1))
    return found


def _batches(spans: Sequence[Span], size: int) -> Iterator[list[Span]]:
    """The spans, cut and gathered so that a batch has at most `size` days or months."""
    batch: list[Span] = []
    room = size
    for span in spans:
        first = span.first
        while first < span.after:
            after = min(span.after, first + room)
            batch.append(Span(span.station, first, after))
            room, first = room - (after - first), after
            if not room:
                yield batch
                batch, room = [], size
    if batch:
        yield batch


def sweep() -> int:
    """Queue again what was lost; in no order, so that none that fails is always first."""
    behind = Dataset.objects.filter(rollup_revision__lt=F("revision")).order_by("?")
    found = list(behind.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    for identity in found:
        jobs.enqueue(TASK, dataset_id=str(identity))
    return len(found)
