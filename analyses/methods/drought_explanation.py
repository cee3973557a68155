"""Which values made a drought index of one month, and why the others did not."""

from collections.abc import Mapping, Sequence

import numpy as np

from analyses.methods.drought_months import Prepared
from analyses.methods.slopes import Floats, Ints
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
    """Explain a number for one of the series that were used.

    `path` leads to ("values", scale, place), ("totals", place) or ("evapotranspiration", place);
    any other to what all months made.
    """
    name = next((name for name, one in used.items() if one is series), "")
    by_month = codes_for(name, path, prepared, used)
    codes = np.full(series.values.size, NOT_NEEDED)
    if by_month is None:
        return Explanation(codes, REASONS)
    stamps = series.timestamps.astype("datetime64[M]")
    places = (stamps - prepared.months.starts[0]).astype(np.int64)
    within = (places >= 0) & (places < by_month.size)
    codes[:] = OUTSIDE_REFERENCE
    codes[within] = by_month[places[within]]
    return Explanation(codes, REASONS)


def codes_for(
    name: str,
    path: Sequence[str | int],
    prepared: Prepared,
    used: Mapping[str, Series | None],
) -> Ints | None:
    """A code for each month; None where the number is not computed from the series."""
    needed = names_needed(prepared.months.formula, used)
    column: Floats | None = prepared.months.balance
    match list(path):
        case ["totals", *_]:
            needed, column = {"precipitation"}, prepared.months.rain
        case ["evapotranspiration", *_]:
            needed, column = needed - {"precipitation"}, prepared.months.evaporation
        case ["values", scale, int(place)] if name in needed:
            return codes_of_months(prepared, scale=int(scale), place=place)
    if name not in needed or column is None:
        return None
    codes = np.where(np.isfinite(column), 0, INCOMPLETE)
    if len(path) == 2 and path[0] in {"totals", "evapotranspiration"}:
        codes[np.arange(codes.size) != path[1]] = OTHER
    return codes


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
