"""The keys of POWER's series as timestamps, null where one is none."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from connectors.columns import times_of

# The answer's keys → their timestamps, of `connectors.columns.TIMESTAMP`.
ReadStamps = Callable[[pa.Array], pa.Array]

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# The first year of the present climatology. It stays, whichever years the means are of: so a new
# climatology revises the same twelve points.
NOMINAL_YEAR = 2001
ANNUAL = r"^[0-9]{4}13$|^ANN$"


def is_annual(stamps: pa.Array) -> pa.BooleanArray:
    """The mean of the year, which comes as a thirteenth month."""
    return pc.match_substring_regex(stamps, ANNUAL)


def by_day(stamps: pa.Array) -> pa.Array:
    return times_of(stamps, "%Y%m%d")


def by_hour(stamps: pa.Array) -> pa.Array:
    """The start of each hour."""
    return times_of(stamps, "%Y%m%d%H")


def by_month(stamps: pa.Array) -> pa.Array:
    """The start of each month."""
    return by_day(pc.binary_join_element_wise(stamps, "01", ""))


def by_name_of_month(stamps: pa.Array) -> pa.Array:
    """The start of each month in the nominal year."""
    names = pa.array(MONTHS)
    texts = pa.array([f"{NOMINAL_YEAR}{month:02d}01" for month in range(1, 13)])
    return by_day(texts.take(pc.index_in(stamps, names)))
