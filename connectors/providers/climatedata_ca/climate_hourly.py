"""GeoMet `climate-hourly`: hourly values of the weather stations of Canada."""

from datetime import timedelta

import pyarrow as pa

from connectors.base import Window
from connectors.providers.climatedata_ca.features import Features
from connectors.providers.climatedata_ca.fields import (
    KM_TO_M,
    KMH_TO_MS,
    KPA_TO_HPA,
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
    ("TEMP", 1, "degC", "air_temperature", "time: point", -70, 55, "Temperature"),
    ("DEW_POINT_TEMP", 1, "degC", "dew_point_temperature", "time: point", -80, 40,
     "Dew point temperature"),
    ("RELATIVE_HUMIDITY", 1, "percent", "relative_humidity", "time: point", 0, 100,
     "Relative humidity"),
    ("PRECIP_AMOUNT", 1, "mm", LWE, "time: sum", 0, 300, "Precipitation"),
    ("WIND_DIRECTION", TENS_OF_DEGREES, "degree", "wind_from_direction", "", 0, 360,
     "Wind direction to the nearest 10: 360 is north; none in a calm"),
    ("WIND_SPEED", KMH_TO_MS, "m s-1", "wind_speed", "", 0, 120, "Wind speed"),
    ("VISIBILITY", KM_TO_M, "m", "visibility_in_air", "time: point", 0, 200000, "Visibility"),
    ("STATION_PRESSURE", KPA_TO_HPA, "hPa", "surface_air_pressure", "time: point", 500, 1100,
     "Pressure at the station's own height"),
    ("HUMIDEX", 1, "1", "", "time: point", 0, 70, "Humidex, an index of felt heat"),
    ("WINDCHILL", 1, "1", "", "time: point", -100, 20, "Wind chill, an index of felt cold"),
)
# fmt: on
FIELDS = tuple(field_of(row, "PT1H", flag=f"{row[0]}_FLAG") for row in ROWS)
A_DAY = timedelta(days=1)


class ClimateHourly(Observations):
    """Hourly values, by their time in UTC."""

    name = collection = "climate-hourly"
    title = "Hourly observations (MSC GeoMet)"
    fields = FIELDS
    variables = variables_of(FIELDS)
    parameters = observation_parameters(FIELDS)
    date_field = sort = "UTC_DATE"
    time_rule = "UTC, as GeoMet gives it beside local standard time; there is no daylight saving."
    # A leap year and two days more have 8,832 hours.
    years_at_once = 1
    is_filtered = True

    def dates(self, window: Window) -> str:
        """GeoMet compares local standard time, whatever is asked: a day more on both sides."""
        return f"{window.start - A_DAY}/{window.last_day + A_DAY}"

    def times(self, features: Features) -> pa.Array:
        return features.times(self.date_field, "%Y-%m-%dT%H:%M:%S")
