"""Climate indices of daily values, each as a number for every year or month.

The 27 of the CCl/CLIVAR/JCOMM Expert Team on Climate Change Detection and Indices (ETCCDI; Zhang et
al. 2011, doi:10.1002/wcc.147), and degree days of its successor, the ET-SCI.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyses.methods import days as reduce
from analyses.methods.calendar import year_of
from analyses.methods.day_thresholds import (
    Base,
    base_of,
    is_beyond,
    quantiles,
    shares_in_base,
    thresholds,
)
from analyses.methods.days import Bools, Days
from analyses.methods.slopes import Floats, Ints

WET_MM = 1.0
SPELL = 6  # days
WARM_DEGC = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    rnn_mm: float
    growing_above_degc: float
    heating_below_degc: float
    cooling_above_degc: float
    is_south: bool = False


class Weather:
    """Daily values of a station, and what several indices share.

    Attributes
    ----------
    values : by "tmax", "tmin" (degC) and "precipitation" (mm), NaN where one is missing
    base_years : the first and the last year of the base period; None: there is none
    """

    def __init__(
        self,
        days: Days,
        values: dict[str, Floats],
        *,
        base_years: tuple[int, int] | None,
        options: Options,
    ) -> None:
        self.days, self.values, self.options = days, values, options
        self.base_years = base_years
        self._bases: dict[str, Base] = {}
        self._shares: dict[tuple[str, float], Floats] = {}

    @property
    def tmax(self) -> Floats:
        return self.values["tmax"]

    @property
    def tmin(self) -> Floats:
        return self.values["tmin"]

    @property
    def rain(self) -> Floats:
        return self.values["precipitation"]

    @cached_property
    def tmean(self) -> Floats:
        return np.asarray((self.tmax + self.tmin) / 2)

    @cached_property
    def is_wet(self) -> Bools:
        return np.asarray(self.rain >= WET_MM)

    @cached_property
    def is_in_base(self) -> Bools:
        if self.base_years is None:
            return np.zeros(self.days.dates.size, np.bool_)
        years = year_of(self.days.dates)
        return np.asarray((years >= self.base_years[0]) & (years <= self.base_years[1]))

    @cached_property
    def wet_in_base(self) -> Bools:
        return self.is_wet & self.is_in_base

    def wet_threshold(self, part: float) -> float:
        """Percentile of the wet days of the base period; NaN where there is none."""
        return float(quantiles(np.sort(self.rain[self.wet_in_base]), part))

    def base(self, name: str) -> Base:
        if name not in self._bases:
            self._bases[name] = base_of(self.values[name], self.days, self.is_in_base)
        return self._bases[name]

    def is_beyond(self, name: str, part: float) -> Bools:
        """Days below the 10th or above the 90th percentile of their day of the year."""
        limits = thresholds(self.base(name), part)[self.days.days_of_year - 1]
        return is_beyond(self.values[name], limits, is_low=part < 0.5)

    def shares_beyond(self, name: str, part: float) -> Floats:
        """The same as 0 or 1, and shares of the resampled thresholds in the base period."""
        if (name, part) not in self._shares:
            found = self.is_beyond(name, part).astype(np.float64)
            found[self.is_in_base] = shares_in_base(self.base(name), part, is_low=part < 0.5)
            self._shares[name, part] = found
        return self._shares[name, part]


Compute = Callable[[Weather, Ints], Floats | Ints]


@dataclass(frozen=True, slots=True)
class Index:
    """One index.

    Attributes
    ----------
    needs : what it is computed from; a day without one of them is missing
    compute : (weather, edges of periods) to a number for each period
    is_monthly : whether it is defined for months too
    wants_base : whether its thresholds come from the base period
    reach : days before a period that its number depends on
    """

    name: str
    unit: str
    needs: tuple[str, ...]
    compute: Compute
    is_monthly: bool = False
    wants_base: bool = False
    reach: int = 0


def percent_beyond(name: str, part: float) -> Compute:
    """Percentage of the days that have a value."""

    def compute(weather: Weather, edges: Ints) -> Floats:
        beyond = reduce.totals(weather.shares_beyond(name, part), edges)
        return 100 * reduce.share(beyond, reduce.counts(~np.isnan(weather.values[name]), edges))

    return compute


def spell_days(name: str, part: float) -> Compute:
    return lambda w, e: reduce.days_in_runs(w.is_beyond(name, part), e, least=SPELL)


def total_above(part: float) -> Compute:
    """Precipitation on days with more than the threshold of wet days."""

    def compute(weather: Weather, edges: Ints) -> Floats:
        limit = weather.wet_threshold(part)
        found = reduce.totals(np.where(weather.rain > limit, weather.rain, 0.0), edges)
        return np.full(found.size, np.nan) if np.isnan(limit) else found

    return compute


def highest_of_five_days(weather: Weather, edges: Ints) -> Floats:
    """The last of the five days is in the period."""
    return reduce.highest(reduce.running_totals(weather.rain, 5), edges)


def wet_total(weather: Weather, edges: Ints) -> Floats:
    return reduce.totals(np.where(weather.is_wet, weather.rain, 0.0), edges)


def wet_mean(weather: Weather, edges: Ints) -> Floats:
    return reduce.share(wet_total(weather, edges), reduce.counts(weather.is_wet, edges))


def season_edges(weather: Weather) -> tuple[Ints, Ints, Ints]:
    """Start, middle and end of each growing year: January or, in the south, July to June."""
    shift = 6 if weather.options.is_south else 0
    ends = weather.days.month_edges[shift + 12 :: 12]
    starts, middles = (weather.days.month_edges[first::12] for first in (shift, shift + 6))
    return starts[: ends.size], middles[: ends.size], ends


def growing_season(weather: Weather, _edges: Ints) -> Floats:
    """Days from the first warm spell, before the middle of the year, to the first cold one after.

    Without a warm spell there are none; without a cold one it lasts to the end of the year. In the
    south a year begins in July, and the last one has no end.
    """
    starts, middles, ends = season_edges(weather)
    warm = reduce.starts_of_runs(weather.tmean > WARM_DEGC, least=SPELL)
    cold = reduce.starts_of_runs(weather.tmean < WARM_DEGC, least=SPELL)
    first = reduce.first_places(warm, starts, middles)
    after = reduce.first_places(cold, middles, ends - SPELL + 1)
    lengths = np.where(first < 0, 0, np.where(after < 0, ends, after) - first)
    found = np.full(weather.days.year_edges.size - 1, np.nan)
    found[: lengths.size] = lengths
    return found


def degree_days(base: str, *, sign: int) -> Compute:
    """How far daily means are above a base (or below: −1), summed."""

    def compute(weather: Weather, edges: Ints) -> Floats:
        differences = sign * (weather.tmean - getattr(weather.options, base))
        return reduce.totals(np.maximum(differences, 0.0), edges)

    return compute


TMAX, TMIN, BOTH, RAIN = ("tmax",), ("tmin",), ("tmax", "tmin"), ("precipitation",)
COUNTS: list[Index] = [
    Index("FD", "d", TMIN, lambda w, e: reduce.counts(w.tmin < 0, e)),
    Index("SU", "d", TMAX, lambda w, e: reduce.counts(w.tmax > 25, e)),
    Index("ID", "d", TMAX, lambda w, e: reduce.counts(w.tmax < 0, e)),
    Index("TR", "d", TMIN, lambda w, e: reduce.counts(w.tmin > 20, e)),
]
EXTREMES: list[Index] = [
    Index("TXx", "degC", TMAX, lambda w, e: reduce.highest(w.tmax, e), is_monthly=True),
    Index("TNx", "degC", TMIN, lambda w, e: reduce.highest(w.tmin, e), is_monthly=True),
    Index("TXn", "degC", TMAX, lambda w, e: reduce.lowest(w.tmax, e), is_monthly=True),
    Index("TNn", "degC", TMIN, lambda w, e: reduce.lowest(w.tmin, e), is_monthly=True),
    Index("DTR", "degC", BOTH, lambda w, e: reduce.means(w.tmax - w.tmin, e), is_monthly=True),
]
PERCENTILES: list[Index] = [
    Index("TN10p", "%", TMIN, percent_beyond("tmin", 0.1), is_monthly=True, wants_base=True),
    Index("TX10p", "%", TMAX, percent_beyond("tmax", 0.1), is_monthly=True, wants_base=True),
    Index("TN90p", "%", TMIN, percent_beyond("tmin", 0.9), is_monthly=True, wants_base=True),
    Index("TX90p", "%", TMAX, percent_beyond("tmax", 0.9), is_monthly=True, wants_base=True),
    Index("WSDI", "d", TMAX, spell_days("tmax", 0.9), wants_base=True),
    Index("CSDI", "d", TMIN, spell_days("tmin", 0.1), wants_base=True),
    Index("R95pTOT", "mm", RAIN, total_above(0.95), wants_base=True),
    Index("R99pTOT", "mm", RAIN, total_above(0.99), wants_base=True),
]
PRECIPITATION: list[Index] = [
    Index("Rx1day", "mm", RAIN, lambda w, e: reduce.highest(w.rain, e), is_monthly=True),
    Index("Rx5day", "mm", RAIN, highest_of_five_days, is_monthly=True, reach=4),
    Index("SDII", "mm d-1", RAIN, wet_mean),
    Index("R10mm", "d", RAIN, lambda w, e: reduce.counts(w.rain >= 10, e)),
    Index("R20mm", "d", RAIN, lambda w, e: reduce.counts(w.rain >= 20, e)),
    Index("Rnnmm", "d", RAIN, lambda w, e: reduce.counts(w.rain >= w.options.rnn_mm, e)),
    Index("CDD", "d", RAIN, lambda w, e: reduce.longest_runs(w.rain < WET_MM, e)),
    Index("CWD", "d", RAIN, lambda w, e: reduce.longest_runs(w.is_wet, e)),
    Index("PRCPTOT", "mm", RAIN, wet_total),
]
DEGREE_DAYS: list[Index] = [
    Index("GDDgrow", "degC d", BOTH, degree_days("growing_above_degc", sign=1)),
    Index("HDDheat", "degC d", BOTH, degree_days("heating_below_degc", sign=-1)),
    Index("CDDcold", "degC d", BOTH, degree_days("cooling_above_degc", sign=1)),
]
SEASON = Index("GSL", "d", BOTH, growing_season)
INDICES = {
    one.name: one
    for one in (*COUNTS, SEASON, *EXTREMES, *PERCENTILES, *PRECIPITATION, *DEGREE_DAYS)
}
