"""Climate indices of daily values, each as a number for every year or month.

The 27 of the CCl/CLIVAR/JCOMM Expert Team on Climate Change Detection and Indices (ETCCDI; Zhang et
al. 2011, doi:10.1002/wcc.147), and degree days of its successor, the ET-SCI.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyses.methods import days as reduce
from analyses.methods.calendar import year_of
from analyses.methods.day_thresholds import (
    SLOTS,
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
        self._limits: dict[tuple[str, float], Floats] = {}
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
            first, last = self.base_years or (0, 0)
            years = last - first + 1
            self._bases[name] = base_of(self.values[name], self.days, self.is_in_base, years=years)
        return self._bases[name]

    def limits(self, name: str, part: float) -> Floats:
        """The threshold of each day; NaN where its day of the year has none."""
        if (name, part) not in self._limits:
            places = self.days.days_of_year - 1
            has_base = bool(self.is_in_base.any())
            of_year = thresholds(self.base(name), part) if has_base else np.full(SLOTS, np.nan)
            self._limits[name, part] = of_year[places]
        return self._limits[name, part]

    def is_beyond(self, name: str, part: float) -> Bools:
        """Days below the 10th or above the 90th percentile of their day of the year."""
        return is_beyond(self.values[name], self.limits(name, part), is_low=part < 0.5)

    def is_missing(self, needs: Sequence[str], part: float | None = None) -> Bools:
        """Days without one of these values or, compared with a percentile, without a threshold."""
        needed = [self.values[name] for name in needs]
        if part is not None:
            needed += [self.limits(name, part) for name in needs]
        return np.asarray(np.isnan(np.stack(needed)).any(axis=0))

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
    part : the percentile, 0 to 1, of its day of the year that a day is compared with
    reach : days before a period that its number depends on
    """

    name: str
    unit: str
    needs: tuple[str, ...]
    compute: Compute
    is_monthly: bool = False
    wants_base: bool = False
    part: float | None = None
    reach: int = 0


def percent_beyond(name: str, needs: tuple[str], part: float) -> Index:
    """Percentage of the days that have a value and a threshold."""

    def compute(weather: Weather, edges: Ints) -> Floats:
        is_known = ~weather.is_missing(needs, part)
        beyond = np.where(is_known, weather.shares_beyond(needs[0], part), 0.0)
        return 100 * reduce.share(reduce.totals(beyond, edges), reduce.counts(is_known, edges))

    return Index(name, "%", needs, compute, is_monthly=True, wants_base=True, part=part)


def spell_days(name: str, needs: tuple[str], part: float) -> Index:
    def compute(weather: Weather, edges: Ints) -> Ints:
        return reduce.days_in_runs(weather.is_beyond(needs[0], part), edges, least=SPELL)

    return Index(name, "d", needs, compute, wants_base=True, part=part)


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
    percent_beyond("TN10p", TMIN, 0.1),
    percent_beyond("TX10p", TMAX, 0.1),
    percent_beyond("TN90p", TMIN, 0.9),
    percent_beyond("TX90p", TMAX, 0.9),
    spell_days("WSDI", TMAX, 0.9),
    spell_days("CSDI", TMIN, 0.1),
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
