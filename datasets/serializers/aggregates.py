"""Statistics by period, windows of charts and completeness, on the wire."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


@extend_schema_serializer(many=False)
class WindowSerializer(serializers.Serializer[Any]):
    """What a chart draws; the arrays are of equal length, null where a step has no value."""

    dataset = serializers.UUIDField()
    revision = serializers.IntegerField(help_text="What was read.")
    variable = serializers.CharField()
    station = serializers.CharField(help_text="The station's code, or an empty text.")
    unit = serializers.CharField(help_text="Of mean, lo and hi as they are answered.")
    timezone = serializers.CharField(help_text="Whose calendar the steps follow.")
    step = serializers.CharField(help_text="hour, 3h, 6h, 12h, day, week, month, quarter, year.")
    interval = serializers.CharField(help_text="ISO 8601 duration from one value to the next.")
    start = serializers.DateTimeField(allow_null=True, help_text="First instant shown, in.")
    end = serializers.DateTimeField(allow_null=True, help_text="Last instant shown, out.")
    total = serializers.IntegerField(help_text="Values in all steps.")
    flagged = serializers.IntegerField(help_text="Values that failed quality control.")
    t = serializers.ListField(child=serializers.CharField(), help_text="Starts of the steps.")
    mean = serializers.ListField(child=serializers.FloatField(allow_null=True))
    lo = serializers.ListField(child=serializers.FloatField(allow_null=True))
    hi = serializers.ListField(child=serializers.FloatField(allow_null=True))
    n = serializers.ListField(child=serializers.IntegerField(), help_text="Values in each step.")


class CompletenessSerializer(serializers.Serializer[Any]):
    """A year of a variable at a station."""

    station = serializers.CharField(help_text="The station's code, or an empty text.")
    variable = serializers.CharField()
    year = serializers.IntegerField()
    expected = serializers.IntegerField(allow_null=True)
    present = serializers.IntegerField()
    missing = serializers.IntegerField(allow_null=True)
    flagged = serializers.IntegerField(help_text="Values that failed quality control.")
