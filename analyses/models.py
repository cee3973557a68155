"""Requests for analyses, the revisions they read, and their shared results."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from datasets.models import Dataset
from datastream.core.models import Job


class AnalysisResult(models.Model):
    """A result that every request with the same key shares; computed once.

    The key is a digest of inputs, revisions, type, parameters, method version and the caller's
    view of the data.
    """

    key = models.CharField(max_length=64, primary_key=True)
    results = models.JSONField()
    digest = models.CharField(max_length=64)
    seconds = models.FloatField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "analysis_results"

    def __str__(self) -> str:
        return self.key


class Analysis(Job):
    """One request of one caller."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="analyses"
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="analyses")
    type = models.CharField(max_length=50)
    parameters = models.JSONField(default=dict)
    dataset_revision = models.PositiveIntegerField()
    # It reads nothing from this instant on; only who may see all before it sees the analysis.
    until = models.DateTimeField(null=True, editable=False)
    method_version = models.PositiveIntegerField()
    key = models.CharField(max_length=64, editable=False)
    result = models.ForeignKey(AnalysisResult, on_delete=models.PROTECT, null=True, editable=False)
    progress = models.FloatField(default=0)
    error = models.JSONField(null=True, blank=True)
    live = models.BooleanField(default=False)

    class Meta(Job.Meta):
        db_table = "analyses"
        abstract = False
        ordering = ("-created_at",)
        verbose_name_plural = "analyses"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["dataset", "-created_at"], name="analysis_newest"),
            models.Index(fields=["status", "lease_until"], name="analysis_waiting"),
            models.Index(fields=["key"], name="analysis_key"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(progress__gte=0, progress__lte=1),
                name="analysis_progress_0_to_1",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="succeeded") | models.Q(result__isnull=False),
                name="analysis_success_has_a_result",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} of {self.dataset_id}"


class AnalysisInput(models.Model):
    """A dataset and the revision of it that an analysis reads."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="inputs")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()

    class Meta:
        db_table = "analysis_inputs"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("analysis", "dataset", name="analysis_input_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} at {self.revision}"
