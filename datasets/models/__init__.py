"""Tables of datasets, their points and everything that keeps their history."""

from datasets.models.catalogue import (
    Dataset,
    Kind,
    Permission,
    SchemaMode,
    Share,
    Station,
    Variable,
    Visibility,
)
from datasets.models.points import DataPoint, PointVersion, Rollup
from datasets.models.writes import Event, Export, Receipt, Revision, RevisionExtent

__all__ = [
    "DataPoint",
    "Dataset",
    "Event",
    "Export",
    "Kind",
    "Permission",
    "PointVersion",
    "Receipt",
    "Revision",
    "RevisionExtent",
    "Rollup",
    "SchemaMode",
    "Share",
    "Station",
    "Variable",
    "Visibility",
]
