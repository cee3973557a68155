"""Analyses on the wire."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from analyses.models import Analysis, AnalysisInput, Verdict
from analyses.selectors import words
from datasets.serializers.points import OutcomeSerializer
from datastream.core.api.fields import Text

EXAMPLE = {"type": "trend", "parameters": {"variable": "TMAX", "station": "USW00024233"}}


class ReadSeriesSerializer(serializers.Serializer[Any]):
    parameter = serializers.CharField(help_text="The parameter that chose it.")
    station = serializers.CharField()
    variable = serializers.CharField()


class InputSerializer(serializers.ModelSerializer[AnalysisInput]):
    series = ReadSeriesSerializer(many=True, read_only=True)

    class Meta:
        model = AnalysisInput
        fields = ("dataset", "revision", "series")
        read_only_fields = fields


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class AnalysisSerializer(serializers.ModelSerializer[Analysis]):
    """A request for an analysis and, when it has succeeded, its results."""

    results = serializers.JSONField(
        source="result.results", read_only=True, allow_null=True, default=None
    )
    words = serializers.SerializerMethodField(help_text="The results in sentences.")
    error = ErrorSerializer(read_only=True, allow_null=True)
    inputs = InputSerializer(many=True, read_only=True)
    digest = serializers.CharField(
        source="result.digest", read_only=True, allow_null=True, default=None,
        help_text="SHA-256 of the results; equal where they are.",
    )  # fmt: skip
    libraries = serializers.DictField(
        source="result.libraries", read_only=True, allow_null=True, default=None,
        help_text="Versions of the packages that made the numbers.",
    )  # fmt: skip
    verdict = serializers.ChoiceField(
        choices=Verdict.choices, read_only=True, allow_null=True,
        help_text="Of a rerun: how its result compares with the one that it repeats.",
    )  # fmt: skip
    latest = serializers.UUIDField(
        read_only=True, allow_null=True, default=None,
        help_text="Of a live analysis: the newest of its later runs that has a result.",
    )  # fmt: skip

    class Meta:
        model = Analysis
        fields = (
            "id", "dataset", "type", "parameters", "status", "progress", "results", "words",
            "error", "inputs", "dataset_revision", "method_version", "libraries", "digest",
            "rerun_of", "verdict", "live", "live_of", "latest", "created_at", "started_at",
            "finished_at", "user",
        )  # fmt: skip
        read_only_fields = fields

    def get_words(self, analysis: Analysis) -> list[str]:
        return words(analysis)


class ChangedAnalysisSerializer(serializers.Serializer[Any]):
    live = serializers.BooleanField(help_text="Whether it is run again when its data change.")


class RerunSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1,
        help_text="Revision of the dataset to compute on; the newest one if left out.",
    )  # fmt: skip


class LeftOutSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class ExplainedValuesSerializer(serializers.Serializer[Any]):
    timestamp = serializers.ListField(child=serializers.DateTimeField())
    value = serializers.ListField(child=serializers.FloatField())
    used = serializers.ListField(child=serializers.BooleanField())
    reason = serializers.ListField(
        child=serializers.CharField(allow_null=True), help_text="Why it was left out."
    )


class ExplanationSerializer(serializers.Serializer[Any]):
    """Which values of a series made a number, and which did not."""

    number = serializers.CharField()
    value = serializers.JSONField(allow_null=True, help_text="What stands there in the results.")
    reason = serializers.CharField(allow_null=True, help_text="Why it is null, or so.")
    parameter = serializers.CharField(help_text="The parameter that chose the series.")
    dataset = serializers.UUIDField()
    revision = serializers.IntegerField()
    station = serializers.CharField()
    variable = serializers.CharField()
    unit = serializers.CharField(allow_blank=True, help_text="In which it was computed.")
    used = serializers.IntegerField(help_text="How many values made the number.")
    left_out = LeftOutSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    results = ExplainedValuesSerializer()


@extend_schema_serializer(examples=[OpenApiExample("A trend", EXAMPLE, request_only=True)])
class NewAnalysisSerializer(serializers.Serializer[Any]):
    """`type` from /analysis-types, `parameters` by its schema."""

    type = serializers.JSONField(help_text="Name of the analysis.")
    parameters = serializers.DictField(required=False)
    live = serializers.BooleanField(
        required=False, help_text="Whether it is run again when its data change."
    )


class AnalysisTypeSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(source="name")
    title = serializers.CharField()
    description = serializers.CharField()
    parameters = serializers.DictField(source="schema", help_text="JSON Schema.")
    references = serializers.ListField(child=serializers.CharField())
    missing = serializers.CharField(help_text="What it does about missing values.")
    version = serializers.IntegerField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("Of outliers", {"quality": "suspect"}, request_only=True),
        OpenApiExample("Of gaps", {"name": "TMAX, filled"}, request_only=True),
    ]
)
class ApplySerializer(serializers.Serializer[Any]):
    """`quality` of `outliers`, `name` of `gaps`."""

    quality = serializers.ChoiceField(
        ["suspect", "fail"],
        required=False,
        help_text="What the doubted values become: suspect (3, if not given) or fail (4).",
    )
    name = Text(max_length=255, required=False, help_text="Name of the new dataset.")


class AppliedSerializer(OutcomeSerializer):
    """What became of the points, as of any write; `dataset` is where they are."""

    dataset = serializers.UUIDField()
