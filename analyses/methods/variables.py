"""Names that variables usually have: what an analysis takes where none is given."""

TMAX = ("TMAX", "tasmax", "T2M_MAX", "MAX_TEMPERATURE", "tmax", "TX")
TMIN = ("TMIN", "tasmin", "T2M_MIN", "MIN_TEMPERATURE", "tmin", "TN")
TMEAN = ("TAVG", "tas", "T2M", "MEAN_TEMPERATURE", "tmean", "TG")
RAIN = ("PRCP", "pr", "PRECTOTCORR", "TOTAL_PRECIPITATION", "precipitation", "RR")
