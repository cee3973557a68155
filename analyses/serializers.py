"""Analyses on the wire."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from analyses.models import Analysis, AnalysisInput

EXAMPLE = {"type": "trend", "parameters": {"variable": "TMAX", "station": "USW00024233"}}


class InputSerializer(serializers.ModelSerializer[AnalysisInput]):
    class Meta:
        model = AnalysisInput
        fields = ("dataset", "revision")
        read_only_fields = fields


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class AnalysisSerializer(serializers.ModelSerializer[Analysis]):
    """A request for an analysis and, when it has succeeded, its results."""

    results = serializers.JSONField(
        source="result.results", read_only=True, allow_null=True, default=None
    )
    error = ErrorSerializer(read_only=True, allow_null=True)
    inputs = InputSerializer(many=True, read_only=True)

    class Meta:
        model = Analysis
        fields = (
            "id", "dataset", "type", "parameters", "status", "progress", "results", "error",
            "inputs", "dataset_revision", "method_version", "live", "created_at", "started_at",
            "finished_at", "user",
        )  # fmt: skip
        read_only_fields = fields


@extend_schema_serializer(examples=[OpenApiExample("A trend", EXAMPLE, request_only=True)])
class NewAnalysisSerializer(serializers.Serializer[Any]):
    """`type` from /analysis-types, `parameters` by its schema."""

    type = serializers.JSONField(help_text="Name of the analysis.")
    parameters = serializers.DictField(required=False)


class AnalysisTypeSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(source="name")
    title = serializers.CharField()
    description = serializers.CharField()
    parameters = serializers.DictField(source="schema", help_text="JSON Schema.")
    references = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField()
