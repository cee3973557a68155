"""POWER's parameters as variables: its parameter dictionary, with the units of each product."""

from collections.abc import Mapping
from dataclasses import replace

from connectors.base import Variable

# fmt: off
# Name, unit, CF standard name, cell method, least and greatest possible value, description
WEATHER: tuple[tuple[str, str, str, str, float | None, float | None, str], ...] = (
    ("T2M", "degC", "air_temperature", "time: mean", -95, 65, "Temperature at 2 m"),
    ("T2M_MAX", "degC", "air_temperature", "time: maximum", -95, 65, "Maximum temperature at 2 m"),
    ("T2M_MIN", "degC", "air_temperature", "time: minimum", -95, 65, "Minimum temperature at 2 m"),
    # A difference of temperatures must not become another where degC do.
    ("T2M_RANGE", "K", "", "time: range", 0, 90, "Range of the temperature at 2 m"),
    ("T2MDEW", "degC", "dew_point_temperature", "time: mean", -110, 45,
     "Dew or frost point at 2 m"),
    ("T2MWET", "degC", "wet_bulb_temperature", "time: mean", -95, 50,
     "Wet bulb temperature at 2 m"),
    ("TS", "degC", "surface_temperature", "time: mean", -95, 90, "Temperature of the earth's skin"),
    ("RH2M", "%", "relative_humidity", "time: mean", 0, 120, "Relative humidity at 2 m"),
    ("QV2M", "g kg-1", "specific_humidity", "time: mean", 0, 60, "Specific humidity at 2 m"),
    ("PS", "kPa", "surface_air_pressure", "time: mean", 30, 112, "Surface pressure"),
    ("PSC", "kPa", "surface_air_pressure", "time: mean", 25, 115,
     "Surface pressure, corrected to the elevation that was given"),
    ("PRECTOTCORR", "mm d-1", "lwe_precipitation_rate", "time: mean", 0, 2000,
     "Precipitation, corrected"),
    ("WS2M", "m s-1", "wind_speed", "time: mean", 0, 120, "Wind speed at 2 m"),
    ("WS2M_MAX", "m s-1", "wind_speed", "time: maximum", 0, 120, "Maximum wind speed at 2 m"),
    ("WS2M_MIN", "m s-1", "wind_speed", "time: minimum", 0, 120, "Minimum wind speed at 2 m"),
    ("WS2M_RANGE", "m s-1", "", "time: range", 0, 120, "Range of the wind speed at 2 m"),
    ("WD2M", "degree", "wind_from_direction", "time: mean", 0, 360, "Wind direction at 2 m"),
    ("WS10M", "m s-1", "wind_speed", "time: mean", 0, 120, "Wind speed at 10 m"),
    ("WS10M_MAX", "m s-1", "wind_speed", "time: maximum", 0, 120, "Maximum wind speed at 10 m"),
    ("WS10M_MIN", "m s-1", "wind_speed", "time: minimum", 0, 120, "Minimum wind speed at 10 m"),
    ("WS10M_RANGE", "m s-1", "", "time: range", 0, 120, "Range of the wind speed at 10 m"),
    ("WD10M", "degree", "wind_from_direction", "time: mean", 0, 360, "Wind direction at 10 m"),
    ("WSC", "m s-1", "wind_speed", "time: mean", 0, 150,
     "Wind speed, corrected to the elevation and surface that were given"),
    ("GWETTOP", "1", "", "time: mean", 0, 1, "Wetness of the soil's surface"),
    ("GWETROOT", "1", "", "time: mean", 0, 1, "Wetness of the soil's root zone"),
    ("GWETPROF", "1", "", "time: mean", 0, 1, "Wetness of the soil's profile"),
)
# Their unit depends on the community that is asked for, so that only the answer tells it.
RADIATION = {
    "ALLSKY_SFC_SW_DWN": ("surface_downwelling_shortwave_flux_in_air",
                          "Sunshine on the ground, under all skies"),
    "CLRSKY_SFC_SW_DWN": ("surface_downwelling_shortwave_flux_in_air_assuming_clear_sky",
                          "Sunshine on the ground, under clear skies"),
    "ALLSKY_SFC_SW_DNI": ("surface_direct_along_beam_shortwave_flux_in_air",
                          "Direct sunshine along its beam, under all skies"),
    "ALLSKY_SFC_SW_DIFF": ("surface_diffuse_downwelling_shortwave_flux_in_air",
                           "Diffuse sunshine on the ground, under all skies"),
    "TOA_SW_DWN": ("toa_incoming_shortwave_flux", "Sunshine above the air"),
    "ALLSKY_SFC_PAR_TOT": ("", "Light that plants can use, under all skies"),
    "CLRSKY_SFC_PAR_TOT": ("", "Light that plants can use, under clear skies"),
    "ALLSKY_SFC_UVA": ("", "Ultraviolet A on the ground, under all skies"),
    "ALLSKY_SFC_UVB": ("", "Ultraviolet B on the ground, under all skies"),
    "ALLSKY_SFC_LW_DWN": ("surface_downwelling_longwave_flux_in_air",
                          "Heat radiation of the sky on the ground"),
}
# fmt: on
RADIATION_UNITS = frozenset(
    {
        "MJ m-2 d-1",
        "kW h m-2 d-1",
        "W h m-2 d-1",
        "W m-2",
        "MJ m-2 h-1",
        "MJ h-1",
        "MJ m-2",
        "W h m-2",
        "kW h m-2",
    }
)  # fmt: skip
# Of a whole step, and no flux; nor are POWER's MJ/hr, which name no area.
ENERGY_UNITS = frozenset({"MJ m-2", "W h m-2", "kW h m-2"})
FLUX_UNITS = RADIATION_UNITS - ENERGY_UNITS - {"MJ h-1"}
# Months are means of days, and climatologies of the same month of many years.
MONTHLY_METHODS = {
    "time: mean": "time: mean",
    **{
        f"time: {what}": f"time: {what} within days time: mean over days"
        for what in ("maximum", "minimum", "range")
    },
}
CLIMATOLOGY_METHODS = {
    "time: mean": "time: mean within years time: mean over years",
    **{
        f"time: {what}": f"{MONTHLY_METHODS[f'time: {what}']} time: mean over years"
        for what in ("maximum", "minimum", "range")
    },
}
METHODS: Mapping[str, Mapping[str, str]] = {
    "monthly": MONTHLY_METHODS,
    "climatology": CLIMATOLOGY_METHODS,
}
NOT_BY_HOUR = ("_MAX", "_MIN", "_RANGE")
INTERVALS = {"hourly": "PT1H", "daily": "P1D", "monthly": "P1M", "climatology": "P1M"}
RENAMED = {"PRECTOT": "PRECTOTCORR"}


def is_by_hour(name: str) -> bool:
    """Whether POWER has it by the hour: no extremes, no soil."""
    return not name.endswith(NOT_BY_HOUR) and not name.startswith("GWET")


def variables_of(temporal: str) -> dict[str, Variable]:
    """What is declared of a product's parameters: those of one unit, whatever is asked."""
    variables = [
        Variable(
            name,
            unit,
            "" if temporal == "climatology" else standard_name,
            method_of(cell_method, temporal),
            INTERVALS[temporal],
            valid_min=valid_min,
            valid_max=valid_max,
            description=f"{description}.",
        )
        for name, unit, standard_name, cell_method, valid_min, valid_max, description in WEATHER
    ]
    if temporal == "hourly":
        variables = [_by_hour(one) for one in variables if is_by_hour(one.name)]
    return {one.name: one for one in variables}


def method_of(daily: str, temporal: str) -> str:
    """The cell method, in another product, of what has this one by the day."""
    return METHODS.get(temporal, {}).get(daily, daily)


def radiation_of(name: str, unit: str, temporal: str, said: str) -> Variable:
    """A parameter of radiation, in the unit of an answer.

    Without a standard name where it is no flux; so is a climatology, which what looks for
    observations must not find.
    """
    standard_name, words = RADIATION[name]
    if unit not in FLUX_UNITS or temporal == "climatology":
        standard_name = ""
    method = "time: sum" if unit in ENERGY_UNITS else "time: mean"
    return Variable(
        name,
        unit,
        standard_name,
        method_of(method, temporal),
        INTERVALS[temporal],
        description=f"{words} ({said}).",
    )


def _by_hour(variable: Variable) -> Variable:
    return replace(variable, unit=variable.unit.replace("mm d-1", "mm h-1"))
