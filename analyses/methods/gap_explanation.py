"""Which values of a series and of its neighbours a filled value is made of, and why not others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.calendar import (
    Moments,
    Step,
    interval_of,
    month_of,
    period_means,
    place_in_year,
)
from analyses.methods.gap_fills import MIN_ERRORS, STEPS, Choice, Pairs, by_month, folds
from analyses.methods.neighbours import Bools, aligned
from analyses.methods.normals import choose_reference
from analyses.methods.normals_explanation import behind
from analyses.methods.slopes import Floats
from analyses.registry import Explanation
from datasets.series import Series

NO_PAIR, OTHER_MONTHS, NOT_OF_IT, OF_NONE = range(1, 5)
REASONS = (
    "",
    "A line is fitted to values of both stations at the same time, and this one has no other.",
    "The lines that made the number are fitted to other months of the year.",
    "This station did not make the number: it has no value then, or others are more alike.",
    "No neighbouring station made the number.",
)
BESIDE = "A straight line is drawn between the values on both sides, and this is another."
OF_THE_SERIES = "The number is of the series itself, without its neighbours."


def without_neighbours(series: Series) -> Explanation:
    return Explanation(np.ones(series.values.size, np.int64), ("", OF_THE_SERIES))


def explain_value(series: Series, moment: Moments, given: Mapping[str, Any]) -> Explanation:
    """The values behind one that is filled without neighbours, at one moment."""
    step = STEPS.get(str(interval_of(series)))
    if given["fill"] == "interpolation" and moment.size:
        return by_interpolation(series, moment[0])
    if given["fill"] == "climatology" and moment.size and step:
        return by_climatology(series, moment, step, given)
    return Explanation(np.zeros(series.values.size, np.int64))


def by_interpolation(series: Series, moment: np.datetime64) -> Explanation:
    codes = np.ones(series.values.size, np.int64)
    after = int(np.searchsorted(series.timestamps, moment))
    codes[after - 1 : after + 1] = 0
    return Explanation(codes, ("", BESIDE))


def by_climatology(
    series: Series, at: Moments, step: Step, given: Mapping[str, Any]
) -> Explanation:
    """The values behind the normal of the time of the year of one instant."""
    limit = given["min_coverage"]
    start, end = given["reference_start"], given["reference_end"]
    reference = choose_reference(series, start=start, end=end, min_coverage=limit)
    found = behind(series, period_means(series, step), min_coverage=limit)
    place = int(place_in_year(at, step)[0])
    return found.said(found.of_normal(reference, place, window_days=given["window_days"]))


@dataclass(frozen=True, slots=True)
class Behind:
    """What estimates are made of.

    Attributes
    ----------
    pairs : shape (n, k), which values of a neighbour, at times of the series, are in lines of it
    put : shape (rows, k), which neighbours' values were put into their lines, row by row
    """

    pairs: Bools
    put: Bools


def behind_estimates(known: Pairs, table: Floats, months: Any, choice: Choice) -> Behind:
    """What the estimates of `gap_fills.estimate` for the same are made of."""
    pairs, put = np.zeros(known.table.shape, np.bool_), np.zeros(table.shape, np.bool_)
    for one in by_month(known, table, months, choice):
        put[one.here] = one.shares > 0
        pairs[one.near] |= put[one.here].any(axis=0)
    return Behind(pairs & np.isfinite(known.table), put)


def behind_trials(pairs: Pairs, wanted: Bools, choice: Choice) -> Behind:
    """What the estimates of wanted values are made of, each tenth estimated from the others."""
    used, put = np.zeros(pairs.table.shape, np.bool_), np.zeros(pairs.table.shape, np.bool_)
    fold = folds(pairs.values.size)
    for number in np.unique(fold).tolist():
        hidden = (fold == number) & wanted
        some = pairs.of(hidden)
        found = behind_estimates(pairs.of(fold != number), some.table, some.months, choice)
        used[fold != number] |= found.pairs
        put[hidden] = found.put
    return Behind(used, put)


class Network:
    """A series, its neighbours, and the instants at which their lines filled it."""

    def __init__(
        self, series: Series, neighbours: Sequence[Series], at: Moments, choice: Choice
    ) -> None:
        self.series, self.neighbours, self.at, self.choice = series, neighbours, at, choice
        table = aligned(series.timestamps, neighbours)
        self.pairs = Pairs(series.values, table, month_of(series.timestamps))

    def explain(self, path: Sequence[Any], of: int) -> Explanation:
        """Say what made a filled value, its expected error, or the errors of all trials."""
        rows, trials = self.asked(path)
        there = aligned(self.at[rows], self.neighbours)
        filled = behind_estimates(self.pairs, there, month_of(self.at[rows]), self.choice)
        tried = behind_trials(self.pairs, trials, self.choice)
        used = filled.pairs | tried.pairs | tried.put
        stations = np.asarray(used.any(axis=0) | filled.put.any(axis=0))
        if not of:
            return self.of_series(used, stations)
        return self.of_neighbour(of - 1, used, self.at[rows][filled.put[:, of - 1]])

    def asked(self, path: Sequence[Any]) -> tuple[slice, Bools]:
        """Which of the filled values, and which of the values that were hidden to try the lines."""
        every = np.ones(self.series.values.size, np.bool_)
        match list(path):
            case ["filled", "expected_errors", int(place)]:
                return slice(0), self.tried_for(self.at[place : place + 1])
            case ["filled", str(), int(place)]:
                return slice(place, place + 1), ~every
            case ["fill", "cross_validation", *_]:
                return slice(0), every
            case ["fill", *_]:
                return slice(None), ~every
        return slice(None), every

    def tried_for(self, at: Moments) -> Bools:
        """The trials of the same month of the year; all of them where these are too few."""
        every = np.ones(self.series.values.size, np.bool_)
        found = behind_trials(self.pairs, every, self.choice).put.any(axis=1)
        near = np.isin(self.pairs.months, month_of(at))
        return near if (found & near).sum() >= MIN_ERRORS else every

    def of_series(self, used: Bools, stations: Bools) -> Explanation:
        """Values of the series; they are at the times of the rows."""
        is_pair = np.isfinite(self.pairs.table[:, stations]).any(axis=1)
        codes = np.where(is_pair, OTHER_MONTHS, NO_PAIR)
        codes[used.any(axis=1)] = 0
        codes = codes if stations.any() else np.full_like(codes, OF_NONE)
        return Explanation(codes, REASONS)

    def of_neighbour(self, number: int, used: Bools, put: Moments) -> Explanation:
        """Values of one neighbour: in its line, or put into it at these times."""
        stamps = self.neighbours[number].timestamps
        mine = np.concatenate([self.series.timestamps[used[:, number]], put])
        if not mine.size:
            return Explanation(np.full(stamps.size, NOT_OF_IT), REASONS)
        codes = np.where(np.isin(stamps, self.series.timestamps), OTHER_MONTHS, NO_PAIR)
        codes[np.isin(stamps, mine)] = 0
        return Explanation(codes, REASONS)
