"""Large reads as export jobs."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits
from accounts.models import User
from datasets.access import View
from datasets.filters import points as filters
from datasets.selectors import estimates, points
from datasets.selectors.points import Selection
from datasets.selectors.questions import Question
from datasets.serializers.exports import ExportSerializer
from datasets.services import exports as services
from datastream.core.api.preferences import preferences
from datastream.core.errors import SignInNeededError

JSON, NDJSON = "json", "ndjson"
ASYNC = "respond-async"
# Who asks for a page gets one, whatever else is preferred.
PAGING = frozenset({"cursor", "limit", "layout"})


def is_wanted(request: Request, view: View, selection: Selection, kind: str) -> bool:
    """Whether the caller prefers a job, or the read is too large for one answer."""
    if request.method != "GET":
        return False  # HEAD asks for the headers of a read, and must make nothing
    if is_preferred(request, kind):
        return True
    most = settings.EXPORT_STREAM_MAX_ROWS
    if kind == JSON or estimates.at_most(view, selection) <= most:
        return False
    return estimates.rows(view, selection).number > most


def is_preferred(request: Request, kind: str) -> bool:
    is_page = kind == JSON and bool(PAGING & request.query_params.keys())
    return not is_page and preferences(request).get(ASYNC) == ""


def answer(request: Request, view: View, selection: Selection, kind: str) -> Any:
    """202 with the job and where it is; pages of JSON become the lines of one file."""
    user = request.user
    if not isinstance(user, User):
        message = "A read of this size becomes an export, which belongs to somebody: sign in."
        raise SignInNeededError(message)
    _check(request, view, selection)
    limits.spend(limits.EXPORTS)
    question = Question(selection, filters.point_fields(request), filters.units(request))
    kind = NDJSON if kind == JSON else kind
    export = services.request_export(view, question, user=user, kind=kind)
    export.refresh_from_db()  # its times are set by the database
    headers = {"Location": f"/api/v1/exports/{export.pk}"}
    if is_preferred(request, kind):
        headers["Preference-Applied"] = ASYNC
    body = ExportSerializer(export, context={"request": request}).data
    return Response(body, status=202, headers=headers)


def _check(request: Request, view: View, selection: Selection) -> None:
    """Refuse at once what the worker would only fail at: names and units that are not there."""
    points.check_variables(view, selection.variables)
    points.check_stations(view, selection)
    filters.conversions(request, view)
