"""One row a day and element becomes one column an element: the form of NOAA's files and of CDO."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Page, Rejected, Station
from connectors.columns import TIMESTAMP, build_table, empty_table
from connectors.providers.noaa.daily import Element, as_column, refuse_other_units
from connectors.providers.noaa.elements import IN_TENTHS, VARIABLES


@dataclass(frozen=True, slots=True)
class Observations:
    """Values of one station, each with its day, its element and NOAA's letters.

    Attributes
    ----------
    days : shape (n,), datetime64[D]
    names : shape (n,), string
    values : shape (n,), float64
    letters : measurement, quality, source and time, each of shape (n,), string, null where blank
    """

    days: NDArray[np.datetime64]
    names: pa.Array
    values: pa.Array
    letters: tuple[pa.Array, pa.Array, pa.Array, pa.Array]

    def filter(self, mask: NDArray[np.bool_]) -> "Observations":
        kept = pa.array(mask)
        return Observations(
            self.days[mask],
            self.names.filter(kept),
            self.values.filter(kept),
            (
                self.letters[0].filter(kept),
                self.letters[1].filter(kept),
                self.letters[2].filter(kept),
                self.letters[3].filter(kept),
            ),
        )


def from_tenths(names: pa.Array, values: pa.Array) -> pa.Array:
    """Numbers as they stand in the files, in the units of the variables."""
    is_tenth = pc.is_in(names, pa.array(sorted(IN_TENTHS)))
    return pc.if_else(is_tenth, pc.divide(values.cast(pa.float64()), 10.0), values)


def build_page(
    code: str,
    observations: Observations,
    wanted: Collection[str],
    rejected: tuple[Rejected, ...] = (),
) -> Page:
    """The page of one station; of values that come twice the later holds."""
    known = pc.is_in(observations.names, pa.array(sorted(wanted or VARIABLES), pa.string()))
    strangers = set(pc.unique(observations.names).to_pylist()) - set(VARIABLES)
    notes = []
    if strangers:
        listed = ", ".join(sorted(map(str, strangers))[:20])
        notes.append(f"Unknown elements were left out: {listed}.")
    chosen = observations.filter(known.to_numpy(zero_copy_only=False))
    if not len(chosen.days):
        return Page(empty_table(), rejected=rejected, notes=tuple(notes))
    days, at = np.unique(chosen.days, return_inverse=True)
    coded = pc.dictionary_encode(chosen.names)
    codes = coded.indices.to_numpy()
    elements = [
        _element(chosen, name, np.flatnonzero(codes == number), (at, len(days)))
        for number, name in enumerate(coded.dictionary.to_pylist())
    ]
    refuse_other_units(elements)
    repeated = len(chosen.days) - sum(len(one.values) - one.values.null_count for one in elements)
    if repeated:
        notes.append(f"{repeated} values that came twice were left out; the later hold.")
    timestamps = pa.array(days.astype("datetime64[us]")).cast(TIMESTAMP)
    table = build_table(code, timestamps, [as_column(element) for element in elements])
    return Page(table, (Station(code),), rejected=rejected, notes=tuple(notes))


def _element(
    observations: Observations,
    name: str,
    indexes: NDArray[np.int64],
    grid: tuple[NDArray[np.int64], int],
) -> Element:
    at, days = grid
    position = np.full(days, -1)
    position[at[indexes]] = indexes
    taken = pa.array(position, mask=position < 0)
    values = observations.values.take(taken)
    variable = VARIABLES[name]
    if variable.kind == "text":
        values = pc.utf8_lpad(values.cast(pa.int64()).cast(pa.string()), 4, padding="0")
    return Element(variable, values, *(letter.take(taken) for letter in observations.letters))
