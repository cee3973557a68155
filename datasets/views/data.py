"""The points of a dataset."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema

from datasets.filters.points import AGGREGATE_QUERY, PAGE_QUERY
from datasets.serializers.points import PointSerializer
from datasets.views.reading import Reading
from datasets.views.writing import Writing
from datastream.core.api.permissions import ANYONE, SIGNED_IN


@extend_schema(tags=["data"])
class DataViewSet(Reading, Writing):
    """The points of a dataset."""

    serializer_class = PointSerializer
    pagination_class = None
    filter_backends = ()
    requires: ClassVar = {"list": ANYONE, "create": SIGNED_IN, "retrieve": ANYONE}
    query: ClassVar = {
        "list": PAGE_QUERY | AGGREGATE_QUERY,
        "create": frozenset({"on_conflict", "on_invalid", "missing"}),
        "retrieve": frozenset({"revision", "as_of", "fields"}),
    }
    repeatable = frozenset({"station", "statistic"})

    def known_parameters(self) -> set[str]:
        return set(self.query.get(self.action or "", ()))
