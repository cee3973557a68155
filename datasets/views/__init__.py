"""Routes of datasets."""

from datasets.views.catalogue import (
    DatasetViewSet,
    RevisionViewSet,
    ShareViewSet,
    StationViewSet,
    VariableViewSet,
)
from datasets.views.data import DataViewSet

__all__ = [
    "DataViewSet",
    "DatasetViewSet",
    "RevisionViewSet",
    "ShareViewSet",
    "StationViewSet",
    "VariableViewSet",
]
