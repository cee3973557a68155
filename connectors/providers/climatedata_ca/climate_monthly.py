"""GeoMet `climate-monthly`: monthly values of the weather stations of Canada."""

from datetime import date, timedelta

import pyarrow as pa

from connectors.base import Window
from connectors.providers.climatedata_ca.features import Features
from connectors.providers.climatedata_ca.fields import CM_TO_MM, LWE, field_of
from connectors.providers.climatedata_ca.geomet import (
    Observations,
    observation_parameters,
    variables_of,
)

COOLING = "integral_wrt_time_of_air_temperature_excess"
HEATING = "integral_wrt_time_of_air_temperature_deficit"
NORMAL = "of 1981 to 2010, the same in each year"
# Normals are no observations: of no standard name, what looks for one does not find them.
# fmt: off
# Name, count of its days, factor, unit, CF standard name, cell method, least and greatest possible
# value, description
ROWS: tuple[tuple[str, str, float, str, str, str, float | None, float | None, str], ...] = (
    ("MEAN_TEMPERATURE", "MEAN_TEMP", 1, "degC", "air_temperature", "time: mean", -60, 45,
     "Mean temperature"),
    ("MIN_TEMPERATURE", "MIN_TEMP", 1, "degC", "air_temperature", "time: minimum", -70, 55,
     "Lowest temperature of the month, not the mean of the daily minima"),
    ("MAX_TEMPERATURE", "MAX_TEMP", 1, "degC", "air_temperature", "time: maximum", -70, 55,
     "Highest temperature of the month, not the mean of the daily maxima"),
    ("NORMAL_MEAN_TEMPERATURE", "", 1, "degC", "", "", -60, 45, f"Mean temperature {NORMAL}"),
    ("TOTAL_PRECIPITATION", "PRECIP", 1, "mm", LWE, "time: sum", 0, 3000, "Precipitation"),
    ("NORMAL_PRECIPITATION", "", 1, "mm", "", "", 0, 3000, f"Precipitation {NORMAL}"),
    ("DAYS_WITH_PRECIP_GE_1MM", "PRECIP", 1, "1", "", "", 0, 31,
     "Days with precipitation of at least 1 mm"),
    ("TOTAL_SNOWFALL", "SNOWFALL", CM_TO_MM, "mm", "thickness_of_snowfall_amount", "time: sum", 0,
     20000, "Snowfall, its depth and not its water"),
    ("NORMAL_SNOWFALL", "", CM_TO_MM, "mm", "", "", 0, 20000, f"Snowfall {NORMAL}"),
    ("SNOW_ON_GROUND_LAST_DAY", "", CM_TO_MM, "mm", "surface_snow_thickness", "time: point", 0,
     12000, "Snow depth on the last day of the month"),
    ("BRIGHT_SUNSHINE", "SUNSHINE", 1, "h", "duration_of_sunshine", "time: sum", 0, 744,
     "Bright sunshine"),
    ("NORMAL_SUNSHINE", "", 1, "h", "", "", 0, 744, f"Bright sunshine {NORMAL}"),
    ("COOLING_DEGREE_DAYS", "MEAN_TEMP", 1, "K d", COOLING, "time: sum", 0, 1500,
     "Degree days above 18 degC"),
    ("HEATING_DEGREE_DAYS", "MEAN_TEMP", 1, "K d", HEATING, "time: sum", 0, 2500,
     "Degree days below 18 degC"),
    ("DAYS_WITH_VALID_MEAN_TEMP", "", 1, "1", "", "", 0, 31, "Days with a mean temperature"),
    ("DAYS_WITH_VALID_MIN_TEMP", "", 1, "1", "", "", 0, 31, "Days with a minimum temperature"),
    ("DAYS_WITH_VALID_MAX_TEMP", "", 1, "1", "", "", 0, 31, "Days with a maximum temperature"),
    ("DAYS_WITH_VALID_PRECIP", "", 1, "1", "", "", 0, 31, "Days with an amount of precipitation"),
    ("DAYS_WITH_VALID_SNOWFALL", "", 1, "1", "", "", 0, 31, "Days with an amount of snowfall"),
    ("DAYS_WITH_VALID_SUNSHINE", "", 1, "1", "", "", 0, 31, "Days with a duration of sunshine"),
)
# fmt: on
FIELDS = tuple(
    field_of(
        (name, factor, unit, standard_name, cell_method, low, high, description),
        "P1M",
        days=f"DAYS_WITH_VALID_{days}" if days else "",
    )
    for name, days, factor, unit, standard_name, cell_method, low, high, description in ROWS
)


class ClimateMonthly(Observations):
    """Monthly values; a month counts as its first day."""

    name = collection = "climate-monthly"
    title = "Monthly observations (MSC GeoMet)"
    fields = FIELDS
    variables = variables_of(FIELDS)
    parameters = observation_parameters(FIELDS)
    flags = {}
    time_rule = "A month is stored as midnight of its first day in UTC; its days are local ones."
    # From the first day of a month 60 days after its last.
    lookback_days = 92
    years_at_once = 500

    def dates(self, window: Window) -> str | None:
        return months_of(window)

    def times(self, features: Features) -> pa.Array:
        return features.times(self.date_field, "%Y-%m-%d", suffix="-01")


def months_of(window: Window) -> str | None:
    """The months that begin in a window, as GeoMet writes them; None where none does."""
    first = first_month(window.start)
    return f"{first:%Y-%m}/{window.last_day:%Y-%m}" if first < window.end else None


def first_month(day: date) -> date:
    """The first day of a month that is not before this day."""
    return day if day.day == 1 else (day.replace(day=1) + timedelta(days=32)).replace(day=1)
