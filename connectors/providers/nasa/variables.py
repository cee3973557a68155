"""POWER's parameters as variables: its parameter dictionary, with the units of each product."""

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
            standard_name,
            cell_method,
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


def _by_hour(variable: Variable) -> Variable:
    return replace(variable, unit=variable.unit.replace("mm d-1", "mm h-1"))
