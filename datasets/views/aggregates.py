"""Statistics by hour, day, month, season and year; windows of charts; completeness."""

from typing import Any

from rest_framework.request import Request

from datasets.access import View
from datasets.selectors.points import Selection


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    raise NotImplementedError
