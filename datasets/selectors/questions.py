"""What is asked of the points of a dataset, as it is kept in a row until a worker reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasets.access import View
from datasets.models import Variable
from datasets.selectors.points import FIELDS, Selection
from datastream.core import clock
from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion, conversion


@dataclass(frozen=True, slots=True)
class Question:
    """A selection, the fields of its points, and the units asked for by variable."""

    selection: Selection
    fields: tuple[str, ...]
    units: Mapping[str, str]

    def kept(self) -> dict[str, Any]:
        """As JSON, in the words of the API; what is as usual is left out, and the revision too."""
        one = self.selection
        said = {
            "start": clock.text(one.start),
            "end": clock.text(one.end),
            "station": list(one.stations),
            "variables": list(one.variables),
            "order": "desc" if one.descending else None,
            "bbox": list(one.box) if one.box else None,
            "flags": None if one.failed else "exclude",
            "fields": list(self.fields) if self.fields != FIELDS else None,
            "units": dict(self.units),
        }
        return {name: value for name, value in said.items() if value}


def question(kept: Mapping[str, Any], revision: int) -> Question:
    """What was kept, as it was asked."""
    box = kept.get("bbox")
    selection = Selection(
        revision=revision,
        start=_instant(kept, "start"),
        end=_instant(kept, "end"),
        stations=tuple(kept.get("station", ())),
        variables=tuple(kept.get("variables", ())),
        descending=kept.get("order") == "desc",
        box=(box[0], box[1], box[2], box[3]) if box else None,
        failed=kept.get("flags") != "exclude",
    )
    return Question(selection, tuple(kept.get("fields", FIELDS)), kept.get("units", {}))


def _instant(kept: Mapping[str, Any], name: str) -> Any:
    return clock.parse(kept[name], name) if name in kept else None


def conversions(view: View, units: Mapping[str, str]) -> dict[str, Conversion]:
    """How each variable is converted; its unit may have been corrected since it was asked for."""
    found = Variable.objects.filter(dataset=view.dataset, name__in=units)
    known = dict(found.values_list("name", "unit"))
    missing = units.keys() - known.keys()
    if missing:
        raise InvalidInputError.of("units", f"There is no variable {min(missing)!r} here.")
    return {name: conversion(known[name], unit) for name, unit in units.items()}
