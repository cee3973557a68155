"""A series as arrays: what analyses compute on and charts draw. Knows no framework."""

from dataclasses import dataclass

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
    interval : ISO 8601 duration between values ("P1D"), "" where unknown
    left_out : number of values not in the arrays because their provider flagged them as failed
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
