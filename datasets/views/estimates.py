"""How many rows, bytes and seconds a read would take."""

from typing import Any

from rest_framework.request import Request

from datasets.access import View
from datasets.selectors.points import Selection


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    raise NotImplementedError
