"""The query of statistics by period, checked."""

from datetime import UTC, tzinfo

from rest_framework.request import Request

from datasets import times
from datasets.access import View
from datasets.filters import points
from datasets.filters.catalogue import NUMBER
from datasets.periods import STEPS
from datasets.selectors.aggregates import AUTO, STATISTICS, WMO, Question
from datasets.selectors.points import Selection
from datasets.selectors.window import LARGEST_PX, Drawing
from datastream.core.api.paging import whole_number
from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion

FIELDS = ("timestamp", "station", "value")
RESOLUTIONS = ("raw", *STEPS, AUTO)
# A season is no step of a drawing: a year would begin in the middle of one.
DRAWN = (AUTO, *(name for name in STEPS if name != "season"))
WINDOW_QUERY = frozenset(
    {"variable", "station", "start", "end", "px", "step", "units", "timezone", "revision", "as_of"}
    | {"flags"}
)
COMPLETENESS_QUERY = frozenset(
    {"station", "variables", "start", "end", "timezone", "revision", "as_of"}
)
DEFAULT_POINTS, LARGEST_POINTS = 1500, 50_000
DEFAULT_PX = 900


def question(request: Request) -> Question:
    """Which statistics of which periods are asked for."""
    query = request.query_params
    if "estimate" in query:
        raise InvalidInputError.of("estimate", "It is of points; leave out `resolution`.")
    resolution = points.choice(request, "resolution", RESOLUTIONS)
    if "points" in query and resolution != AUTO:
        raise InvalidInputError.of("points", "It chooses the step of `resolution=auto`.")
    return Question(
        resolution=resolution,
        zone=zone(request),
        statistics=_statistics(query.getlist("statistic")),
        min_coverage=_min_coverage(query.get("min_coverage")),
        failed=points.with_failed(request),
        points=whole_number(request, "points", DEFAULT_POINTS, LARGEST_POINTS),
    )


def zone(request: Request) -> tzinfo:
    name = request.query_params.get("timezone", "UTC")
    return UTC if name == "UTC" else times.zone(name)


def name_of(zone: tzinfo) -> str:
    return str(getattr(zone, "key", "UTC"))


def _statistics(names: list[str]) -> tuple[str, ...]:
    for name in names:
        if name not in STATISTICS:
            raise InvalidInputError.of("statistic", f"Choose from {', '.join(STATISTICS)}.")
    return tuple(dict.fromkeys(names)) or ("mean",)


def _min_coverage(text: str | None) -> float | str | None:
    if text is None or text == WMO:
        return text
    number = float(text) if NUMBER.fullmatch(text) else -1.0
    if not 0 <= number <= 1:
        raise InvalidInputError.of("min_coverage", "Give a number from 0 to 1, or wmo.")
    return number


def fields(request: Request) -> tuple[str, ...]:
    """What is told of each period."""
    asked = points.names(request.query_params.get("fields"), "fields") or FIELDS
    if set(asked) - set(FIELDS):
        raise InvalidInputError.of("fields", f"Choose from {', '.join(FIELDS)}.")
    return asked


def conversion(request: Request, view: View, variable: str) -> Conversion | None:
    """How the one variable that is drawn is converted."""
    found = points.conversions(request, view)
    if found.keys() - {variable}:
        raise InvalidInputError.of("units", f"Only {variable} is drawn; give one unit for it.")
    return found.get(variable)


def drawing(request: Request, view: View) -> tuple[Selection, Drawing]:
    """What of one series is to be drawn, and how wide."""
    name = request.query_params.get("variable")
    if not name:
        raise InvalidInputError.of("variable", "Name the variable to be drawn.")
    return points.selection(request, view), Drawing(
        variable=name,
        station=request.query_params.get("station"),
        step=points.choice(request, "step", DRAWN),
        px=whole_number(request, "px", DEFAULT_PX, LARGEST_PX),
        zone=zone(request),
        failed=points.with_failed(request),
    )
