"""Connectors, feeds, runs, coverage and raw answers on the wire."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from connectors.base import Connector, Product, Window
from connectors.descriptions import describe
from connectors.models import LONGEST_LOOKBACK_DAYS, Coverage, Document, Feed, Run
from connectors.planning import Plan
from datastream.core.api.fields import Text
from datastream.core.api.renderers import dumps

# A list of five hundred stations has a third of it.
PARAMETERS_MAX_BYTES = 32 * 1024
# Whether items are unique takes a look at each pair of them, and long ones at pairs of objects.
ITEMS_MAX, OBJECTS_MAX = 1000, 200
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
SCHEDULE = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"every": {"type": "string", "examples": ["6h"]}},
            "required": ["every"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"cron": {"type": "string", "examples": ["30 6 * * *"]}},
            "required": ["cron"],
            "additionalProperties": False,
        },
    ]
}
PARAMETERS = {"stations": ["USW00024233"], "start": "2020-01-01"}
EXAMPLE = {
    "name": "Seattle, daily",
    "connector": "noaa",
    "product": "daily-summaries",
    "dataset": "7f5f3c1e-9f6f-4f63-9e5e-0a3c8f2f7a10",
    "parameters": PARAMETERS,
    "schedule": {"every": "1d"},
}
MARCH = {"start": "2020-03-01", "end": "2020-04-01"}
PLAN = {"requests": 1, "places": 1, "window": MARCH, "seconds": 0.2}

# ------------------------------------------------------------------ connectors


class QuotaSerializer(serializers.Serializer[Any]):
    """What the provider allows; null where it sets no limit."""

    per_second = serializers.FloatField()
    per_day = serializers.IntegerField(allow_null=True)
    window_days = serializers.IntegerField(allow_null=True)
    page_size = serializers.IntegerField(allow_null=True)
    parallel = serializers.IntegerField(help_text="Requests under way at once, for one run.")


class ProductSerializer(serializers.Serializer[Any]):
    """One data set of a provider."""

    name = serializers.CharField()
    title = serializers.CharField()
    is_default = serializers.BooleanField()
    parameters = serializers.DictField(help_text="JSON Schema.")
    variables = serializers.ListField(child=serializers.DictField())
    flags = serializers.DictField(help_text="The provider's marks, and what each means.")
    sentinels = serializers.ListField(
        child=serializers.FloatField(),
        help_text="Numbers that mean no value; they are never stored.",
    )
    quota = QuotaSerializer()
    time_rule = serializers.CharField(help_text="What a timestamp means.")
    lookback_days = serializers.IntegerField()
    is_dated = serializers.BooleanField(help_text="Whether it is asked for a span of days.")
    credential = serializers.CharField(
        allow_null=True, help_text="A key is `required`, `optional`, or there is none: null."
    )
    license = serializers.CharField()
    citation = serializers.CharField()


class ConnectorSerializer(serializers.Serializer[Any]):
    """A provider; `parameters` and `quota` are those of its default product."""

    name = serializers.CharField()
    title = serializers.CharField()
    products = serializers.SerializerMethodField()
    parameters = serializers.SerializerMethodField()
    license = serializers.CharField()
    citation = serializers.CharField()
    quota = serializers.SerializerMethodField()
    terms = serializers.CharField()

    @extend_schema_field(ProductSerializer(many=True))
    def get_products(self, connector: Connector) -> list[dict[str, Any]]:
        return [_described(connector, product) for product in connector.products]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_parameters(self, connector: Connector) -> dict[str, Any]:
        return connector.product().schema

    @extend_schema_field(QuotaSerializer)
    def get_quota(self, connector: Connector) -> dict[str, Any]:
        quota: dict[str, Any] = describe(connector.product())["quota"]
        return quota


def _described(connector: Connector, product: Product) -> dict[str, Any]:
    is_default = product is connector.product()
    return {**describe(product), "is_default": is_default, **connector.terms_of(product)}


# ------------------------------------------------------------------ feeds


@extend_schema_field(SCHEDULE)
class Schedule(serializers.JSONField):
    """Checked where feeds are made, for whatever way they are."""


@extend_schema_serializer(examples=[OpenApiExample("A feed", EXAMPLE, request_only=True)])
class FeedSerializer(serializers.ModelSerializer[Feed]):
    """A connector's product with parameters, the dataset that it fills, and when it is asked."""

    name = Text(max_length=255)
    connector = Text(max_length=50, help_text="Its name, from /connectors.")
    product = Text(
        max_length=100, required=False, allow_blank=True, help_text="The default one, if left out."
    )
    dataset = serializers.UUIDField(source="dataset_id")
    parameters = serializers.DictField(required=False, help_text="By the product's schema.")
    schedule = Schedule(
        required=False, allow_null=True, help_text="Null where it is run by hand; cron is in UTC."
    )
    lookback_days = serializers.IntegerField(
        min_value=0,
        max_value=LONGEST_LOOKBACK_DAYS,
        required=False,
        help_text="The last so many days are asked for again by each run.",
    )
    enabled = serializers.BooleanField(required=False, help_text="Whether its schedule counts.")
    credential = serializers.UUIDField(
        source="credential_id", required=False, allow_null=True, help_text="Id of one of your keys."
    )

    class Meta:
        model = Feed
        fields = (
            "id", "name", "connector", "product", "dataset", "parameters", "schedule",
            "next_run_at", "lookback_days", "enabled", "credential", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("id", "next_run_at", "created_at", "updated_at")

    def validate_parameters(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(dumps(value)) > PARAMETERS_MAX_BYTES:
            raise serializers.ValidationError(f"More than {PARAMETERS_MAX_BYTES // 1024} KiB.")
        if any("\x00" in text for text in texts_in(value)):
            raise serializers.ValidationError("NUL is not allowed.")
        lengths = [len(one) for one in lists_and_objects_in(value)]
        if len(lengths) > OBJECTS_MAX or sum(lengths) > ITEMS_MAX:
            message = f"At most {ITEMS_MAX} values, in {OBJECTS_MAX} lists and objects."
            raise serializers.ValidationError(message)
        return value


class ChangedFeedSerializer(FeedSerializer):
    """What a feed asks for may change; which product, and into which dataset, may not."""

    connector = serializers.CharField(read_only=True)  # type: ignore[assignment]
    product = serializers.CharField(read_only=True)  # type: ignore[assignment]
    dataset = serializers.UUIDField(source="dataset_id", read_only=True)


def lists_and_objects_in(value: Any) -> Iterator[list[Any] | dict[str, Any]]:
    """A value of JSON and all below it that hold others."""
    if isinstance(value, list | dict):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from lists_and_objects_in(one)


def texts_in(value: Any) -> Iterator[str]:
    """All texts of a value of JSON, those that name others too."""
    for one in lists_and_objects_in(value):
        parts = [*one, *one.values()] if isinstance(one, dict) else one
        yield from (part for part in parts if isinstance(part, str))


class Day(serializers.DateField):
    """A date in digits of ASCII; the framework takes those of any script."""

    def to_internal_value(self, value: Any) -> date:
        if not (isinstance(value, str) and DAY.fullmatch(value)):
            raise serializers.ValidationError("Write it as 2020-01-31.")
        day: date = super().to_internal_value(value)
        return day


@extend_schema_serializer(examples=[OpenApiExample("A plan", PLAN, response_only=True)])
class PlanSerializer(serializers.Serializer[Any]):
    """What a run would ask for now; `window` is from the first day to the one after the last."""

    requests = serializers.SerializerMethodField()
    places = serializers.IntegerField(help_text="Stations, or regions, that it asks for.")
    window = serializers.SerializerMethodField()
    seconds = serializers.FloatField(help_text="At the provider's rate, at least.")

    def get_requests(self, plan: Plan) -> int:
        return len(plan.requests)

    @extend_schema_field(
        {
            "type": ["object", "null"],
            "properties": {name: {"type": "string", "format": "date"} for name in ("start", "end")},
            "required": ["start", "end"],
        }
    )
    def get_window(self, plan: Plan) -> dict[str, str] | None:
        if plan.window is None:
            return None
        return {"start": plan.window.start.isoformat(), "end": plan.window.end.isoformat()}


@extend_schema_serializer(
    examples=[
        OpenApiExample("What is not known yet", {}, request_only=True),
        OpenApiExample("March again", MARCH, request_only=True),
    ]
)
class PeriodSerializer(serializers.Serializer[Any]):
    """Nothing, for what is not known yet; or days to be asked for again, known or not."""

    start = Day(required=False, help_text="The first day.")
    end = Day(required=False, help_text="The day after the last.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) == 1:
            missing = "end" if "start" in attrs else "start"
            raise serializers.ValidationError({missing: ["Give both days or none."]})
        if attrs and attrs["start"] >= attrs["end"]:
            raise serializers.ValidationError({"end": ["Must be after `start`."]})
        return attrs

    @staticmethod
    def window(data: dict[str, Any]) -> Window | None:
        return Window(data["start"], data["end"]) if data else None


class CoverageSerializer(serializers.ModelSerializer[Coverage]):
    """What is known of a span of days: `start` is in it, `end` is not.

    `fetched`; `empty`: the provider has nothing; `failed`: why is in `reason`; `due` to be asked
    for again. What has no span was never asked for.
    """

    class Meta:
        model = Coverage
        fields = ("station", "variable", "start", "end", "state", "reason", "checked_at")
        read_only_fields = fields


# ------------------------------------------------------------------ runs


class RunErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField(required=False)


class ListedRunSerializer(serializers.ModelSerializer[Run]):
    """One execution of a feed; `checkpoint` of the `planned` requests are done."""

    feed = serializers.UUIDField(source="feed_id", read_only=True)
    dataset = serializers.UUIDField(source="feed.dataset_id", read_only=True)
    error = RunErrorSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id", "feed", "dataset", "status", "trigger", "planned", "requests", "received",
            "inserted", "updated", "unchanged", "rejected", "checkpoint", "error", "created_at",
            "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class RunSerializer(ListedRunSerializer):
    """One execution of a feed, with its parameters, and the first hundred rejections and notes."""

    parameters = serializers.DictField(read_only=True)
    rejections = serializers.ListField(child=serializers.JSONField(), read_only=True)
    notes = serializers.ListField(child=serializers.JSONField(), read_only=True)

    class Meta(ListedRunSerializer.Meta):
        fields = (*ListedRunSerializer.Meta.fields, "parameters", "rejections", "notes")
        read_only_fields = fields


# ------------------------------------------------------------------ raw answers


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """A part of a provider's raw answer: what was asked, and what it said of it.

    An answer whose packed body is larger than 8 MiB has several parts.
    """

    feed = serializers.UUIDField(source="feed_id", read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True)
    request = serializers.DictField(read_only=True)
    headers = serializers.DictField(child=serializers.CharField(), read_only=True)
    size = serializers.IntegerField(read_only=True, help_text="Bytes that are kept, packed.")

    class Meta:
        model = Document
        fields = (
            "id", "feed", "run", "sequence", "part", "request", "status", "headers", "size",
            "received_at",
        )  # fmt: skip
        read_only_fields = fields
