"""What climate indices are computed from: daily values, a base period, and which periods count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyses.methods import days as reduce
from analyses.methods.calendar import year_of
from analyses.methods.day_thresholds import BASE_SHARE
from analyses.methods.days import Bools, Days, common_days, on_calendar
from analyses.methods.index_definitions import INDICES, Index, Options, Weather
from analyses.methods.rain import in_millimetres
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series
from datastream.core.errors import InvalidInputError

BASE_PERIODS = ((1961, 1990), (1991, 2020), (1981, 2010), (1971, 2000))
BASE_YEARS = (10, 60)  # fewest and most
WHOLE = 15  # missing days, of a year that may be the first or last of a base period


@dataclass(frozen=True, slots=True)
class BasePeriod:
    """Years from the first to the last, both counted in, and how they were chosen."""

    start: int
    end: int
    chosen: str

    @property
    def years(self) -> tuple[int, int]:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Limits:
    """Most missing days with which a year or month has a number."""

    year: int
    month: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the indices are computed from, and which years and months count."""

    weather: Weather
    base: BasePeriod | None
    limits: Limits

    @property
    def days(self) -> Days:
        return self.weather.days

    def missing(self, needs: Sequence[str], part: float | None = None) -> Ints:
        """Days of each month without a value of one of them, or threshold; shape (years, 12)."""
        is_missing = self.weather.is_missing(needs, part)
        return reduce.counts(is_missing, self.days.month_edges).reshape(-1, 12)

    def is_whole(self, index: Index, step: str) -> Bools:
        """Which years or months miss few enough days; one without a threshold is missing too."""
        missing = self.missing(index.needs, index.part)
        if step == "monthly":
            return np.asarray(missing.ravel() <= self.limits.month)
        if index.name == "GSL" and self.weather.options.is_south:
            # From July to June; the last year has no end.
            missing = missing.ravel()[6:-6].reshape(-1, 12)
        has_whole_months = (missing <= self.limits.month).all(axis=1)
        is_whole = has_whole_months & (missing.sum(axis=1) <= self.limits.year)
        found = np.zeros(self.days.year_edges.size - 1, np.bool_)
        found[: is_whole.size] = is_whole
        return found

    def reason_against(self, index: Index) -> str | None:
        """Why an index cannot be computed at all, if so."""
        absent = [name for name in index.needs if name not in self.weather.values]
        if absent:
            return f"There are no values of {' and '.join(absent)}."
        if not index.wants_base:
            return None
        if self.base is None:
            return f"There is no base period: it wants {BASE_YEARS[0]} years without long gaps."
        (name,) = index.needs
        part = coverage(self.days, self.weather.values[name], self.base.years)
        if part < BASE_SHARE:
            return (
                f"{name} has {100 * part:.0f} % of the days of the base period {self.base.start}–"
                f"{self.base.end}; thresholds want {100 * BASE_SHARE:.0f} %."
            )
        if name == "precipitation" and not self.weather.wet_in_base.any():
            return "The base period has no wet day, so there is no threshold."
        return None

    def numbers(self, index: Index, step: str) -> Floats:
        """One for each year or month, NaN where too many days are missing."""
        edges = self.days.year_edges if step == "annual" else self.days.month_edges
        found = np.asarray(index.compute(self.weather, edges), np.float64)
        return np.where(self.is_whole(index, step), found, np.nan)


def prepare(
    given: Mapping[str, Series],
    *,
    base_years: tuple[int | None, int | None],
    options: Options,
    limits: Limits,
) -> Prepared:
    days = common_days(given)
    values = {name: on_calendar(series, days) for name, series in given.items()}
    base = choose_base(days, values, base_years)
    weather = Weather(days, values, base_years=base.years if base else None, options=options)
    return Prepared(weather, base, limits)


def choose_base(
    days: Days, values: Mapping[str, Floats], asked: tuple[int | None, int | None]
) -> BasePeriod | None:
    """Take the years asked for, else the first usual period that all series cover.

    Else up to the last 30 years without long gaps; None where these are fewer than ten.
    """
    start, end = asked
    if start is not None and end is not None:
        return BasePeriod(start, end, "as asked")
    for period in BASE_PERIODS:
        if all(coverage(days, one, period) >= BASE_SHARE for one in values.values()):
            return BasePeriod(*period, "the first usual base period that the values cover")
    missing = is_any_missing(list(values.values()))
    whole = np.flatnonzero(reduce.counts(missing, days.year_edges) <= WHOLE) + days.first_year
    if not whole.size or whole[-1] - whole[0] + 1 < BASE_YEARS[0]:
        return None
    first = max(int(whole[0]), int(whole[-1]) - 29)
    return BasePeriod(first, int(whole[-1]), "years of the series, as no usual period is covered")


def is_any_missing(values: Sequence[Floats]) -> Bools:
    return np.asarray(np.isnan(np.stack(values)).any(axis=0))


def coverage(days: Days, values: Floats, years: tuple[int, int]) -> float:
    """Share of the days of these years that have a value."""
    known = year_of(days.dates)
    within = (known >= years[0]) & (known <= years[1])
    edges = np.array([years[0] - 1970, years[1] - 1969]).astype("datetime64[Y]")
    expected = int(np.diff(edges.astype("datetime64[D]")).astype(np.int64)[0])
    return int((~np.isnan(values[within])).sum()) / expected


def needed(given: Mapping[str, Series | None], indices: Sequence[str]) -> dict[str, Series]:
    """The series that these indices need, or all where they need none; precipitation in mm.

    Raises
    ------
    InvalidInputError
        There is no series at all, or precipitation has another unit.
    """
    there = {name: one for name, one in given.items() if one is not None}
    if not there:
        message = "Name at least one of `tmax`, `tmin` and `precipitation`; there is none here."
        raise InvalidInputError.of("tmax", message)
    names = {name for index in indices for name in INDICES[index].needs}
    found = {name: one for name, one in there.items() if name in names} or there
    if "precipitation" in found:
        found["precipitation"] = in_millimetres(found["precipitation"])
    return found


def hemisphere_of(given: Mapping[str, Series]) -> str | None:
    latitude = next(iter(given.values())).latitude
    return None if latitude is None else "south" if latitude < 0 else "north"
