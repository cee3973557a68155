"""The elements of GHCN-Daily as variables: sections 5 and 6 of its readme.txt."""

from connectors.base import Flag, Variable

# As it stands in the files, and as a conversion from tenths would leave it.
MISSING = (-9999.0, -999.9)

# fmt: off
# Name, unit, CF standard name, cell method, least and greatest possible value, description
ELEMENTS: tuple[tuple[str, str, str, str, float | None, float | None, str], ...] = (
    ("TMAX", "degC", "air_temperature", "time: maximum", -90, 60, "Maximum temperature"),
    ("TMIN", "degC", "air_temperature", "time: minimum", -90, 60, "Minimum temperature"),
    ("TAVG", "degC", "air_temperature", "time: mean", -90, 60, "Average temperature of the hours"),
    ("TOBS", "degC", "air_temperature", "time: point", -90, 60, "Temperature when observed"),
    ("PRCP", "mm", "lwe_thickness_of_precipitation_amount", "time: sum", 0, 1830, "Precipitation"),
    ("SNOW", "mm", "thickness_of_snowfall_amount", "time: sum", 0, 3000, "Snowfall"),
    ("SNWD", "mm", "surface_snow_thickness", "time: point", 0, 12000, "Snow depth"),
    ("WESD", "mm", "lwe_thickness_of_surface_snow_amount", "time: point", 0, 10000,
     "Water equivalent of the snow on the ground"),
    ("WESF", "mm", "lwe_thickness_of_snowfall_amount", "time: sum", 0, 1830,
     "Water equivalent of the snowfall"),
    # Of no standard name: it is no daily total, whatever looks for one must not find it.
    ("MDPR", "mm", "", "time: sum", 0, 5000, "Precipitation of the last DAPR days together"),
    ("DAPR", "1", "", "", 0, 366, "Days in the total of MDPR"),
    ("DWPR", "1", "", "", 0, 366, "Days with precipitation in the total of MDPR"),
    ("EVAP", "mm", "", "time: sum", 0, 200, "Evaporation from a pan"),
    ("MXPN", "degC", "", "time: maximum", -20, 70, "Maximum temperature of the water in a pan"),
    ("MNPN", "degC", "", "time: minimum", -20, 70, "Minimum temperature of the water in a pan"),
    ("AWND", "m s-1", "wind_speed", "time: mean", 0, 120, "Average wind speed"),
    ("WSF1", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest 1-minute wind speed"),
    ("WSF2", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest 2-minute wind speed"),
    ("WSF5", "m s-1", "wind_speed", "time: maximum", 0, 120, "Fastest 5-second wind speed"),
    ("WSFG", "m s-1", "wind_speed_of_gust", "time: maximum", 0, 120, "Peak gust"),
    ("WDF1", "degree", "wind_from_direction", "", 0, 360, "Direction of the wind of WSF1"),
    ("WDF2", "degree", "wind_from_direction", "", 0, 360, "Direction of the wind of WSF2"),
    ("WDF5", "degree", "wind_from_direction", "", 0, 360, "Direction of the wind of WSF5"),
    ("WDFG", "degree", "wind_from_direction", "", 0, 360, "Direction of the peak gust"),
    ("PSUN", "percent", "", "time: mean", 0, 100, "Share of the possible sunshine"),
    ("TSUN", "min", "duration_of_sunshine", "time: sum", 0, 1440, "Sunshine"),
    ("ACMH", "percent", "cloud_area_fraction", "time: mean", 0, 100,
     "Cloudiness from midnight to midnight, seen by people"),
    ("ACSH", "percent", "cloud_area_fraction", "time: mean", 0, 100,
     "Cloudiness from sunrise to sunset, seen by people"),
)
TIMES = {"FMTM": "Time of the fastest wind", "PGTM": "Time of the peak gust"}
WEATHER = {
    "WT01": "fog", "WT02": "heavy fog", "WT03": "thunder", "WT04": "ice pellets or sleet",
    "WT05": "hail", "WT06": "glaze or rime", "WT07": "dust, ash or sand", "WT08": "smoke or haze",
    "WT09": "blowing or drifting snow", "WT10": "tornado, waterspout or funnel cloud",
    "WT11": "damaging wind", "WT12": "blowing spray", "WT13": "mist", "WT14": "drizzle",
    "WT15": "freezing drizzle", "WT16": "rain", "WT17": "freezing rain", "WT18": "snow",
    "WT19": "precipitation of unknown kind", "WT21": "ground fog", "WT22": "ice fog",
    "WV01": "fog nearby", "WV03": "thunder nearby", "WV07": "dust, ash or sand nearby",
    "WV18": "snow nearby", "WV20": "rain or snow shower nearby",
}
# fmt: on
VARIABLES: dict[str, Variable] = {
    name: Variable(
        name,
        unit,
        standard_name,
        cell_method,
        interval="P1D",
        valid_min=low,
        valid_max=high,
        description=f"{description}.",
    )
    for name, unit, standard_name, cell_method, low, high, description in ELEMENTS
}
VARIABLES |= {
    name: Variable(name, "1", interval="P1D", kind="text", description=f"{what}, HHMM local.")
    for name, what in TIMES.items()
}
VARIABLES |= {
    name: Variable(
        name, "1", interval="P1D", valid_min=0, valid_max=1, description=f"1 on a day with {what}."
    )
    for name, what in WEATHER.items()
}
# What the files hold in tenths; section 5 of NOAA's manual. Snow is in whole mm.
IN_TENTHS = frozenset(
    name
    for name, variable in VARIABLES.items()
    if variable.unit in {"degC", "mm", "m s-1"} and name not in {"SNOW", "SNWD"}
)

MEASUREMENT_FLAGS = {
    "A": Flag("Total of several days, and not of this one", 4),
    "B": Flag("Total of two 12-hour totals"),
    "D": Flag("Total of four 6-hour totals"),
    "H": Flag("From hourly values"),
    "K": Flag("Converted from knots"),
    "L": Flag("Temperature that lags behind the time of observation"),
    "O": Flag("Converted from oktas"),
    "P": Flag("Missing, presumed to be 0", 3),
    "T": Flag("Trace of precipitation, snowfall or snow depth"),
    "W": Flag("Converted from a 16-point wind code"),
}
QUALITY_FLAGS = {
    "D": "duplicate",
    "G": "gap",
    "I": "internal consistency",
    "K": "streak",
    "L": "length of a total of several days",
    "M": "mega-consistency",
    "N": "naught",
    "O": "outlier of the climate",
    "R": "lagged range",
    "S": "spatial consistency",
    "T": "temporal consistency",
    "W": "too warm for snow",
    "X": "bounds",
    "Z": "investigation by Datzilla",
}
# Some letters have two meanings; after a comma, as NOAA writes it, stands the quality letter.
FLAGS = MEASUREMENT_FLAGS | {
    f",{letter}": Flag(f"Failed the check of {what}", 4) for letter, what in QUALITY_FLAGS.items()
}
