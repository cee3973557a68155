"""POWER's values by the day, at points and over boxes."""

from collections.abc import Sequence
from datetime import date

from connectors.base import DATE_PARAMETERS, Quota, Window
from connectors.providers.nasa.power import PowerPoint, PowerRegion
from connectors.providers.nasa.reading import Reading
from connectors.providers.nasa.stamps import by_day
from connectors.providers.nasa.variables import variables_of

DAYS = (
    "A day is one of UTC, or of local solar time where `time_standard` is LST: never converted, "
    "and stored as its midnight in UTC."
)


class Daily(PowerPoint):
    """All years of a point are one request."""

    name = "daily"
    title = "POWER daily values at points"
    temporal = "daily"
    variables = variables_of("daily")
    reading = Reading(variables, by_day)
    parameters = {**PowerPoint.parameters, **DATE_PARAMETERS}
    required = (*PowerPoint.required, "start")
    time_rule = DAYS
    earliest = date(1981, 1, 1)


class DailyRegion(PowerRegion):
    """A year of a box is one request: 350 cells have as many values as a point has in a life."""

    name = "daily-region"
    title = "POWER daily values of the cells of a box"
    temporal = "daily"
    variables = Daily.variables
    reading = Daily.reading
    parameters = {**PowerRegion.parameters, **DATE_PARAMETERS}
    required = (*PowerRegion.required, "start")
    time_rule = DAYS
    earliest = Daily.earliest
    quota = Quota(per_second=0.5, window_days=366)

    def parts(self, window: Window, names: Sequence[str]) -> list[Window]:
        return list(window.by_year())
