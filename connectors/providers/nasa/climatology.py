"""POWER's means of each month over many years, at points and over boxes."""

from connectors.base import Window
from connectors.providers.nasa.power import PowerPoint, PowerRegion
from connectors.providers.nasa.reading import Reading
from connectors.providers.nasa.stamps import NOMINAL_YEAR, by_name_of_month
from connectors.providers.nasa.variables import variables_of

MONTHS = (
    f"A mean of many Januaries is stored as 1 January {NOMINAL_YEAR}, and so on: twelve points, "
    "whichever years they are of, which the variables say. The mean of the year is left out."
)


class Climatology(PowerPoint):
    """Twelve points a place, without days to ask for."""

    name = "climatology"
    title = "POWER climatology at points"
    temporal = "climatology"
    variables = variables_of("climatology")
    reading = Reading(variables, by_name_of_month, is_dated=False, time_standard="LST")
    time_rule = MONTHS
    is_dated = False
    lookback_days = 0

    def dates(self, window: Window) -> dict[str, str]:
        return {}


class ClimatologyRegion(PowerRegion):
    """Twelve points a cell, without days to ask for."""

    name = "climatology-region"
    title = "POWER climatology of the cells of a box"
    temporal = "climatology"
    variables = Climatology.variables
    reading = Climatology.reading
    time_rule = MONTHS
    is_dated = False
    lookback_days = 0

    def dates(self, window: Window) -> dict[str, str]:
        return {}
