"""Routes of datasets."""

from datasets.views.aggregates import CompletenessViewSet, WindowViewSet
from datasets.views.catalogue import (
    DatasetViewSet,
    RevisionViewSet,
    ShareViewSet,
    StationViewSet,
    VariableViewSet,
)
from datasets.views.data import DataViewSet
from datasets.views.exports import ExportViewSet
from datasets.views.history import ChangesViewSet, DatasetReceiptViewSet, ReceiptViewSet

__all__ = [
    "ChangesViewSet",
    "CompletenessViewSet",
    "DataViewSet",
    "DatasetReceiptViewSet",
    "DatasetViewSet",
    "ExportViewSet",
    "ReceiptViewSet",
    "RevisionViewSet",
    "ShareViewSet",
    "StationViewSet",
    "VariableViewSet",
    "WindowViewSet",
]
