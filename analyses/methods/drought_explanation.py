"""Which values made a drought index of one month, and why the others did not."""

from collections.abc import Mapping, Sequence

import numpy as np

from analyses.methods.drought_months import Prepared
from analyses.methods.slopes import Ints
from analyses.registry import Explanation
from datasets.series import Series

REASONS = (
    "",
    "It is in months that this number is not made of.",
    "It is outside the months of this number, and outside the reference period.",
    "A month of this number is missing or has too many missing days.",
    "The number is not computed from this variable.",
)
OTHER, OUTSIDE_REFERENCE, INCOMPLETE, NOT_NEEDED = range(1, 5)


def explained(
    series: Series,
    path: Sequence[str | int],
    prepared: Prepared,
    used: Mapping[str, Series | None],
) -> Explanation:
    """Explain the number at ("values", scale, place) for one of the series that were used."""
    codes = np.full(series.values.size, NOT_NEEDED)
    needed = names_needed(prepared.months.formula, used)
    if series.variable not in {one.variable for n, one in used.items() if n in needed and one}:
        return Explanation(codes, REASONS)
    by_month = codes_of_months(prepared, scale=int(path[1]), place=int(path[2]))
    stamps = series.timestamps.astype("datetime64[M]")
    places = (stamps - prepared.months.starts[0]).astype(np.int64)
    within = (places >= 0) & (places < by_month.size)
    codes[:] = OUTSIDE_REFERENCE
    codes[within] = by_month[places[within]]
    return Explanation(codes, REASONS)


def names_needed(formula: str | None, temperatures: Mapping[str, Series | None]) -> set[str]:
    if formula is None:
        return {"precipitation"}
    if formula == "hargreaves" or temperatures["tmean"] is None:
        return {"precipitation", "tmax", "tmin"}
    return {"precipitation", "tmean"}


def codes_of_months(prepared: Prepared, *, scale: int, place: int) -> Ints:
    """A code for each month; Thornthwaite's heat index, made of all months, is left aside."""
    size = prepared.months.starts.size
    codes = np.where(prepared.is_reference, OTHER, OUTSIDE_REFERENCE)
    if not 0 <= place < size:
        return codes
    mine = np.arange(max(place - scale + 1, 0), place + 1)
    sums = prepared.sums(scale)
    if np.isnan(sums[place]):
        codes[mine] = INCOMPLETE
        return codes
    month_of_year = prepared.month_of_year
    fitted = prepared.is_reference & np.isfinite(sums) & (month_of_year == month_of_year[place])
    ends = np.flatnonzero(fitted)
    codes[(ends[:, None] - np.arange(scale)).ravel()] = 0
    codes[mine] = 0
    return codes
