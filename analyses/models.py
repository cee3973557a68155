"""Requests for analyses, the revisions they read, and their shared results."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from datasets.models import Dataset
from datastream.core.models import Job
from datastream.core.stored import Decoder


class Verdict(models.TextChoices):
    """What a rerun says of the result that it repeats."""

    IDENTICAL = "identical"
    DATA_CHANGED = "data_changed"
    METHOD_CHANGED = "method_changed"


class AnalysisResult(models.Model):
    """A result that every request with the same key shares; computed once.

    The key is a digest of inputs, revisions, type, parameters, versions of the method and of its
    libraries, and the caller's view of the data.
    """

    key = models.CharField(max_length=64, primary_key=True)
    results = models.JSONField(decoder=Decoder)
    digest = models.CharField(max_length=64)
    # Of the arrays that were computed on.
    inputs_digest = models.CharField(max_length=64, default="")
    libraries = models.JSONField(default=dict)
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
    parameters = models.JSONField(default=dict, decoder=Decoder)
    dataset_revision = models.PositiveIntegerField()
    method_version = models.PositiveIntegerField()
    key = models.CharField(max_length=64, editable=False)
    result = models.ForeignKey(AnalysisResult, on_delete=models.PROTECT, null=True, editable=False)
    progress = models.FloatField(default=0)
    error = models.JSONField(null=True, blank=True)
    # Whether it is run again when its dataset changes; each time is a row of its own.
    live = models.BooleanField(default=False)
    live_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, editable=False, related_name="updates"
    )
    rerun_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="reruns"
    )

    class Meta(Job.Meta):
        db_table = "analyses"
        abstract = False
        ordering = ("-created_at",)
        verbose_name_plural = "analyses"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["dataset", "-created_at"], name="analysis_newest"),
            models.Index(fields=["-created_at"], name="analysis_newest_of_all"),
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

    @property
    def verdict(self) -> str | None:
        """How the result of a rerun compares with the first; None while there are no two."""
        before = self.rerun_of.result if self.rerun_of else None
        if self.result is None or before is None:
            return None
        if self.result.digest == before.digest:
            return Verdict.IDENTICAL
        if self.result.inputs_digest != before.inputs_digest:
            return Verdict.DATA_CHANGED
        return Verdict.METHOD_CHANGED


class AnalysisInput(models.Model):
    """A dataset, the revision of it that an analysis reads, and which of its series."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="inputs")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()
    # It reads nothing from this instant on; only who may see all before it sees the analysis.
    until = models.DateTimeField(null=True, editable=False)
    # {"place", "parameter", "station", "variable"} of each, by its place among all that it reads.
    series = models.JSONField(default=list, editable=False)

    class Meta:
        db_table = "analysis_inputs"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("analysis", "dataset", name="analysis_input_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} at {self.revision}"
