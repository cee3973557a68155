"""What names say of variables: which is taken where none is given, and which turn round."""

TMAX = ("TMAX", "tasmax", "T2M_MAX", "MAX_TEMPERATURE", "tmax", "TX")
TMIN = ("TMIN", "tasmin", "T2M_MIN", "MIN_TEMPERATURE", "tmin", "TN")
TMEAN = ("TAVG", "tas", "T2M", "MEAN_TEMPERATURE", "tmean", "TG")
RAIN = ("PRCP", "pr", "PRECTOTCORR", "TOTAL_PRECIPITATION", "precipitation", "RR")

TURNS = "A direction turns round at 360 degrees, so on a line it has no {what}"


def is_direction(standard_name: str) -> bool:
    """Whether values are angles, of which 359 and 1 are neighbours: "wind_from_direction"."""
    return standard_name.endswith("_direction")
