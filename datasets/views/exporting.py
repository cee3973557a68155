"""The whole selection in one streamed answer."""

from typing import Any

from rest_framework.request import Request

from datasets.access import View
from datasets.selectors.points import Selection

MEDIA_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    raise NotImplementedError
