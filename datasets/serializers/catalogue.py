"""Datasets and what belongs to them, on the wire."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.models import Group
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.models import User
from datasets.access import Right
from datasets.ingest.batch import RESERVED
from datasets.models import Dataset, Permission, Revision, Share, Station, Variable
from datasets.models.catalogue import COORDINATE_STEPS_DEG, LONGEST_EMBARGO_DAYS
from datasets.services import PROVIDER_SOURCES
from datastream.core.api.fields import Text

EXAMPLE = {
    "id": "7f5f3c1e-9f6f-4f63-9e5e-0a3c8f2f7a10",
    "name": "Seattle–Tacoma, daily",
    "source": "upload",
    "description": "Daily extremes and precipitation.",
    "owner": {"id": "0b9c2f9e-6f0e-4c55-9d7e-5f6f0a6a1d11", "username": "wegener"},
    "visibility": "public",
    "schema_mode": "evolve",
    "license": "Public domain",
    "citation": "Menne et al., GHCN-Daily, NOAA NCEI, doi:10.7289/V5D21VHZ",
    "tags": ["climate"],
    "embargo_days": None,
    "coordinate_step_deg": None,
    "lineage": None,
    "point_count": 1461,
    "station_count": 1,
    "start": "2012-01-01T00:00:00Z",
    "end": "2015-12-31T00:00:00Z",
    "revision": 1,
    "permissions": ["view"],
    "created_at": "2026-01-05T09:30:00Z",
    "updated_at": "2026-01-05T09:30:00Z",
}


class OwnerSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "username")
        read_only_fields = fields


class LineageSerializer(serializers.Serializer[Any]):
    """From which revision of which dataset an analysis made a dataset, and how."""

    dataset = serializers.UUIDField()
    revision = serializers.IntegerField()
    station = serializers.CharField()
    variable = serializers.CharField()
    analysis = serializers.UUIDField()
    type = serializers.CharField(help_text="The type of the analysis.")
    method_version = serializers.IntegerField()
    parameters = serializers.DictField()


@extend_schema_field({"type": ["number", "null"], "enum": [*COORDINATE_STEPS_DEG, None]})
class CoordinateStep(serializers.Field[Any, Any, Any, Any]):
    """One of the steps, as a number."""

    default_error_messages: ClassVar = {
        "invalid": f"Choose {' or '.join(f'{step:g}' for step in COORDINATE_STEPS_DEG)}, or null."
    }

    def to_internal_value(self, data: Any) -> float:
        # True is 1 too, but no number.
        if type(data) not in {int, float} or data not in COORDINATE_STEPS_DEG:
            self.fail("invalid")
        return float(data)

    def to_representation(self, value: float) -> float:
        return value


@extend_schema_serializer(
    examples=[
        OpenApiExample("A dataset", EXAMPLE, response_only=True),
        OpenApiExample(
            "A new dataset", {"name": "My river", "visibility": "private", "tags": ["river"]},
            request_only=True,
        ),
    ]
)  # fmt: skip
class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    """A dataset; `start` and `end` are its first and last instant, both in.

    `point_count`, `start` and `end` are of the points that you may see.
    """

    name = Text(max_length=255)
    source = serializers.SlugField(  # type: ignore[assignment]  # a field of that name
        max_length=50, required=False, help_text="`upload` or a word of your own."
    )
    description = Text(max_length=20_000, required=False, allow_blank=True, lines=True)
    license = Text(max_length=255, required=False, allow_blank=True)
    citation = Text(max_length=20_000, required=False, allow_blank=True, lines=True)
    tags = serializers.ListField(child=Text(max_length=50), required=False, max_length=50)
    owner = OwnerSerializer(read_only=True)
    embargo_days = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_EMBARGO_DAYS,
        required=False,
        allow_null=True,
        help_text="Values of the last so many days are hidden from those without `edit`.",
    )
    coordinate_step_deg = CoordinateStep(
        required=False,
        allow_null=True,
        help_text="Those without `edit` see the coordinates of stations rounded to it.",
    )
    lineage = LineageSerializer(
        read_only=True,
        allow_null=True,
        help_text="What it was made of, where it is the applied result of an analysis.",
    )
    # Of what the reader may see.
    point_count = serializers.IntegerField(source="seen.point_count", read_only=True)
    start = serializers.DateTimeField(source="seen.start", read_only=True, allow_null=True)
    end = serializers.DateTimeField(source="seen.end", read_only=True, allow_null=True)
    station_count = serializers.IntegerField(read_only=True)
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = (
            "id", "name", "source", "description", "owner", "visibility", "schema_mode", "license",
            "citation", "tags", "embargo_days", "coordinate_step_deg", "lineage", "point_count",
            "station_count", "start", "end", "revision", "permissions", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = (
            "id",
            "lineage",
            "point_count",
            "start",
            "end",
            "revision",
            "created_at",
            "updated_at",
        )

    def get_permissions(self, dataset: Dataset) -> list[str]:
        return Right(dataset.right).names  # type: ignore[attr-defined]

    def validate_source(self, value: str) -> str:
        if value in PROVIDER_SOURCES and (self.instance is None or value != self.instance.source):
            raise serializers.ValidationError("Feeds and commands set this one; choose another.")
        return value


class StationSerializer(serializers.ModelSerializer[Station]):
    """A place where something is observed; its coordinates as exact as you may know them."""

    code = Text(max_length=255, allow_blank=True)
    name = Text(max_length=255, required=False, allow_blank=True)
    latitude = serializers.FloatField(
        min_value=-90, max_value=90, required=False, allow_null=True, help_text="degrees north"
    )
    longitude = serializers.FloatField(
        min_value=-180, max_value=180, required=False, allow_null=True, help_text="degrees east"
    )
    elevation_m = serializers.FloatField(
        min_value=-12_000, max_value=100_000, required=False, allow_null=True,
        help_text="metres above sea level",
    )  # fmt: skip
    timezone = serializers.CharField(max_length=64, required=False, help_text="IANA name")

    class Meta:
        model = Station
        fields = ("id", "code", "name", "latitude", "longitude", "elevation_m", "timezone")
        read_only_fields = ("id",)

    def to_representation(self, instance: Station) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(instance)
        for name in {"latitude", "longitude"} & told.keys():
            # A station that was just made has nothing else, and its maker knows where it is.
            told[name] = getattr(instance, f"seen_{name}", told[name])
        return told

    def validate_timezone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError("There is no such time zone.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        both = [attrs.get(n, getattr(self.instance, n, None)) for n in ("latitude", "longitude")]
        if (both[0] is None) != (both[1] is None):
            missing = "latitude" if both[0] is None else "longitude"
            raise serializers.ValidationError({missing: ["Give both coordinates or none."]})
        return attrs


class VariableSerializer(serializers.ModelSerializer[Variable]):
    """What is observed. Units as in CF: `degC`, `mm`, `m s-1`."""

    name = Text(max_length=255)
    standard_name = serializers.RegexField(
        r"\A[a-z0-9_]+\Z", max_length=255, required=False, allow_blank=True,
        trim_whitespace=False, help_text="CF standard name",
    )  # fmt: skip
    unit = Text(max_length=64, required=False, allow_blank=True)
    cell_method = Text(max_length=255, required=False, allow_blank=True, help_text="time: maximum")
    interval = serializers.RegexField(
        r"\AP(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?\Z", max_length=20,
        required=False, allow_blank=True, help_text="ISO 8601 duration between values: P1D",
    )  # fmt: skip
    missing_values = serializers.ListField(
        child=serializers.FloatField(), required=False, max_length=20,
        help_text="Numbers that mean that there is no value.",
    )  # fmt: skip
    description = Text(max_length=20_000, required=False, allow_blank=True, lines=True)

    class Meta:
        model = Variable
        fields = (
            "id", "name", "standard_name", "unit", "cell_method", "interval", "kind",
            "missing_values", "description", "valid_min", "valid_max",
        )  # fmt: skip
        read_only_fields = ("id",)

    def validate_name(self, value: str) -> str:
        if value in RESERVED:
            raise serializers.ValidationError(f"{value} is a column of its own.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        low, high = (
            attrs.get(n, getattr(self.instance, n, None)) for n in ("valid_min", "valid_max")
        )
        if low is not None and high is not None and low > high:
            raise serializers.ValidationError({"valid_max": ["Lower than valid_min."]})
        return attrs


class ShareSerializer(serializers.ModelSerializer[Share]):
    """A right for one `user` (id) or one `role` (name)."""

    user = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True), required=False, allow_null=True
    )
    role = serializers.SlugRelatedField(
        slug_field="name", queryset=Group.objects.all(), required=False, allow_null=True
    )
    permission = serializers.ChoiceField(Permission.choices)

    class Meta:
        model = Share
        fields = ("id", "user", "role", "permission", "created_at")
        read_only_fields = ("id", "created_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("user") is None) == (attrs.get("role") is None):
            raise serializers.ValidationError({"user": ["Give either a user or a role."]})
        return attrs


class Told(serializers.IntegerField):
    """A count, or null where it would tell of hidden values."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts, read_only=True, allow_null=True)


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """What one write changed; `digest` chains the rows of all revisions up to this one.

    Under an embargo `digest` and `unchanged` are null, and so are the other counts of a write that
    touched values which you may not see yet. Number, time and author are always told.
    """

    user = serializers.SerializerMethodField()
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    inserted = Told(source="seen_inserted")
    updated = Told(source="seen_updated")
    unchanged = Told(source="seen_unchanged")
    deleted = Told(source="seen_deleted")
    digest = serializers.CharField(source="seen_digest", read_only=True, allow_null=True)

    class Meta:
        model = Revision
        fields = (
            "number", "created_at", "user", "run", "inserted", "updated", "unchanged", "deleted",
            "digest", "receipt",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OwnerSerializer(allow_null=True))
    def get_user(self, revision: Revision) -> dict[str, Any] | None:
        user = revision.user
        return {"id": str(user.pk), "username": user.username} if user else None
