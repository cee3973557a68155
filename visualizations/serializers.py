"""Pictures on the wire."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from datasets.models import Visibility
from datasets.serializers.catalogue import OwnerSerializer
from datastream.core.api.fields import Text
from visualizations.models import Visualization, VisualizationInput

LONGEST_ALT = 2000
ALT = "What the picture shows, for those who do not see it; empty for the server's own words."
EXAMPLE = {
    "title": "Seattle, warmest of each day",
    "kind": "line",
    "dataset": "7f5f3c1e-9f6f-4f63-9e5e-0a3c8f2f7a10",
    "options": {"variables": ["TMAX"]},
    "visibility": "private",
}


class SeriesSerializer(serializers.ModelSerializer[VisualizationInput]):
    class Meta:
        model = VisualizationInput
        fields = ("dataset", "station", "variable")
        read_only_fields = fields


class VisualizationSerializer(serializers.ModelSerializer[Visualization]):
    """A picture; `dataset` is short for one input, an `analysis` ties it to a revision."""

    owner = OwnerSerializer(read_only=True)
    series = SeriesSerializer(many=True, read_only=True)
    options = serializers.DictField(read_only=True)

    class Meta:
        model = Visualization
        fields = (
            "id", "title", "kind", "owner", "dataset", "analysis", "series", "options", "alt",
            "visibility", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewSeriesSerializer(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    station = Text(max_length=255, required=False, allow_blank=True)
    variable = Text(max_length=255)


@extend_schema_serializer(examples=[OpenApiExample("A line", EXAMPLE, request_only=True)])
class NewVisualizationSerializer(serializers.Serializer[Any]):
    """`kind` from /visualization-kinds, `options` by its schema."""

    title = Text(max_length=255)
    kind = serializers.CharField(max_length=50)
    dataset = serializers.UUIDField(required=False)
    analysis = serializers.UUIDField(required=False)
    series = NewSeriesSerializer(many=True, required=False)
    options = serializers.DictField(required=False)
    alt = Text(max_length=LONGEST_ALT, required=False, allow_blank=True, help_text=ALT)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("dataset", "analysis", "series") if attrs.get(name)]
        if len(given) != 1:
            message = "Give one of dataset, analysis and series."
            raise serializers.ValidationError({"dataset": [message]})
        return attrs


class ChangedVisualizationSerializer(serializers.Serializer[Any]):
    title = Text(max_length=255, required=False)
    kind = serializers.CharField(max_length=50, required=False)
    options = serializers.DictField(required=False)
    alt = Text(max_length=LONGEST_ALT, required=False, allow_blank=True, help_text=ALT)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    id = serializers.UUIDField(read_only=True)
    owner = serializers.UUIDField(read_only=True)
    dataset = serializers.UUIDField(read_only=True)
    analysis = serializers.UUIDField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class KindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(source="name")
    title = serializers.CharField()
    description = serializers.CharField()
    options = serializers.DictField(source="schema", help_text="JSON Schema.")
    version = serializers.IntegerField()
    draws = serializers.CharField(
        help_text="series, the stations of a dataset, or the results of an analysis."
    )
    analyses = serializers.ListField(
        child=serializers.CharField(), help_text="Types of analysis whose results it draws."
    )
    references = serializers.ListField(
        child=serializers.CharField(),
        help_text="Of what it computes itself; `/analysis-types` has those of the analyses.",
    )
