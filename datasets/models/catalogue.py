"""What a dataset is: its facts, stations, variables, and with whom it is shared."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import DEFAULT_WORKSPACE, Workspace
from datastream.core.models import Stamped

# The station's number is the first 32 bits of a point's id.
LARGEST_STATION = 2**32 - 1
LONGEST_EMBARGO_DAYS = 3650
# What coordinates may be rounded to for those who only look.
COORDINATE_STEPS_DEG = (0.1, 1.0)


class Visibility(models.TextChoices):
    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"


class SchemaMode(models.TextChoices):
    EVOLVE = "evolve", "unknown stations and variables are made on the fly"
    FREEZE = "freeze", "unknown stations and variables are row errors"


class Permission(models.TextChoices):
    VIEW = "view"
    EDIT = "edit"
    MANAGE = "manage"


class Kind(models.TextChoices):
    NUMBER = "number"
    TEXT = "text"


class Present(models.Manager["Dataset"]):
    """The datasets that nobody has deleted; what is left of the others only the purge sees."""

    def get_queryset(self) -> models.QuerySet["Dataset"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Dataset(Stamped):
    """A set of points with one history, one owner and one licence."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, default=DEFAULT_WORKSPACE, editable=False
    )
    name = models.CharField(max_length=255)
    source = models.CharField(max_length=50, default="upload")
    description = models.TextField(max_length=20_000, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="datasets",
        db_column="user_id",
    )
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PRIVATE)
    schema_mode = models.CharField(max_length=10, choices=SchemaMode, default=SchemaMode.EVOLVE)
    license = models.CharField(max_length=255, blank=True)
    citation = models.TextField(max_length=20_000, blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    embargo_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Values of so many days are hidden from those who only look.",
    )
    coordinate_step_deg = models.FloatField(
        null=True,
        blank=True,
        choices=[(step, f"{step:g}°") for step in COORDINATE_STEPS_DEG],
        help_text="Coordinates of stations are rounded to it for those who only look.",
    )
    # What it was made of, where an analysis made it: dataset, revision, analysis and method.
    lineage = models.JSONField(null=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)
    # Counts every change of the dataset's, a station's or a variable's facts.
    meta_version = models.PositiveIntegerField(default=0, editable=False)
    # The revision up to which all roll-ups are made; the worker follows `revision`.
    rollup_revision = models.PositiveIntegerField(default=0, editable=False)
    # Set when somebody deletes it: nobody sees it from then on, and the worker removes the rest.
    deleted_at = models.DateTimeField(null=True, editable=False)
    point_count = models.PositiveBigIntegerField(default=0, editable=False)
    # First and last instant, both in.
    start = models.DateTimeField(null=True, editable=False)
    end = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[Present] = Present()
    everything: ClassVar[models.Manager["Dataset"]] = models.Manager()

    class Meta:
        db_table = "datasets"
        permissions = (("edit_visible_dataset", "Can edit any internal or public dataset"),)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["visibility", "created_at"], name="dataset_visibility"),
            models.Index(fields=["source"], name="dataset_source"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(name=""), name="dataset_has_a_name"),
            models.CheckConstraint(
                condition=Q(visibility__in=Visibility.values), name="dataset_visibility_is_known"
            ),
            models.CheckConstraint(
                condition=Q(schema_mode__in=SchemaMode.values), name="dataset_mode_is_known"
            ),
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True) | Q(start__lte=F("end")),
                name="dataset_starts_before_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(embargo_days__isnull=True)
                | Q(embargo_days__gte=1, embargo_days__lte=LONGEST_EMBARGO_DAYS),
                name="dataset_embargo_is_bounded",
            ),
            models.CheckConstraint(
                condition=Q(coordinate_step_deg__isnull=True)
                | Q(coordinate_step_deg__in=COORDINATE_STEPS_DEG),
                name="dataset_step_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Station(models.Model):
    """A place where something is observed; a dataset without stations has one with code ``''``."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="stations", db_index=False
    )
    code = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    latitude = models.FloatField(null=True, blank=True, help_text="degrees north")
    longitude = models.FloatField(null=True, blank=True, help_text="degrees east")
    elevation_m = models.FloatField(null=True, blank=True, help_text="metres above sea level")
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name")

    class Meta:
        db_table = "stations"
        ordering = ("id",)
        indexes: ClassVar[list[models.Index]] = [
            # Pages walk the stations of a dataset in this order, from anywhere.
            models.Index(fields=["dataset", "id"], name="station_order"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("dataset", "code", name="station_code_once"),
            models.CheckConstraint(
                condition=Q(id__gt=0, id__lte=LARGEST_STATION), name="station_number_fits_an_id"
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True) | Q(latitude__gte=-90, latitude__lte=90),
                name="station_latitude_is_real",
            ),
            models.CheckConstraint(
                condition=Q(longitude__isnull=True) | Q(longitude__gte=-180, longitude__lte=180),
                name="station_longitude_is_real",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False),
                name="station_has_both_coordinates",
            ),
        ]

    def __str__(self) -> str:
        return self.code or "(no station)"


class Variable(models.Model):
    """What is observed, and in which unit."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="variables")
    name = models.CharField(max_length=255)
    standard_name = models.CharField(max_length=255, blank=True, help_text="CF standard name")
    unit = models.CharField(max_length=64, blank=True, help_text="CF or UCUM: degC, mm, m s-1")
    cell_method = models.CharField(max_length=255, blank=True, help_text="CF: time: maximum")
    interval = models.CharField(max_length=20, blank=True, help_text="ISO 8601 duration: P1D")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.NUMBER)
    missing_values = ArrayField(models.FloatField(), default=list, blank=True)
    description = models.TextField(max_length=20_000, blank=True)
    valid_min = models.FloatField(null=True, blank=True)
    valid_max = models.FloatField(null=True, blank=True)

    class Meta:
        db_table = "variables"
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("dataset", "name", name="variable_name_once"),
            models.CheckConstraint(
                condition=~Q(name__in=["", "id", "timestamp", "station", "metadata"]),
                name="variable_name_is_free",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values), name="variable_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_min__isnull=True)
                | Q(valid_max__isnull=True)
                | Q(valid_min__lte=F("valid_max")),
                name="variable_range_is_ordered",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Share(Stamped):
    """A right on a dataset for one user or one role."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True
    )
    role = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True)
    permission = models.CharField(max_length=10, choices=Permission)

    class Meta:
        db_table = "shares"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("dataset", "user", name="share_once_a_user"),
            models.UniqueConstraint("dataset", "role", name="share_once_a_role"),
            models.CheckConstraint(
                condition=Q(user__isnull=True, role__isnull=False)
                | Q(user__isnull=False, role__isnull=True),
                name="share_is_for_a_user_or_a_role",
            ),
            models.CheckConstraint(
                condition=Q(permission__in=Permission.values), name="share_permission_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.permission} on {self.dataset_id}"
