"""GeoMet `ahccd-*`: adjusted and homogenized series by month, season and year."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Variable, Window
from connectors.columns import TIMESTAMP
from connectors.providers.climatedata_ca.climate_monthly import months_of
from connectors.providers.climatedata_ca.features import Features
from connectors.providers.climatedata_ca.fields import KMH_TO_MS, LWE, Field
from connectors.providers.climatedata_ca.geomet import (
    Observations,
    observation_parameters,
    variables_of,
)

# The name is the English half of GeoMet's.
# fmt: off
# Property, property of its unit, GeoMet's unit, factor, our unit, CF standard name, cell method,
# least and greatest possible value by the month, description
ROWS: tuple[tuple[str, str, str, float, str, str, str, float, float, str], ...] = (
    ("temp_mean__temp_moyenne", "temp_mean_units__temp_moyenne_unites", "C", 1, "degC",
     "air_temperature", "time: mean", -60, 45, "Mean temperature"),
    ("temp_max__temp_max", "temp_max_units__temp_max_unites", "C", 1, "degC",
     "air_temperature", "time: maximum within days time: mean over days", -60, 50,
     "Mean of the daily maxima of temperature"),
    ("temp_min__temp_min", "temp_min_units__temp_min_unites", "C", 1, "degC",
     "air_temperature", "time: minimum within days time: mean over days", -70, 45,
     "Mean of the daily minima of temperature"),
    ("total_precip__precip_totale", "total_precip_units__precip_totale_unites", "mm", 1, "mm",
     LWE, "time: sum", 0, 10000, "Precipitation"),
    ("rain__pluie", "rain_units__pluie_unites", "mm", 1, "mm",
     "thickness_of_rainfall_amount", "time: sum", 0, 10000, "Rain"),
    ("snow__neige", "snow_units__neige_unites", "mm", 1, "mm",
     "lwe_thickness_of_snowfall_amount", "time: sum", 0, 10000, "Snowfall as its water"),
    ("pressure_sea_level__pression_niveau_mer",
     "pressure_sea_level_units__pression_niveau_mer_unite", "hPa", 1, "hPa",
     "air_pressure_at_mean_sea_level", "time: mean", 850, 1100, "Pressure at mean sea level"),
    ("pressure_station__pression_station", "pressure_station_units__pression_station_unites",
     "hPa", 1, "hPa", "surface_air_pressure", "time: mean", 500, 1100,
     "Pressure at the station's own height"),
    ("wind_speed__vitesse_vent", "wind_speed_units__vitesse_vent_unites", "kph", KMH_TO_MS,
     "m s-1", "wind_speed", "time: mean", 0, 60, "Wind speed"),
)
# fmt: on
TEN_YEARS = 3653


def fields_of(interval: str) -> tuple[Field, ...]:
    return tuple(
        Field(
            name,
            Variable(
                name.partition("__")[0],
                unit,
                standard_name,
                method,
                interval=interval,
                valid_min=low,
                valid_max=high,
                description=f"{what}, homogenized.",
            ),
            factor,
            unit=unit_field,
            says=says,
        )
        for name, unit_field, says, factor, unit, standard_name, method, low, high, what in ROWS
    )


class Ahccd(Observations):
    """Homogenized series; a new release changes them from end to end, and appends years."""

    station_field = "station_id__id_station"
    name_field = ""
    flags = {}
    # Releases come years late: what is not there yet must not count as known for ever.
    lookback_days = TEN_YEARS
    years_at_once = 500


class AhccdMonthly(Ahccd):
    name = collection = "ahccd-monthly"
    title = "Homogenized monthly series, AHCCD (MSC GeoMet)"
    fields = fields_of("P1M")
    variables = variables_of(fields)
    parameters = observation_parameters(fields)
    date_field = sort = "date"
    time_rule = "A month is stored as midnight of its first day in UTC; its days are local ones."

    def dates(self, window: Window) -> str | None:
        return months_of(window)

    def times(self, features: Features) -> pa.Array:
        return features.times(self.date_field, "%Y-%m-%d", suffix="-01")


class AhccdByYear(Ahccd):
    """Rows name a year and a period, and no date: a whole series is asked for and then filtered."""

    date_field = "year__annee"
    period_field: ClassVar[str] = "period_value__valeur_periode"
    sort = f"{date_field},{period_field}"
    is_filtered = True
    # The month in which each period begins, from January of its year.
    months: ClassVar[dict[str, int]]

    @property
    def date_fields(self) -> tuple[str, ...]:
        return self.date_field, self.period_field

    def dates(self, window: Window) -> str:
        return ""

    def times(self, features: Features) -> pa.Array:
        years = features.numbers(self.date_field)
        is_year = pc.and_(pc.and_(pc.greater(years, 1700), pc.less(years, 2200)), years.is_valid())
        features.fault(
            pc.invert(pc.fill_null(is_year, fill_value=False)), self.date_field, "No year"
        )
        names = pa.array(list(self.months), pa.string())
        periods = pc.index_in(features.texts(self.period_field), names)
        features.fault(periods.is_null(), self.period_field, "Not a period as documented")
        first = pa.array(list(self.months.values()), pa.int64()).take(periods)
        is_good = pc.and_(pc.fill_null(is_year, fill_value=False), first.is_valid())
        month = np.asarray(pc.fill_null(years, 1970.0)).astype(int) * 12 - 1970 * 12
        month = month + np.asarray(pc.fill_null(first, 0))
        times = pa.array(month.astype("datetime64[M]").astype("datetime64[us]"), TIMESTAMP)
        return pc.if_else(is_good, times, pa.scalar(None, TIMESTAMP))


class AhccdSeasonal(AhccdByYear):
    name = collection = "ahccd-seasonal"
    title = "Homogenized seasonal series, AHCCD (MSC GeoMet)"
    fields = fields_of("P3M")
    variables = variables_of(fields)
    parameters = observation_parameters(fields)
    # The winter of a year begins in December of the year before.
    months = {"Win": -1, "Spr": 2, "Smr": 5, "Fal": 8}
    time_rule = (
        "A season is stored as midnight of its first day in UTC; the winter of 1981 begins on "
        "1980-12-01."
    )


class AhccdAnnual(AhccdByYear):
    name = collection = "ahccd-annual"
    title = "Homogenized annual series, AHCCD (MSC GeoMet)"
    fields = fields_of("P1Y")
    variables = variables_of(fields)
    parameters = observation_parameters(fields)
    months = {"Ann": 0}
    time_rule = "A year is stored as midnight of its first day in UTC."
