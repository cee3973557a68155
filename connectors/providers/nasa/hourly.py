"""POWER's values by the hour, at points."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from connectors.base import DATE_PARAMETERS, Window
from connectors.providers.nasa.power import TIME_STANDARD, PowerPoint
from connectors.providers.nasa.reading import Reading
from connectors.providers.nasa.stamps import by_hour
from connectors.providers.nasa.variables import is_by_hour, variables_of
from datastream.core.errors import InvalidInputError

# Together some 260,000 values, or 6 MB: more would fill the memory while it is read.
PARAMETER_YEARS_AT_ONCE = 30


class Hourly(PowerPoint):
    """Only in UTC: an hour of local solar time is one of UTC by another name."""

    name = "hourly"
    title = "POWER hourly values at points"
    temporal = "hourly"
    at_once = 15
    variables = variables_of("hourly")
    reading = Reading(variables, by_hour)
    parameters = {
        **PowerPoint.parameters,
        **DATE_PARAMETERS,
        "time_standard": {**TIME_STANDARD, "enum": ["UTC"], "description": "Only UTC by the hour."},
    }
    required = (*PowerPoint.required, "start")
    time_rule = "The start of the hour in UTC that the value stands for."
    earliest = date(2001, 1, 1)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if wrong := [name for name in parameters["parameters"] if not is_by_hour(name)]:
            message = f"POWER has no extremes and no soil by the hour: {', '.join(wrong)}."
            raise InvalidInputError.of("parameters", message)
        return super().settle(parameters)

    def parts(self, window: Window, names: Sequence[str]) -> list[Window]:
        return list(window.by_years(max(1, PARAMETER_YEARS_AT_ONCE // len(names))))
