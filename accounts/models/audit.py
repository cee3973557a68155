"""The log of who did what to what, which nobody changes, and the chain that proves it."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Outcome(models.TextChoices):
    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


class ClockTimestamp(models.Func):
    """The time now, where `now()` is that of the transaction's begin."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class AuditEvent(models.Model):
    """One thing that somebody did, or was refused. A trigger refuses UPDATE and DELETE.

    There are no foreign keys: what it names may be gone long before it.
    """

    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    user_id = models.UUIDField(null=True)
    credential = models.CharField(max_length=10, blank=True)
    credential_id = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=50)
    object_type = models.CharField(max_length=30, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=128, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_events"
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["user_id", "id"], name="audit_user"),
            models.Index(fields=["object_id", "id"], name="audit_object"),
            models.Index(fields=["action", "id"], name="audit_action"),
            models.Index(
                fields=["request_id"], name="audit_request", condition=~models.Q(request_id="")
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="audit_outcome_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.at}"


class AuditSeal(models.Model):
    """The place of one event in the chain: SHA-256 over the hash before it and the event."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_seals"
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.position}"
