"""Collection: feeds, their runs, what is covered, raw answers, and credentials."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import DEFAULT_WORKSPACE, Workspace
from connectors.ledger import STATES
from datasets.models import Dataset
from datastream.core.encryption import EncryptedTextField
from datastream.core.models import OPEN, Job, Stamped

# A century: beyond it, a run asks for all there is every time.
LONGEST_LOOKBACK_DAYS = 36_525
# What each page of a run adds to.
PAGE_COUNTS = ("received", "inserted", "updated", "unchanged", "rejected")
RUN_COUNTS = ("requests", *PAGE_COUNTS)


class ProviderCredential(Stamped):
    """A key for a provider, which is never answered to anybody."""

    connector = models.CharField(max_length=50)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    label = models.CharField(max_length=100)
    secret = EncryptedTextField()

    class Meta:
        db_table = "provider_credentials"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("connector", "owner", "label", name="credential_label_once"),
        ]

    def __str__(self) -> str:
        return f"{self.connector}: {self.label}"


class Feed(Stamped):
    """A connector's product with parameters, a target and a schedule."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, default=DEFAULT_WORKSPACE, editable=False
    )
    name = models.CharField(max_length=255, unique=True)
    connector = models.CharField(max_length=50)
    product = models.CharField(max_length=100)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="feeds")
    parameters = models.JSONField(default=dict)
    # {"cron": "0 6 * * *"} in UTC or {"every": "6h"}; null where it is run by hand.
    schedule = models.JSONField(null=True, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True, editable=False)
    lookback_days = models.PositiveIntegerField(default=45)
    enabled = models.BooleanField(default=True)
    credential = models.ForeignKey(
        ProviderCredential, on_delete=models.SET_NULL, null=True, blank=True
    )

    class Meta:
        db_table = "feeds"
        ordering = ("name",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["next_run_at"], name="feed_next", condition=Q(enabled=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Trigger(models.TextChoices):
    """What started a run."""

    HAND = "hand"
    SCHEDULE = "schedule"
    BACK_FILL = "back-fill"
    REPLAY = "replay"


class Run(Job):
    """One execution of a feed."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.HAND)
    parameters = models.JSONField(default=dict)
    # Null until the first worker has planned it.
    planned = models.PositiveIntegerField(null=True, blank=True)
    requests = models.PositiveIntegerField(default=0)
    received = models.PositiveBigIntegerField(default=0)
    inserted = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    # How many of the planned requests are done; committed with the points and coverage of each.
    checkpoint = models.PositiveIntegerField(default=0)
    # The attempt that got a request further, the last time.
    advanced_in = models.PositiveIntegerField(default=0)
    error = models.JSONField(null=True, blank=True)
    # The first hundred each: bad rows, and what was odd and did no harm.
    rejections = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    class Meta(Job.Meta):
        db_table = "runs"
        abstract = False
        ordering = ("-created_at",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "lease_until"], name="run_waiting"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                fields=["feed"], condition=Q(status__in=[str(one) for one in OPEN]),
                name="run_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(trigger__in=[str(one) for one in Trigger]), name="run_trigger_is_known"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.feed_id} {self.status}"


class Coverage(models.Model):
    """What is known of a span: fetched, empty at the provider, failed, or due again."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="coverage")
    station = models.CharField(max_length=255, blank=True)
    variable = models.CharField(max_length=255, blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    state = models.CharField(max_length=10, choices=[(one, one) for one in STATES])
    reason = models.CharField(max_length=500, blank=True)
    checked_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "coverage"
        verbose_name_plural = "coverage"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("feed", "station", "variable", "start", name="coverage_once"),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="coverage_is_ordered"),
            models.CheckConstraint(
                condition=Q(state__in=list(STATES)), name="coverage_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.start} to {self.end}"


class Document(models.Model):
    """A part of a provider's raw answer, compressed; without foreign keys, it may live elsewhere.

    `request` holds what `connectors.base.Request` does, `headers` the answer's; `body` is gzip of
    at most 8 MiB, and `size` its bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, db_column="_id")
    feed_id = models.UUIDField(db_index=True)
    run_id = models.UUIDField(db_index=True)
    sequence = models.PositiveIntegerField()
    part = models.PositiveIntegerField(default=0)
    request = models.JSONField()
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField(editable=False)
    size = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "documents"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["run_id", "sequence", "part"], name="document_part_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.sequence}.{self.part}"
