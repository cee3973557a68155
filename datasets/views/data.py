"""The points of a dataset."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema

from datasets.filters.points import AGGREGATE_QUERY, PAGE_QUERY
from datasets.serializers.points import PointSerializer
from datasets.views.reading import Reading
from datasets.views.removal import Removal
from datasets.views.writing import WRITE_QUERY, Writing
from datastream.core.api.permissions import ANYONE, SIGNED_IN


@extend_schema(tags=["data"])
class DataViewSet(Reading, Writing, Removal):
    """The points of a dataset."""

    serializer_class = PointSerializer
    pagination_class = None
    filter_backends = ()
    requires: ClassVar = {
        "list": ANYONE,
        "create": SIGNED_IN,
        "destroy_range": SIGNED_IN,
        "retrieve": ANYONE,
        "partial_update": SIGNED_IN,
        "destroy": SIGNED_IN,
    }
    query: ClassVar = {
        "list": PAGE_QUERY | AGGREGATE_QUERY,
        "create": WRITE_QUERY,
        "destroy_range": frozenset({"start", "end", "station"}),
        "retrieve": frozenset({"revision", "as_of", "fields"}),
    }
    repeatable = frozenset({"station", "statistic"})

    def known_parameters(self) -> set[str]:
        return set(self.query.get(self.action or "", ()))
