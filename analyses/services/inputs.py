"""Which series an analysis reads: chosen once, when it is asked for, and read by the worker."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q
from numpy.typing import NDArray

from analyses.methods.variables import TURNS, is_direction
from analyses.models import Analysis, AnalysisInput
from analyses.registry import MAIN, MOST_STATIONS, SAME, Input
from analyses.registry import Analysis as Method
from datasets import access
from datasets.access import View
from datasets.models import DataPoint, Kind, RevisionExtent, Rollup, Station, Variable
from datasets.places import distances_km, seen
from datasets.selectors import series as reading
from datasets.selectors.points import ENDING, MICROSECOND
from datasets.series import Series
from datastream.core import clock, units
from datastream.core.errors import InvalidInputError, NotFoundError

Given = Mapping[str, Any]
Taken = Series | list[Series] | None
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A series by name, and the parameter that chose it."""

    parameter: str
    view: View
    station: str
    variable: str


class Chooser:
    """Finds what parameters name; asks for each dataset's variables and stations once.

    Raises
    ------
    InvalidInputError
        With the path of what names nothing, is text, or has no unit that fits.
    """

    def __init__(self, view: View, user: Any) -> None:
        self.main, self.user = view, user or AnonymousUser()
        self._views: dict[UUID, View] = {view.dataset.pk: view}
        self._variables: dict[UUID, dict[str, Variable]] = {}
        self._stations: dict[UUID, dict[str, Station]] = {}
        self._pinned: dict[UUID, int] = {}

    def pin(self, view: View, revision: int, place: str) -> None:
        """Have a dataset read as it stood at a revision."""
        newest = view.dataset.revision
        if revision > newest:
            raise InvalidInputError.of(place, f"The dataset is at revision {newest}.")
        if self._pinned.setdefault(view.dataset.pk, revision) != revision:
            raise InvalidInputError.of(place, "Of each dataset one revision is read; name one.")

    @property
    def is_pinned(self) -> bool:
        """Whether a revision was named."""
        return bool(self._pinned)

    def revision(self, view: View) -> int:
        """The revision at which a dataset is read."""
        return self._pinned.get(view.dataset.pk, view.dataset.revision)

    def choose(self, method: Method, given: Given) -> list[Chosen]:
        if method.several:
            return self._product(given)
        found: list[Chosen] = []
        for one in method.inputs:
            found.extend(self._of(one, given, found[0] if found else None))
        if not method.takes_directions:
            for each in found:
                self._check_line(each)
        return found

    def _check_line(self, one: Chosen) -> None:
        if is_direction(self.variables(one.view)[one.variable].standard_name):
            told = TURNS.format(
                what="mean or trend; `summary` and the picture `wind_rose` take it."
            )
            raise InvalidInputError.of(one.parameter, told)

    def _product(self, given: Given) -> list[Chosen]:
        """Each of the variables at each of the stations."""
        stations = self._several_stations(given)
        names = [given["variable"]] if "variable" in given else given.get("variables")
        if names is None:
            known = self.variables(self.main).values()
            names = [one.name for one in known if one.kind == Kind.NUMBER]
        field = "variable" if "variable" in given else "variables"
        for name in names:
            self._variable(self.main, name, field)
        return [Chosen("variable", self.main, code, name) for code in stations for name in names]

    def _several_stations(self, given: Given) -> list[str]:
        if "station" in given:
            return [self._station(self.main, given["station"], "station")]
        if "stations" in given:
            return [self._station(self.main, code, "stations") for code in given["stations"]]
        known = list(self.stations(self.main))
        if len(known) > MOST_STATIONS:
            message = f"Choose up to {MOST_STATIONS} of the {len(known)} stations."
            raise InvalidInputError.of("stations", message)
        return known or [self._station(self.main, None, "station")]

    def _of(self, one: Input, given: Given, main: Chosen | None) -> Iterator[Chosen]:
        if one.form == "variable":
            yield from self._of_variable(one, given)
        elif one.form == "stations":
            yield from self._of_stations(one, given, main)
        elif one.parameter in given:
            references = given[one.parameter]
            single = one.form == "series"
            for number, reference in enumerate([references] if single else references):
                place = one.parameter if single else f"{one.parameter}.{number}"
                yield self._of_reference(one, reference, place, main=main)

    def _of_variable(self, one: Input, given: Given) -> Iterator[Chosen]:
        name = given.get(one.parameter, self._usual(one))
        if name is None and one.is_required:
            message = f"Name the variable; there is none of {', '.join(one.names)} here."
            raise InvalidInputError.of(one.parameter, message)
        if name is not None:
            variable = self._variable(self.main, name, one.parameter)
            _check_unit(variable, one.unit, one.parameter)
            station = self._station(self.main, given.get("station"), "station")
            yield Chosen(one.parameter, self.main, station, name)

    def _usual(self, one: Input) -> str | None:
        """The first of the usual names that fits; else, where one is needed, the first there is."""
        known = self.variables(self.main)
        there = [known[name] for name in one.names if name in known]
        last = there[0].name if there and one.is_required else None
        return next((each.name for each in there if _fits(each, one.unit)), last)

    def _of_stations(self, one: Input, given: Given, main: Chosen | None) -> Iterator[Chosen]:
        if main is None:
            raise TypeError("Stations follow the input that names their variable.")
        codes = given.get(one.parameter)
        if codes is None:
            codes = self._nearest(main, one.nearest)
        for code in codes:
            station = self._station(self.main, code, one.parameter)
            if station == main.station:
                message = f"{code[:80]} is the station of the analysis itself."
                raise InvalidInputError.of(one.parameter, message)
            yield Chosen(one.parameter, self.main, station, main.variable)

    def _of_reference(
        self, one: Input, reference: Given, place: str, *, main: Chosen | None
    ) -> Chosen:
        view = self.view(reference.get("dataset"), f"{place}.dataset")
        if "revision" in reference:
            self.pin(view, reference["revision"], f"{place}.revision")
        variable = self._variable(view, reference["variable"], f"{place}.variable")
        unit = one.unit
        if unit == SAME:
            if main is None:
                raise TypeError("What takes a unit from another series follows it.")
            unit = self.variables(main.view)[main.variable].unit
        _check_unit(variable, unit, f"{place}.variable")
        station = self._station(view, reference.get("station"), f"{place}.station")
        return Chosen(one.parameter, view, station, variable.name)

    def _nearest(self, main: Chosen, most: int) -> list[str]:
        """Codes of the nearest stations with values of the same variable, nearest first."""
        observing = self._observing(self.variables(self.main)[main.variable])
        known = self.stations(self.main)
        here = seen(self.main, known[main.station])
        others = [one for one in known.values() if one.pk in observing and one.code != main.station]
        places = {one.code: place for one in others if (place := seen(self.main, one))}
        if here is None or not places:
            return []
        distances = distances_km(here, np.array(list(places.values())))
        codes = list(places)
        return [codes[number] for number in np.argsort(distances, kind="stable")[:most]]

    def _observing(self, variable: Variable) -> set[int]:
        """Stations that have values of it which the caller may see."""
        of_months, of_days = Q(period="month"), Q(pk__in=[])
        if self.main.until is not None:
            # Hidden from a midnight on, which may be within a month.
            month = self.main.until.replace(day=1)
            of_months &= Q(start__lt=month)
            of_days = Q(period="day", start__gte=month, start__lt=self.main.until)
        rollups = Rollup.objects.filter(
            of_months | of_days, dataset=self.main.dataset, variable_id=variable.pk, n__gt=0
        )
        found = set(rollups.values_list("station_id", flat=True).distinct())
        return found | self._observing_lately(variable)

    def _observing_lately(self, variable: Variable) -> set[int]:
        """The same of what was written after the roll-ups, which come some seconds later."""
        dataset = self.main.dataset
        if dataset.rollup_revision >= dataset.revision:
            return set()
        points = DataPoint.objects.filter(
            dataset=dataset,
            station_id=OuterRef("station_id"),
            timestamp__range=(OuterRef("start"), OuterRef("end")),
            value__has_key=variable.name,
        )
        if self.main.until is not None:
            points = points.filter(timestamp__lt=self.main.until)
        touched = RevisionExtent.objects.filter(
            Exists(points), dataset=dataset, number__gt=dataset.rollup_revision
        )
        return set(touched.values_list("station_id", flat=True).distinct())

    # ---------------------------------------------------------------- what is there

    def view(self, dataset: str | None, place: str) -> View:
        """The main dataset, or another as the same caller sees it."""
        try:
            identity = UUID(dataset) if dataset else self.main.dataset.pk
            if identity not in self._views:
                self._views[identity] = access.view(self.user, identity)
        except (ValueError, NotFoundError) as error:
            message = "There is no such dataset, or you may not see it."
            raise InvalidInputError.of(place, message) from error
        return self._views[identity]

    def variables(self, view: View) -> dict[str, Variable]:
        key = view.dataset.pk
        if key not in self._variables:
            found = Variable.objects.filter(dataset=key)
            self._variables[key] = {one.name: one for one in found}
        return self._variables[key]

    def stations(self, view: View) -> dict[str, Station]:
        key = view.dataset.pk
        if key not in self._stations:
            self._stations[key] = {one.code: one for one in Station.objects.filter(dataset=key)}
        return self._stations[key]

    def _variable(self, view: View, name: str, place: str) -> Variable:
        found = self.variables(view).get(name)
        if found is None:
            raise InvalidInputError.of(place, f"There is no variable {name[:80]!r} here.")
        if found.kind != Kind.NUMBER:
            raise InvalidInputError.of(place, f"{name} holds texts, not numbers.")
        return found

    def _station(self, view: View, code: str | None, place: str) -> str:
        known = self.stations(view)
        if code is None and len(known) == 1:
            return next(iter(known))
        if code is None:
            message = "Choose a station." if known else "The dataset has no points yet."
            raise InvalidInputError.of(place, message)
        if code not in known:
            raise InvalidInputError.of(place, f"There is no station {code[:80]!r} here.")
        return code


def _fits(variable: Variable, unit: str | None) -> bool:
    try:
        _check_unit(variable, unit, "")
    except InvalidInputError:
        return False
    return variable.kind == Kind.NUMBER


def _check_unit(variable: Variable, unit: str | None, place: str) -> None:
    if unit is None or variable.unit == unit:
        return
    if not unit:
        told = f"{variable.name} is in {variable.unit}; declare a unit for the other series too."
        raise InvalidInputError.of(place, told)
    try:
        units.conversion(variable.unit, unit)
    except InvalidInputError as error:
        (message,) = error.details["units"]
        told = f"{variable.name} is needed in {unit}. {message}"
        raise InvalidInputError.of(place, told) from error


# ------------------------------------------------------------------ in the worker


def rows_of(
    analysis: Analysis, chosen: Iterable[Chosen], revision_of: Callable[[View], int]
) -> list[AnalysisInput]:
    """A row for each dataset that is read, the analysis's own first, with its series."""
    rows: dict[UUID, AnalysisInput] = {}
    for place, one in enumerate(chosen):
        dataset = one.view.dataset
        if dataset.pk not in rows:
            revision = revision_of(one.view)
            rows[dataset.pk] = AnalysisInput(
                analysis=analysis,
                dataset=dataset,
                revision=revision,
                until=_until(one.view, analysis.parameters, revision),
                series=[],
            )
        names = {"parameter": one.parameter, "station": one.station, "variable": one.variable}
        rows[dataset.pk].series.append({"place": place, **names})
    return list(rows.values())


def _until(view: View, given: Given, revision: int) -> datetime | None:
    """From when on nothing is read: it is hidden, or not asked for, or there is nothing."""
    ends = [view.until, instant(given, "end")]
    last = view.dataset.end
    # Of an older revision there may have been later points.
    if revision == view.dataset.revision and last is not None and last < ENDING:
        ends.append(last + MICROSECOND)
    return min(filter(None, ends), default=None)


def read(analysis: Analysis, method: Method) -> Iterator[dict[str, Taken]]:
    """What each call of the computation takes, by parameter, in the units it wants."""
    by_parameter = {one.parameter: one for one in method.inputs}
    found: dict[str, Taken] = {
        name: [] if one.is_several else None for name, one in by_parameter.items()
    }
    for row, told in in_order(analysis):
        one = by_parameter[told["parameter"]]
        unit = unit_of(analysis, method, one.parameter)
        series = converted(_series(analysis, row, told), unit)
        if method.several:
            yield {one.parameter: series}
            continue
        there = found[one.parameter]
        if isinstance(there, list):
            there.append(series)
        else:
            found[one.parameter] = series
    if not method.several:
        yield found


def unit_of(analysis: Analysis, method: Method, parameter: str) -> str | None:
    """The unit in which a computation wants a series; None leaves it as it is."""
    unit = next(one.unit for one in method.inputs if one.parameter == parameter)
    if unit != SAME:
        return unit
    name = analysis.parameters[MAIN.parameter]
    return Variable.objects.get(dataset=analysis.dataset_id, name=name).unit


def in_order(analysis: Analysis) -> list[tuple[AnalysisInput, Given]]:
    """Each series and its dataset as they were named, however datasets change between them."""
    rows = analysis.inputs.select_related("dataset")
    found = [(row, told) for row in rows for told in row.series]
    return sorted(found, key=lambda pair: int(pair[1]["place"]))


def _series(analysis: Analysis, row: AnalysisInput, told: Given) -> Series:
    found, failed = judged(analysis, row, told)
    return reading.without(found, failed)


def judged(analysis: Analysis, row: AnalysisInput, told: Given) -> tuple[Series, Bools]:
    """All values of a series that it reads, and which of them do not count."""
    given = analysis.parameters
    dataset = row.dataset
    # What whoever asked for it could see then; places never closer than the dataset tells them.
    view = replace(
        access.full_view(dataset), until=row.until, coordinate_step_deg=dataset.coordinate_step_deg
    )
    found, failed = reading.judged(
        view,
        told["variable"],
        station=told["station"],
        start=instant(given, "start"),
        end=instant(given, "end"),
        revision=row.revision,
    )
    return found, np.zeros_like(failed) if given.get("flags") == "include" else failed


def converted(series: Series, unit: str | None) -> Series:
    if unit is None or series.unit == unit:
        return series
    by = units.conversion(series.unit, unit)
    with np.errstate(over="ignore"):
        values = series.values * float(by.factor) + float(by.offset)
    if not np.isfinite(values).all():
        message = f"It has values that are too large for a number in {unit}."
        raise InvalidInputError.of(series.variable, message)
    return replace(series, values=values, unit=unit)


def instant(given: Given, name: str) -> datetime | None:
    return clock.parse(given[name], name) if name in given else None
