"""The facts: points, the versions they had before, and their roll-ups.

Foreign keys of these tables have no trigger in the database: ingest checks them once a batch.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from datasets.models.catalogue import Dataset, Station

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


class DataPoint(models.Model):  # noqa: DJ008 - never shown as an object
    """All values of one station at one time. The key is natural, so ingest is idempotent.

    `value` maps variable to number or text; `metadata` holds what is said about them
    (`{"flags": {…}, "quality": {…}}`), or is null.
    """

    pk = models.CompositePrimaryKey("dataset_id", "station_id", "timestamp")
    dataset = models.ForeignKey(
        Dataset, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    station = models.ForeignKey(
        Station, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    timestamp = models.DateTimeField()
    value = models.JSONField()
    metadata = models.JSONField(null=True)
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "data_points"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Also refuses infinity, which has no id.
            models.CheckConstraint(
                condition=Q(timestamp__gte=FIRST, timestamp__lte=LAST), name="point_time_fits_an_id"
            ),
        ]


class PointVersion(models.Model):  # noqa: DJ008 - never shown as an object
    """A point as it was from `revision` until `replaced_in`, which changed or deleted it."""

    pk = models.CompositePrimaryKey("dataset_id", "station_id", "timestamp", "revision")
    dataset = models.ForeignKey(
        Dataset, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    station = models.ForeignKey(
        Station, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    timestamp = models.DateTimeField()
    value = models.JSONField()
    metadata = models.JSONField(null=True)
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    replaced_in = models.PositiveIntegerField()

    class Meta:
        db_table = "data_point_history"
        indexes: ClassVar[list[models.Index]] = [
            # In the order in which changes are told.
            models.Index(
                fields=["dataset_id", "replaced_in", "station_id", "timestamp"],
                name="history_in_order",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(revision__lt=F("replaced_in")), name="history_is_replaced_later"
            ),
        ]


class Rollup(models.Model):  # noqa: DJ008 - never shown as an object
    """Count, sum, squared deviations, lowest and highest of a variable in a UTC day or month.

    `flagged` counts the values left out because their provider flagged them as failed;
    `squared_deviations` is the sum of the squares of the distances from the mean, which is exact
    where a sum of squares would lose all digits.
    """

    pk = models.CompositePrimaryKey("dataset_id", "station_id", "variable_id", "period", "start")
    dataset = models.ForeignKey(
        Dataset, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    station_id = models.BigIntegerField()
    variable_id = models.BigIntegerField()
    period = models.CharField(max_length=5, choices=[("day", "day"), ("month", "month")])
    start = models.DateTimeField()
    n = models.PositiveIntegerField()
    flagged = models.PositiveIntegerField(default=0)
    sum = models.FloatField()
    squared_deviations = models.FloatField()
    min = models.FloatField(null=True)
    max = models.FloatField(null=True)
    revision = models.PositiveIntegerField()

    class Meta:
        db_table = "rollups"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(period__in=["day", "month"]), name="rollup_period_is_known"
            ),
            models.CheckConstraint(
                condition=Q(n__gt=0, min__isnull=False, max__isnull=False)
                | Q(n=0, flagged__gt=0, min__isnull=True, max__isnull=True),
                name="rollup_has_values",
            ),
        ]
