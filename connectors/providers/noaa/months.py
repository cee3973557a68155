"""The elements of the Global Summary of the Month, and how the attributes of each are laid out."""

from connectors.base import Flag, Variable
from connectors.providers.noaa.elements import MEASUREMENT_FLAGS as DAILY_FLAGS

# fmt: off
# Name, unit, CF standard name, cell method, least and greatest possible value, description
ELEMENTS: tuple[tuple[str, str, str, str, float | None, float | None, str], ...] = (
    ("TAVG", "degC", "air_temperature", "time: mean", -90, 60, "Mean of TMAX and TMIN"),
    ("TMAX", "degC", "air_temperature", "time: maximum within days time: mean over days", -90, 60,
     "Mean of the daily maxima"),
    ("TMIN", "degC", "air_temperature", "time: minimum within days time: mean over days", -90, 60,
     "Mean of the daily minima"),
    ("EMXT", "degC", "air_temperature", "time: maximum", -90, 60, "Highest daily maximum"),
    ("EMNT", "degC", "air_temperature", "time: minimum", -90, 60, "Lowest daily minimum"),
    ("PRCP", "mm", "lwe_thickness_of_precipitation_amount", "time: sum", 0, 30000, "Precipitation"),
    ("EMXP", "mm", "lwe_thickness_of_precipitation_amount",
     "time: sum within days time: maximum over days", 0, 1830, "Greatest daily precipitation"),
    ("SNOW", "mm", "thickness_of_snowfall_amount", "time: sum", 0, 30000, "Snowfall"),
    ("EMSN", "mm", "thickness_of_snowfall_amount", "time: sum within days time: maximum over days",
     0, 3000, "Greatest daily snowfall"),
    ("EMSD", "mm", "surface_snow_thickness", "time: maximum", 0, 12000, "Greatest snow depth"),
    ("EVAP", "mm", "", "time: sum", 0, 3000, "Evaporation from a pan"),
    ("MXPN", "degC", "", "time: mean", -20, 70, "Mean maximum temperature of the water in a pan"),
    ("MNPN", "degC", "", "time: mean", -20, 70, "Mean minimum temperature of the water in a pan"),
    ("CLDD", "K d", "", "time: sum", 0, 1500, "Cooling degree days above 18.3 degC"),
    ("HTDD", "K d", "", "time: sum", 0, 3500, "Heating degree days below 18.3 degC"),
    ("CDSD", "K d", "", "time: sum", 0, 15000, "Cooling degree days since the season began"),
    ("HDSD", "K d", "", "time: sum", 0, 30000, "Heating degree days since the season began"),
    ("AWND", "m s-1", "wind_speed", "time: mean", 0, 120, "Average wind speed"),
    ("WSF1", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest 1-minute wind speed"),
    ("WSF2", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest 2-minute wind speed"),
    ("WSF5", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest 5-second wind speed"),
    ("WSFG", "m s-1", "wind_speed_of_gust", "time: maximum", 0, 120, "Peak gust"),
    ("WSFM", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest mile of wind"),
    ("WDF1", "degree", "wind_from_direction", "", 0, 360, "Direction of the wind of WSF1"),
    ("WDF2", "degree", "wind_from_direction", "", 0, 360, "Direction of the wind of WSF2"),
    ("WDF5", "degree", "wind_from_direction", "", 0, 360, "Direction of the wind of WSF5"),
    ("WDFG", "degree", "wind_from_direction", "", 0, 360, "Direction of the peak gust"),
    ("WDFM", "degree", "wind_from_direction", "", 0, 360, "Direction of the fastest mile"),
    ("WDMV", "km", "", "time: sum", 0, None, "Way of the wind over a pan"),
    ("PSUN", "percent", "", "time: mean", 0, 100, "Share of the possible sunshine"),
    ("TSUN", "min", "duration_of_sunshine", "time: sum", 0, 44640, "Sunshine"),
)
DAYS = {
    "DP01": "at least 0.3 mm of precipitation", "DP10": "at least 2.5 mm of precipitation",
    "DP1X": "at least 25.4 mm of precipitation", "DSND": "a snow depth of at least 25 mm",
    "DSNW": "at least 25 mm of snowfall", "DT00": "a minimum of -17.8 degC or less",
    "DT32": "a minimum of 0 degC or less", "DX32": "a maximum of 0 degC or less",
    "DX70": "a maximum of 21.1 degC or more", "DX90": "a maximum of 32.2 degC or more",
    "DYFG": "fog", "DYHF": "heavy fog", "DYTS": "thunder",
}
# fmt: on
VARIABLES = {
    name: Variable(
        name,
        unit,
        standard_name,
        cell_method,
        interval="P1M",
        valid_min=low,
        valid_max=high,
        description=f"{description}.",
    )
    for name, unit, standard_name, cell_method, low, high, description in ELEMENTS
} | {
    name: Variable(
        name, "1", interval="P1M", valid_min=0, valid_max=31, description=f"Days with {what}."
    )
    for name, what in DAYS.items()
}

# A total that reaches over the ends of a month is still almost the month's own.
MEASUREMENT_FLAGS = DAILY_FLAGS | {"A": Flag("Total of several days", 3)}

# Days that are missing (a), measurement (m), quality (q) and source (s), the day of the extreme
# (c), and "+" where it was reached on more than one day (d); section 4.5 of NOAA's manual.
LAYOUTS = {
    **dict.fromkeys(
        ["TMAX", "TMIN", "PRCP", "SNOW", "EVAP", "MNPN", "MXPN", "WDMV"], ("a", "m", "q", "s")
    ),
    **dict.fromkeys(["EMNT", "EMXT"], ("a", "s", "c", "d")),
    **dict.fromkeys(["EMXP", "EMSN", "EMSD"], ("a", "m", "s", "c", "d")),
    **dict.fromkeys(["CDSD", "HDSD"], ("s",)),
}
USUAL_LAYOUT = ("a", "s")
