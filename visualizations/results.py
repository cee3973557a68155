"""Which stored results of an analysis a picture draws."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from analyses.models import Analysis
from datasets.access import View
from datasets.models import Station
from datastream.core.errors import InvalidInputError
from datastream.core.models import Status
from visualizations.registry import Kind

Results = Mapping[str, Any]


class OneShown(Protocol):
    """A series of a picture."""

    @property
    def view(self) -> View: ...
    @property
    def station(self) -> str: ...


def of(kind: Kind, analysis: Analysis | None) -> Results:
    """The results that a picture of this kind draws.

    Raises
    ------
    InvalidInputError
        There is no analysis, it is of another type, or it did not succeed.
    """
    types = " or ".join(kind.analyses)
    if analysis is None:
        message = f"A {kind.name} picture is drawn of an analysis: {types}."
        raise InvalidInputError.of("analysis", message)
    if analysis.type not in kind.analyses:
        message = f"A {kind.name} picture is drawn of {types}, and this is {analysis.type}."
        raise InvalidInputError.of("analysis", message)
    if analysis.status != Status.SUCCEEDED or analysis.result is None:
        message = f"There is nothing to draw: the analysis is {analysis.status}."
        raise InvalidInputError.of("analysis", message)
    found: Results = analysis.result.results
    return found


def places(series: Sequence[OneShown], results: Results) -> list[str]:
    """Names of the stations of the results; of all that were read where these name none."""
    codes = dict.fromkeys(one.station for one in series)
    if results.get("station") in codes:
        codes = {results["station"]: None}
    stations = Station.objects.filter(
        dataset__in={one.view.dataset.pk for one in series}, code__in=codes
    )
    names = dict(stations.values_list("code", "name"))
    return [names.get(code) or code for code in codes]
