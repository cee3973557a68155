"""What a picture is asked to be of: checked for its author, and turned into the series it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from analyses.models import Analysis
from datasets import access
from datasets.access import View
from datasets.selectors import series as reading
from datastream.core.errors import InvalidInputError, NotFoundError
from visualizations import results
from visualizations.models import VisualizationInput
from visualizations.registry import Kind

MOST_SERIES = 6


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture is to be of, as it was asked for: an analysis, a dataset or its own series."""

    caller: User
    kind: Kind
    analysis: Analysis | None
    dataset_id: UUID | None
    series: Sequence[Mapping[str, Any]]

    def inputs(self, checked: Mapping[str, Any]) -> list[VisualizationInput]:
        """The series that the picture shows.

        Raises
        ------
        InvalidInputError
            The kind draws something else, or a dataset, station or variable is not there or not
            to be seen.
        """
        if self.kind.draws == "results":
            return self._of_results()
        if self.kind.draws == "stations":
            return self._of_stations(checked)
        series = self.series or self._named(checked)
        most = MOST_SERIES if self._takes_several else len(self.kind.named_by)
        if len(series) > most or (self.series and not self._takes_several and len(series) < most):
            limit = f"At most {most}." if self._takes_several else f"A {self.kind.name} has {most}."
            raise InvalidInputError.of("series", limit)
        return [_input(self.caller, number, one) for number, one in enumerate(series)]

    @property
    def _takes_several(self) -> bool:
        return any(self.kind.options[name]["type"] == "array" for name in self.kind.named_by)

    def _named(self, checked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Those of one dataset that the options name."""
        dataset_id = self.analysis.dataset_id if self.analysis else self.dataset_id
        if dataset_id is None:
            raise InvalidInputError.of("dataset", "Give a dataset, an analysis or series.")
        found: list[str] = []
        for name in self.kind.named_by:
            found += checked[name] if isinstance(checked[name], list) else [checked[name]]
        station = checked.get("station")
        return [{"dataset": dataset_id, "station": station, "variable": name} for name in found]

    def _of_stations(self, checked: Mapping[str, Any]) -> list[VisualizationInput]:
        if self.dataset_id is None:
            message = f"A {self.kind.name} is drawn of the stations of a dataset."
            raise InvalidInputError.of("dataset", message)
        view = _view(self.caller, self.dataset_id)
        found = [reading.find_variable(view, checked[name]) for name in self.kind.named_by]
        return [
            VisualizationInput(position=number, dataset=view.dataset, variable=one.name)
            for number, one in enumerate(found)
        ]

    def _of_results(self) -> list[VisualizationInput]:
        results.of(self.kind, self.analysis)
        told = [
            (row.dataset_id, one["station"], one["variable"])
            for row in (self.analysis.inputs.order_by("pk") if self.analysis else ())
            for one in row.series
        ]
        return [
            VisualizationInput(position=n, dataset_id=dataset, station=station, variable=variable)
            for n, (dataset, station, variable) in enumerate(dict.fromkeys(told))
        ]


def _input(caller: User, position: int, one: Mapping[str, Any]) -> VisualizationInput:
    view = _view(caller, one["dataset"])
    variable, station = reading.find(view, one["variable"], one.get("station"))
    return VisualizationInput(
        position=position, dataset=view.dataset, station=station.code, variable=variable.name
    )


def _view(caller: User, dataset_id: UUID) -> View:
    try:
        return access.view(caller, dataset_id)
    except NotFoundError as error:
        message = "There is no such dataset, or you may not see it."
        raise InvalidInputError.of("dataset", message) from error
