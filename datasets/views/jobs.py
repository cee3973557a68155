"""Large reads as export jobs."""

from typing import Any

from rest_framework.request import Request

from datasets.access import View
from datasets.selectors.points import Selection


def is_wanted(request: Request, view: View, selection: Selection, kind: str) -> bool:
    return False


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    raise NotImplementedError
