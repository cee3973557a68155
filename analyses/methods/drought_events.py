"""Droughts by McKee et al. 1993, from a standardized index of months."""

from dataclasses import dataclass

import numpy as np

from analyses.methods.slopes import Floats

BEGUN = -1.0
CATEGORIES = ((-2.0, "extreme"), (-1.5, "severe"), (BEGUN, "moderate"))


@dataclass(frozen=True, slots=True)
class Event:
    """Months in a row below zero of which one is at −1 or lower.

    Attributes
    ----------
    first, after : places of the first month and of the one after the last
    magnitude : sum of the index with the other sign
    peak : the lowest value, at the place `peak_at`
    is_cut_off : a missing month or the end of the series ends it, not a month above zero
    """

    first: int
    after: int
    magnitude: float
    peak: float
    peak_at: int
    is_cut_off: bool

    @property
    def category(self) -> str:
        return next(name for limit, name in CATEGORIES if self.peak <= limit)


def events(values: Floats) -> list[Event]:
    """In order of time; NaN is a missing month."""
    is_dry = np.concatenate([[False], values < 0, [False]])
    changes = np.flatnonzero(is_dry[1:] != is_dry[:-1])
    found = []
    for first, after in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
        spell = values[first:after]
        peak = float(spell.min())
        if peak <= BEGUN:
            is_cut_off = after == values.size or bool(np.isnan(values[after]))
            place = first + int(spell.argmin())
            found.append(Event(first, after, -float(spell.sum()), peak, place, is_cut_off))
    return found
