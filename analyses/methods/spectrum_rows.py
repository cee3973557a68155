"""What a spectrum is computed on: means or values at their times, without season and line."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import (
    DAY,
    YEAR_DAYS,
    Moments,
    Step,
    place_in_year,
)
from analyses.methods.regular_rows import rows_of
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series

STEP_YEARS: dict[str, float] = {"day": 1 / YEAR_DAYS, "month": 1 / 12, "season": 1 / 4, "year": 1.0}
# As many hours as there are in 180 years.
MOST_PLACES = 1_600_000


@dataclass(frozen=True, slots=True)
class Sampled:
    """Values at times; on a grid they stand at whole multiples of its step.

    Attributes
    ----------
    step : years between two places of the grid, None without one
    timestamps, times, values : of the values there are, times in years from the first place
    places : on the grid, of each value
    size : number of places of the grid
    row_timestamps : of all places, for means
    used : shape of the series, which of its values are in these
    scale : by which values were divided so that nothing overflows
    """

    step: float | None
    timestamps: Moments
    times: Floats
    values: Floats
    places: Ints
    size: int
    used: NDArray[np.bool_]
    row_timestamps: Moments
    scale: float = 1.0

    @property
    def rows(self) -> Floats:
        """The grid, NaN where there is no value."""
        found = np.full(self.size, np.nan)
        found[self.places] = self.values
        return found

    @property
    def years(self) -> float:
        """From the first to the last, and one step where there is one."""
        if self.step is not None:
            return self.step * self.size
        return float(self.times[-1] - self.times[0])


def sampled(series: Series, step: Step | Literal["raw"], *, min_coverage: float) -> Sampled:
    if step == "raw":
        return raw_values(series)
    rows = rows_of(series, step, [], min_coverage)
    places = np.flatnonzero(np.isfinite(rows.values))
    years = STEP_YEARS[step]
    return Sampled(
        step=years,
        timestamps=rows.timestamps[places],
        times=places.astype(np.float64) * years,
        values=rows.values[places],
        places=places,
        size=rows.values.size,
        used=rows.used,
        row_timestamps=rows.timestamps,
    )


def raw_values(series: Series) -> Sampled:
    """On the widest grid that holds all times, where it is not too fine."""
    stamps = series.timestamps.astype("datetime64[us]").astype(np.int64)
    since = stamps - stamps[:1]
    width = int(np.gcd.reduce(since)) if since.size else 0
    has_grid = width > 0 and int(since[-1]) // width < MOST_PLACES
    places = since // width if has_grid else np.zeros(0, np.int64)
    return Sampled(
        step=width / DAY / YEAR_DAYS if has_grid else None,
        timestamps=series.timestamps,
        times=since / DAY / YEAR_DAYS,
        values=series.values,
        places=places,
        size=int(places[-1]) + 1 if has_grid else 0,
        used=np.ones(since.size, np.bool_),
        row_timestamps=series.timestamps[:0],
    )


def anomalies(
    found: Sampled, step: Step | Literal["raw"], *, deseasonalise: bool, detrend: bool
) -> Sampled:
    """The values without their mean, season and line, around zero and of order one."""
    y = found.values - np.median(found.values)
    scale = float(np.abs(y).max()) or 1.0
    y = y / scale
    if deseasonalise and step != "year":
        taken: Step = "month" if step == "raw" else step
        _, place = np.unique(place_in_year(found.timestamps, taken), return_inverse=True)
        y = y - (np.bincount(place, weights=y) / np.bincount(place))[place]
    if detrend:
        centred = found.times - found.times.mean()
        y = y - float(centred @ y) / float(centred @ centred) * centred
    # What is left of a season or line that was all there is is rounding.
    y = y - y.mean()
    y = np.where(np.abs(y).max() < 1e-10, 0.0, y)
    return replace(found, values=y, scale=scale)
