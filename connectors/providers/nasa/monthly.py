"""POWER's means by the month, at points and over boxes."""

from collections.abc import Sequence
from datetime import date

from connectors.base import DATE_PARAMETERS, Window
from connectors.providers.nasa.power import PowerPoint, PowerRegion
from connectors.providers.nasa.reading import Reading
from connectors.providers.nasa.stamps import by_month
from connectors.providers.nasa.variables import variables_of
from datastream.core import clock

MONTHS = (
    "A month is stored as its start; the mean of the year, which comes as a thirteenth month, is "
    "left out. There are whole years only, up to the last."
)
# A year comes when it is over, and is revised for as long as days are.
LOOKBACK_DAYS = 366 + 90


def complete_years(window: Window) -> list[Window]:
    """Without the present year, of which POWER has nothing yet."""
    this_year = date(clock.now().year, 1, 1)
    end = min(window.end, this_year)
    return [Window(window.start, end)] if window.start < end else []


def years(window: Window) -> dict[str, str]:
    """On the wire months are asked for by years, the last included."""
    return {"start": str(window.start.year), "end": str(window.last_day.year)}


class Monthly(PowerPoint):
    """All years of a point are one request."""

    name = "monthly"
    title = "POWER monthly means at points"
    temporal = "monthly"
    variables = variables_of("monthly")
    reading = Reading(variables, by_month, whole_months=True, time_standard="LST")
    parameters = {**PowerPoint.parameters, **DATE_PARAMETERS}
    required = (*PowerPoint.required, "start")
    time_rule = MONTHS
    lookback_days = LOOKBACK_DAYS
    earliest = date(1981, 1, 1)

    def parts(self, window: Window, names: Sequence[str]) -> list[Window]:
        return complete_years(window)

    def dates(self, window: Window) -> dict[str, str]:
        return years(window)


class MonthlyRegion(PowerRegion):
    """All years of a box are one request a parameter."""

    name = "monthly-region"
    title = "POWER monthly means of the cells of a box"
    temporal = "monthly"
    variables = Monthly.variables
    reading = Monthly.reading
    parameters = {**PowerRegion.parameters, **DATE_PARAMETERS}
    required = (*PowerRegion.required, "start")
    time_rule = MONTHS
    lookback_days = LOOKBACK_DAYS
    earliest = Monthly.earliest

    def parts(self, window: Window, names: Sequence[str]) -> list[Window]:
        return complete_years(window)

    def dates(self, window: Window) -> dict[str, str]:
        return years(window)
