"""Saved pictures: a kind, options, and the series they show."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import DEFAULT_WORKSPACE, Workspace
from analyses.models import Analysis
from datasets.models import Dataset, Visibility
from datastream.core.models import Stamped


class Visualization(Stamped):
    """A picture; never a chart specification that somebody wrote."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, default=DEFAULT_WORKSPACE, editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visualizations"
    )
    title = models.CharField(max_length=255)
    kind = models.CharField(max_length=50)
    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, null=True, blank=True, related_name="visualizations"
    )
    analysis = models.ForeignKey(
        Analysis, on_delete=models.CASCADE, null=True, blank=True, related_name="visualizations"
    )
    options = models.JSONField(default=dict, blank=True)
    # Empty: the text that the kind makes of what it draws.
    alt = models.TextField("alternative text", blank=True, default="", db_default="")
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PRIVATE)

    class Meta:
        db_table = "visualizations"
        ordering = ("-created_at",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(dataset__isnull=True) | Q(analysis__isnull=True),
                name="picture_of_a_dataset_or_an_analysis",
            ),
            models.CheckConstraint(
                condition=Q(visibility__in=Visibility.values), name="picture_visibility_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class VisualizationInput(models.Model):
    """A series that a picture shows."""

    visualization = models.ForeignKey(
        Visualization, on_delete=models.CASCADE, related_name="series"
    )
    position = models.PositiveSmallIntegerField()
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    station = models.CharField(max_length=255, blank=True)
    variable = models.CharField(max_length=255)

    class Meta:
        db_table = "visualization_inputs"
        ordering = ("position",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("visualization", "position", name="picture_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.variable} at {self.station}"
