"""What a picture of one series is of: its title and place, its days, months or years, and no more.

Shared by the kinds that show a single series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods import rain
from analyses.methods.calendar import PeriodMeans, Step, interval_of, period_means, totals_of
from analyses.methods.results import timestamps_of
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from visualizations.charts import common, look, words, yearly
from visualizations.charts.crowded import Crowded, crowded
from visualizations.charts.thinning import within
from visualizations.registry import Column, Drawing, Facts

Floats = NDArray[np.float64]
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_LABELS = f"[{', '.join(repr(name) for name in MONTHS)}]"


@dataclass(frozen=True)
class Subject:
    """A series inside the chosen period; `place` is empty where the title names it."""

    kind: str
    series: Series
    name: str
    title: str
    place: str
    facts: Facts

    @property
    def unit(self) -> str:
        return words.unit(self.series.unit)

    @property
    def named(self) -> str:
        """The variable with its unit, as axes have it."""
        return f"{self.name}, {self.unit or 'no unit given'}"

    def opening(self, told: str) -> str:
        """The first line under the title, with the place where the title does not name it."""
        return f"{self.place}. {told}" if self.place else told

    def left_out(self) -> str:
        """A sentence about values that failed quality control."""
        return common.left_out([self.series])


@dataclass(frozen=True)
class Periods:
    """Means, or totals of what falls, of days, months or years; NaN where one is not complete."""

    means: PeriodMeans
    values: Floats
    is_total: bool
    crowded: Crowded

    @property
    def noun(self) -> str:
        return "total" if self.is_total else "mean"

    @property
    def is_unfinished(self) -> bool:
        return bool(self.means.finished.size) and not bool(self.means.finished[-1])

    @property
    def missing(self) -> int:
        """How many have too few values, without the last where it has not ended."""
        return int(np.isnan(self.values).sum()) - int(self.is_unfinished) - self.crowded.count


def subject(
    kind: str, series: Sequence[Series], options: Mapping[str, Any], facts: Facts
) -> Subject:
    if len(series) != 1:
        raise InvalidInputError.of("variable", f"{kind}: one series, not {len(series)}.")
    cut = within(series[0], options.get("start"), options.get("end"))
    where, name = common.place(series, facts), words.variable(cut)
    title = words.heading(facts.title, where=where, what=name)
    place = words.unless_named(where, title)
    return Subject(kind, cut, name, title, place, facts)


def periods(series: Series, step: Step, *, is_total: bool | None = None) -> Periods:
    """Complete periods; rain is added up where nothing else is asked."""
    means = period_means(series, step)
    if is_total is None:
        is_total = rain.adds_up(series)
    values = totals_of(series, means) if is_total else means.means
    values = np.where(means.complete(yearly.MIN_COVERAGE), values, np.nan)
    return Periods(means, values, is_total, crowded(series, means))


def reason_against(series: Series, options: Mapping[str, Any], step: Step) -> str:
    """Why no days, months or years can be made; "" where they can."""
    if not series.values.size:
        return no_values(options)
    interval = interval_of(series)
    if interval is None:
        return f"There is one value and no declared interval, so no {step} is known to be complete."
    if interval.coarser_than(step):
        every = words.interval(interval) or f"one value every {interval}"
        return f"There is only {every}, which is too few to tell each {step}."
    return ""


def no_values(options: Mapping[str, Any]) -> str:
    is_part = "start" in options or "end" in options
    return f"There are no values {'in this period' if is_part else 'yet'}."


def nothing(about: Subject, reason: str, heads: Sequence[str]) -> Drawing:
    """A picture that holds a sentence in place of values."""
    spec = look.sentence(about.facts, title=about.title, text=reason)
    columns: dict[str, Column] = {head: [] for head in heads}
    return Drawing(spec, f"{about.kind}: {about.title}. {reason}", columns)


def stamps(moments: NDArray[np.datetime64]) -> list[Any]:
    return list(timestamps_of(moments.astype("datetime64[us]")))


def shown(about: Subject, value: float, digits: int) -> str:
    return words.with_unit(words.number(value, digits), about.series.unit)


def ends(about: Subject, values: Floats, moments: NDArray[np.datetime64], *, at: str = "on") -> str:
    """Highest and lowest value with their times, in a sentence."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low == high:
        return f"All are {shown(about, low, words.decimals(low))}."
    digits = words.decimals(high - low) + 1
    told = (
        f"{word} {shown(about, float(values[place]), digits)} {at} {moments[place]}"
        for word, place in (("Highest:", np.nanargmax(values)), ("lowest:", np.nanargmin(values)))
    )
    return f"{'; '.join(told)}."
