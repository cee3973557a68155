"""Which values make a normal, and why the others do not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import PeriodMeans, not_complete, place_in_year
from analyses.methods.normals import DAYS, Reference
from analyses.methods.slopes import Ints
from analyses.registry import Explanation
from datasets.series import Series

USED, ELSEWHERE, OUTSIDE, INCOMPLETE = range(4)


@dataclass(frozen=True, slots=True)
class Behind:
    """The values of a series and their periods.

    Attributes
    ----------
    where : shape of the series, in which of the periods each value is
    complete : shape of the series, whether that period counts
    """

    series: Series
    means: PeriodMeans
    where: Ints
    complete: NDArray[np.bool_]

    def reasons(self) -> tuple[str, ...]:
        step = self.means.step
        return (
            "",
            f"It is in another {step}.",
            "It is outside the reference years.",
            not_complete(step),
        )

    def of_normal(
        self, reference: Reference | None, place: int | None, *, window_days: int
    ) -> Ints:
        """Codes for the normal of a month, season or day of the year, from 0; None is any."""
        stamps = self.series.timestamps
        codes = np.where(self.complete, USED, INCOMPLETE)
        if reference is None:
            return np.full(stamps.size, OUTSIDE)
        codes[~reference.holds(stamps, self.means.step)] = OUTSIDE
        if place is not None:
            away = np.abs(place_in_year(stamps, self.means.step) - place)
            if self.means.step == "day":
                away = np.maximum(np.minimum(away, DAYS - away) - window_days // 2, 0)
            codes[away > 0] = ELSEWHERE
        return codes

    def of_any(self) -> Ints:
        """Codes for all periods that are complete."""
        return np.where(self.complete, USED, INCOMPLETE)

    def of_period(self, place: int) -> Ints:
        """Codes for one period, by its place among all of them."""
        codes = np.where(self.complete, USED, INCOMPLETE)
        codes[self.where != place] = ELSEWHERE
        return codes

    def said(self, codes: Ints) -> Explanation:
        return Explanation(codes, self.reasons())


def behind(series: Series, means: PeriodMeans, *, min_coverage: float) -> Behind:
    where = means.places_of(series.timestamps)
    return Behind(series, means, where, means.complete(min_coverage)[where])
