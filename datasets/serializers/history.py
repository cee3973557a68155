"""What changed, what was taken away, and the receipts of all writes, on the wire."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from datasets.models import Receipt
from datasets.serializers.catalogue import OwnerSerializer
from datasets.serializers.points import RowErrorSerializer


class PointChangeSerializer(serializers.Serializer[Any]):
    """What a point gets; the rest of it says which point it is, and stays."""

    id = serializers.UUIDField(read_only=True)
    timestamp = serializers.DateTimeField(read_only=True)
    station = serializers.CharField(read_only=True)
    value = serializers.DictField(
        required=False, help_text="Variable → number or text; null takes it away."
    )
    metadata = serializers.DictField(
        required=False, help_text="`flags` and `quality` of the variables named in `value`."
    )


class RemovedSerializer(serializers.Serializer[Any]):
    deleted = serializers.IntegerField(help_text="How many points are gone.")
    revision = serializers.IntegerField(help_text="The same as before where there were none.")
    receipt = serializers.UUIDField()


class ChangeSerializer(serializers.Serializer[Any]):
    """One point that a revision inserted, updated or deleted."""

    revision = serializers.IntegerField()
    change = serializers.ChoiceField(["inserted", "updated", "deleted"])
    id = serializers.UUIDField(help_text="The point's id.")
    timestamp = serializers.DateTimeField()
    station = serializers.CharField(help_text="The station's code, or an empty text.")
    value = serializers.DictField(
        allow_null=True, help_text="All values after the change; null where the point is gone."
    )
    metadata = serializers.DictField(help_text="After the change.")


@extend_schema_serializer(many=False)
class ChangePageSerializer(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    since = serializers.IntegerField(help_text="Changes after this revision.")
    revision = serializers.IntegerField(
        help_text="Changes up to this revision; give it as `since` the next time."
    )
    next = serializers.URLField(
        allow_null=True, help_text="More changes up to `revision`; null at the end."
    )
    results = ChangeSerializer(many=True)


class Count(serializers.IntegerField):
    """A number among the counts of a receipt; 0 where its write did not count it."""

    def get_attribute(self, instance: Receipt) -> int:
        return int(instance.counts.get(self.field_name, 0))


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    """What became of a write; refused ones leave a receipt too.

    `received` is the sum of `inserted` to `rejected`. Points that a write left empty are `updated`;
    `deleted` are those that a deletion took away.
    """

    user = serializers.SerializerMethodField()
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    received = Count(read_only=True)
    inserted = Count(read_only=True)
    updated = Count(read_only=True)
    unchanged = Count(read_only=True)
    skipped = Count(read_only=True)
    rejected = Count(read_only=True)
    deleted = Count(read_only=True)
    errors = RowErrorSerializer(many=True, read_only=True)  # type: ignore[assignment]  # its name
    warnings = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = Receipt
        fields = (
            "id", "dataset", "status", "created_at", "user", "run", "route", "received", "inserted",
            "updated", "unchanged", "skipped", "rejected", "deleted", "errors", "warnings",
            "revision",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OwnerSerializer(allow_null=True))
    def get_user(self, receipt: Receipt) -> dict[str, Any] | None:
        user = receipt.user
        return {"id": str(user.pk), "username": user.username} if user else None
