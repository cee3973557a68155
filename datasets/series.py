"""A series as arrays: what analyses compute on and charts draw. Knows no framework."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Series:
    """The observations of one variable at one station.

    Attributes
    ----------
    timestamps : shape (n,), datetime64[us], UTC
        Strictly ascending.
    values : shape (n,), float64, in `unit`
        Finite; an instant without a value is absent, never NaN.
    unit : CF spelling, "" where none is declared
    cell_method : CF: how a value stands for its interval ("time: sum"), "" where unknown
    interval : ISO 8601 duration between values ("P1D"), "" where unknown
    left_out : number of values not in the arrays because their provider flagged them as failed
    latitude, longitude : degrees north and east, on the step that the caller may know
    elevation_m : metres above sea level
    """

    variable: str
    unit: str
    station: str
    timestamps: NDArray[np.datetime64]
    values: NDArray[np.float64]
    station_name: str = ""
    standard_name: str = ""
    interval: str = ""
    left_out: int = 0
    latitude: float | None = None
    longitude: float | None = None
    elevation_m: float | None = None
    cell_method: str = ""


@dataclass(frozen=True, slots=True)
class SteppedSeries(Series):
    """A long series as a chart draws it: calendar steps in place of values.

    Attributes
    ----------
    timestamps : starts of the steps that have values
    values : their means
    lowest, highest : shape (n,), in `unit`
    counts : shape (n,), values in each step
    expected : shape (n,), how many there should be; NaN where nobody knows
    gap_after : shape (n,), whether the next step of the calendar has no value and a later one has
    missing : share of the expected values that are missing, but in the first and the last step,
        which may begin before and end after the series; NaN where nobody knows
    ends : shape (2,), instants of the first and of the last value
    step : "hour", "3h", "6h", "12h", "day", "week", "month", "quarter" or "year"
    """

    lowest: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    highest: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    counts: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    expected: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    gap_after: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    missing: float = float("nan")
    ends: NDArray[np.datetime64] = field(default_factory=lambda: np.empty(0, "datetime64[us]"))
    step: str = ""


@dataclass(frozen=True, slots=True)
class StationValue:
    """One number of a variable at a station; `value` is None where there is none.

    Attributes
    ----------
    latitude, longitude : degrees north and east, on the step that the caller may know
    timestamp : of the newest value, UTC
    count : the number of values that `value` is made of
    left_out : the number of values that failed quality control and would count otherwise
    """

    code: str
    name: str
    latitude: float | None
    longitude: float | None
    value: float | None
    timestamp: np.datetime64 | None = None
    count: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class StationValues:
    """The same number of one variable at each station of a dataset."""

    variable: str
    unit: str
    standard_name: str
    stations: tuple[StationValue, ...]
