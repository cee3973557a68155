"""What drought indices are computed from: precipitation and temperature by month."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyses.methods.calendar import DAY, Moments, interval_of, month_of, period_means, totals_of
from analyses.methods.days import MOST_YEARS, Bools
from analyses.methods.evapotranspiration import Formula, days_in, hargreaves, thornthwaite
from analyses.methods.normals import Reference, choose_reference
from analyses.methods.rain import in_millimetres
from analyses.methods.slopes import Floats, Ints
from analyses.methods.standardized import rolling_sums
from datasets.series import Series
from datastream.core.errors import InvalidInputError

MIN_COVERAGE = 0.8  # of a year that the reference is chosen by
MISSING_TEMPERATURES = 10  # days: WMO-No. 1203 (2017)


@dataclass(frozen=True, slots=True)
class Months:
    """All months from the first value of precipitation to the last.

    Attributes
    ----------
    starts : datetime64[M]
    rain : mm
    evaporation : mm; None where it is not wanted or cannot be computed, which `reason` tells
    """

    starts: Moments
    rain: Floats
    formula: Formula | None = None
    evaporation: Floats | None = None
    reason: str | None = None

    @property
    def balance(self) -> Floats:
        return self.rain if self.evaporation is None else self.rain - self.evaporation

    @property
    def is_there(self) -> Bools:
        return np.asarray(np.isfinite(self.balance))


def check(name: str, series: Series) -> None:
    """InvalidInputError where a series cannot be had by month."""
    interval = interval_of(series)
    if interval is not None and interval.coarser_than("month"):
        message = f"The values of {series.variable} are {interval} apart, too far for months."
        raise InvalidInputError.of(name, message)
    is_fine = interval is not None and not interval.months and interval.microseconds < DAY
    if is_fine and name in {"tmax", "tmin"}:
        message = f"{series.variable} has several values a day; extremes of days are needed."
        raise InvalidInputError.of(name, message)
    span = series.timestamps[[0, -1]].astype("datetime64[Y]").astype(np.int64)
    if span[1] - span[0] >= MOST_YEARS:
        raise InvalidInputError.of(name, f"The values span more than {MOST_YEARS:,} years.")


def totals(series: Series, *, max_missing_days: int) -> tuple[Moments, Floats]:
    """Months and their precipitation in mm; NaN where too much is missing.

    Where some may be missing, the mean of the others stands for them. A month with far more values
    than at the interval of the series has none: of what time each tells is not known.
    """
    series = in_millimetres(series)
    means = period_means(series, "month")
    starts = means.periods.astype("datetime64[M]")
    days = days_in(starts)
    expected = np.maximum(means.expected, 1)
    missing = np.maximum(means.expected - means.counts, 0) * days / expected
    is_rate = series.unit == "mm d-1"
    amounts = means.means * days if is_rate else totals_of(series, means)
    return starts, np.where(
        means.complete(0.0) & (missing <= max_missing_days + 1e-9), amounts, np.nan
    )


def monthly_means(series: Series, starts: Moments) -> Floats:
    """Means of these months; NaN where more than ten days are missing."""
    means = period_means(series, "month")
    known = means.periods.astype("datetime64[M]")
    days = days_in(known)
    missing = (1 - means.coverage) * days
    counts = means.complete(0.0) & (missing <= MISSING_TEMPERATURES + 1e-9)
    found = np.full(starts.size, np.nan)
    places = (known - starts[0]).astype(np.int64)
    within = (places >= 0) & (places < starts.size)
    found[places[within]] = np.where(counts, means.means, np.nan)[within]
    return found


def months_of(
    given: Mapping[str, Series],
    *,
    wants_balance: bool,
    formula: str,
    max_missing_days: int,
) -> Months:
    """Precipitation by month and, where it is wanted, evapotranspiration."""
    for name, series in given.items():
        check(name, series)
    starts, rain = totals(given["precipitation"], max_missing_days=max_missing_days)
    if not wants_balance:
        return Months(starts, rain)
    latitude = given["precipitation"].latitude
    if latitude is None:
        reason = "The latitude of the station is not known; evapotranspiration wants it."
        return Months(starts, rain, reason=reason)
    means = {n: monthly_means(one, starts) for n, one in given.items() if n != "precipitation"}
    has_both = {"tmax", "tmin"} <= means.keys()
    if formula == "hargreaves" or (formula == "auto" and has_both):
        if not has_both:
            return Months(starts, rain, reason="Hargreaves' formula wants `tmax` and `tmin`.")
        found = hargreaves(means["tmax"], means["tmin"], starts, latitude=latitude)
        return Months(starts, rain, "hargreaves", found)
    if not has_both and "tmean" not in means:
        reason = "Evapotranspiration wants `tmax` and `tmin`, or `tmean`."
        return Months(starts, rain, reason=reason)
    mean = means["tmean"] if "tmean" in means else (means["tmax"] + means["tmin"]) / 2
    return Months(starts, rain, "thornthwaite", thornthwaite(mean, starts, latitude=latitude))


@dataclass(frozen=True, slots=True)
class Prepared:
    """Months, those of them that distributions are fitted to, and the years asked for."""

    months: Months
    reference: Reference | None
    asked: tuple[int | None, int | None]

    @property
    def month_of_year(self) -> Ints:
        return month_of(self.months.starts)

    @property
    def is_reference(self) -> Bools:
        if self.reference is None:
            return np.zeros(self.months.starts.size, np.bool_)
        return np.asarray(self.reference.holds(self.months.starts))

    def sums(self, scale: int) -> Floats:
        return rolling_sums(self.months.balance, scale)


def prepare(
    precipitation: Series,
    temperatures: Mapping[str, Series | None],
    *,
    index: str,
    evapotranspiration: str,
    reference_years: tuple[int | None, int | None],
    max_missing_days: int,
) -> Prepared:
    given = {"precipitation": precipitation}
    if index == "spei":
        there = {n: one for n, one in temperatures.items() if one is not None and one.values.size}
        given |= there
    months = months_of(
        given,
        wants_balance=index == "spei",
        formula=evapotranspiration,
        max_missing_days=max_missing_days,
    )
    start, end = reference_years
    reference = choose_reference(precipitation, start=start, end=end, min_coverage=MIN_COVERAGE)
    return Prepared(months, reference, reference_years)
