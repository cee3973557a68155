"""GeoMet `climate-daily`: daily values of the weather stations of Canada."""

import pyarrow as pa

from connectors.base import Window
from connectors.providers.climatedata_ca.features import Features
from connectors.providers.climatedata_ca.fields import (
    CM_TO_MM,
    KMH_TO_MS,
    LWE,
    TENS_OF_DEGREES,
    Row,
    field_of,
)
from connectors.providers.climatedata_ca.geomet import (
    Observations,
    observation_parameters,
    variables_of,
)

# fmt: off
ROWS: tuple[Row, ...] = (
    ("MEAN_TEMPERATURE", 1, "degC", "air_temperature", "time: mean", -70, 55, "Mean temperature"),
    ("MIN_TEMPERATURE", 1, "degC", "air_temperature", "time: minimum", -70, 55,
     "Minimum temperature"),
    ("MAX_TEMPERATURE", 1, "degC", "air_temperature", "time: maximum", -70, 55,
     "Maximum temperature"),
    ("TOTAL_PRECIPITATION", 1, "mm", LWE, "time: sum", 0, 700, "Precipitation"),
    ("TOTAL_RAIN", 1, "mm", "thickness_of_rainfall_amount", "time: sum", 0, 700, "Rain"),
    ("TOTAL_SNOW", CM_TO_MM, "mm", "thickness_of_snowfall_amount", "time: sum", 0, 3000,
     "Snowfall, its depth and not its water"),
    ("SNOW_ON_GROUND", CM_TO_MM, "mm", "surface_snow_thickness", "time: point", 0, 12000,
     "Snow depth"),
    ("DIRECTION_MAX_GUST", TENS_OF_DEGREES, "degree", "wind_from_direction", "", 0, 360,
     "Direction of the strongest gust, to the nearest 10: 360 is north"),
    ("SPEED_MAX_GUST", KMH_TO_MS, "m s-1", "wind_speed_of_gust", "time: maximum", 0, 120,
     "Strongest gust; below 31 km/h none is reported"),
    ("COOLING_DEGREE_DAYS", 1, "K d", "integral_wrt_time_of_air_temperature_excess", "time: sum",
     0, 60, "Degree days above 18 degC"),
    ("HEATING_DEGREE_DAYS", 1, "K d", "integral_wrt_time_of_air_temperature_deficit", "time: sum",
     0, 90, "Degree days below 18 degC"),
    ("MIN_REL_HUMIDITY", 1, "percent", "relative_humidity", "time: minimum", 0, 100,
     "Minimum relative humidity"),
    ("MAX_REL_HUMIDITY", 1, "percent", "relative_humidity", "time: maximum", 0, 100,
     "Maximum relative humidity"),
)
# fmt: on
FIELDS = tuple(field_of(row, "P1D", flag=f"{row[0]}_FLAG") for row in ROWS)


class ClimateDaily(Observations):
    """Daily values; a day is the station's climatological day and is never converted."""

    name = collection = "climate-daily"
    title = "Daily observations (MSC GeoMet)"
    fields = FIELDS
    variables = variables_of(FIELDS)
    parameters = observation_parameters(FIELDS)
    time_rule = (
        "A day is the station's own climatological day (of many from 06 to 06 UTC, of volunteers "
        "from 8 to 8 local time), stored as its midnight in UTC."
    )
    # 27 years have at most 9,862 days.
    years_at_once = 27

    def dates(self, window: Window) -> str:
        return f"{window.start}/{window.last_day}"

    def times(self, features: Features) -> pa.Array:
        return features.times(self.date_field, "%Y-%m-%d 00:00:00")
