"""What every write leaves: a revision, where it touched, a receipt, an event; and exports."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from datasets.models.catalogue import Dataset
from datastream.core.models import Job


class Receipt(models.Model):
    """What became of one write; refused ones leave one too. `run_id` names a collection run."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    run_id = models.UUIDField(null=True)
    route = models.CharField(max_length=255)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - unique where set
    body_digest = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict)
    errors = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    revision = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10, choices=[("stored", "stored"), ("refused", "refused")])
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "receipts"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["dataset", "-created_at"], name="receipt_newest"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("user", "route", "idempotency_key", name="receipt_key_once"),
            models.CheckConstraint(
                condition=Q(status__in=["stored", "refused"]), name="receipt_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.created_at}"


class Revision(models.Model):
    """A numbered state of a dataset's points."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    run_id = models.UUIDField(null=True)
    inserted = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    deleted = models.PositiveIntegerField()
    # SHA-256 over the digest of the revision before and the rows of this one as they were staged.
    digest = models.CharField(max_length=64)
    receipt = models.ForeignKey(Receipt, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "revisions"
        ordering = ("number",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("dataset", "number", name="revision_number_once"),
            models.CheckConstraint(condition=Q(number__gt=0), name="revision_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"revision {self.number}"


class RevisionExtent(models.Model):  # noqa: DJ008 - never shown as an object
    """Where a revision touched: first and last instant, both in, at a station.

    A station may have several in one revision, which do not overlap.
    """

    pk = models.CompositePrimaryKey("dataset_id", "number", "station_id", "start")
    dataset = models.ForeignKey(
        Dataset, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    number = models.PositiveIntegerField()
    station_id = models.BigIntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()

    class Meta:
        db_table = "revision_extents"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(start__lte=F("end")), name="extent_is_ordered"),
        ]


class Event(models.Model):
    """The outbox: committed with what caused it, dispatched afterwards."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=50)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "events"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["id"], name="event_waiting", condition=Q(dispatched_at__isnull=True)
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("dataset", "revision", "kind", name="event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.revision}"


class Export(Job):
    """A large read as a job, whose file can be fetched until it expires."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="exports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # What was asked, as it stood in the query, and the digest of the caller's view at that time.
    query = models.JSONField(default=dict)
    view_digest = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0)
    error = models.JSONField(null=True)
    format = models.CharField(max_length=10)
    rows = models.PositiveBigIntegerField(null=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=255, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta(Job.Meta):
        db_table = "exports"
        abstract = False

    def __str__(self) -> str:
        return f"{self.format} of {self.dataset_id}"
