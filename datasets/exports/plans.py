"""What an export is made of: its statement, its stations and variables, and what is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from datasets import places
from datasets.access import View
from datasets.exports import texts
from datasets.models import Kind, Revision, Station, Variable
from datasets.selectors import page_texts, points
from datasets.selectors.page_texts import Facts, Form, Texts
from datasets.selectors.points import FIELDS, Selection
from datastream.core import clock
from datastream.core.units import Conversion

# Each station's rows by index, from the table and from history; ORDER BY in each branch is what
# lets them be merged, where a single one around both would sort.
STATEMENT = """{cte}
SELECT s.id, q.timestamp{columns}
FROM {stations}, LATERAL (
    SELECT * FROM (({now} {order}) UNION ALL ({then} {order})) both_tables {order}
) q"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told of each point of a selection, and in which units."""

    selection: Selection
    fields: tuple[str, ...] = FIELDS
    conversions: Mapping[str, Conversion] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """A number of rows that grows."""

    rows: int = 0


@dataclass(frozen=True)
class Plan:
    """An export before its first row: what must be asked the database is asked.

    columns : names of what the statement tells after station and time
    about : what a reader must know of the whole
    geometries : of each station, where the format has them
    read : how many rows have been read of it
    """

    view: View
    asked: Asked
    variables: tuple[Variable, ...]
    about: Mapping[str, str]
    sql: str
    values: Mapping[str, Any]
    columns: tuple[str, ...]
    geometries: tuple[Any, ...] = ()
    read: Tally = field(default_factory=Tally)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name in FIELDS if name in self.asked.fields)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The stations' numbers in the order of reading."""
        return np.array(self.values["ids"], np.int64)

    @cached_property
    def codes(self) -> list[str]:
        return [orjson.loads(code) for code in self.values["codes"]]

    @cached_property
    def heads(self) -> texts.Bytes:
        return texts.id_heads(self.view.dataset.pk, self.values["ids"])

    def unit_of(self, variable: Variable) -> str:
        """The unit that its values have here."""
        change = self.asked.conversions.get(variable.name)
        return change.unit if change else variable.unit


def by_variable(view: View, asked: Asked) -> Plan:
    """For formats in which each variable has a column."""
    variables = _variables(view, asked.selection) if "value" in asked.fields else ()
    found, form = Texts(), Form(conversions=asked.conversions)
    cells = {one.name: page_texts.cell(found, form, one) for one in _facts(variables)}
    return _plan(view, asked, variables, found, columns=cells)


def by_point(view: View, asked: Asked) -> Plan:
    """For formats in which all values of a point are one JSON object."""
    variables = _variables(view, asked.selection)
    found = Texts()
    form = points.form_of(asked.selection, _facts(variables), conversions=asked.conversions)
    cells = {"value": page_texts.value(found, form)} if "value" in asked.fields else {}
    return _plan(view, asked, variables, found, columns=cells)


def by_feature(view: View, asked: Asked) -> Plan:
    """The same with the geometry of each station."""
    plan = by_point(view, asked)
    numbers = plan.values["ids"]
    found = Station.objects.in_bulk(numbers)
    return replace(plan, geometries=tuple(places.geometry(view, found[one]) for one in numbers))


def _plan(
    view: View,
    asked: Asked,
    variables: tuple[Variable, ...],
    found: Texts,
    *,
    columns: Mapping[str, str],
) -> Plan:
    selection = asked.selection
    cells = dict(columns) | ({"metadata": "q.metadata"} if "metadata" in asked.fields else {})
    parts = points.statement_parts(view, selection)
    parts["order"] = "ORDER BY timestamp DESC" if selection.descending else "ORDER BY timestamp"
    parts["columns"] = "".join(f", {cell}" for cell in cells.values())
    values = points.statement_values(view, selection) | found.values
    return Plan(
        view, asked, variables, _about(view, selection), sql=STATEMENT.format(**parts),
        values=values, columns=tuple(cells),
    )  # fmt: skip


def _about(view: View, selection: Selection) -> dict[str, str]:
    """What is said of a dataset at a revision, and nothing that nobody has said."""
    dataset, number = view.dataset, selection.revision
    revision = Revision.objects.filter(dataset=dataset, number=number).first()
    said = {
        "title": dataset.name,
        "dataset": str(dataset.pk),
        "revision": str(number),
        "created": clock.text(revision.created_at) if revision else None,
        "source": dataset.source,
        "license": dataset.license,
        "citation": dataset.citation,
    }
    return {name: text for name, text in said.items() if text}


def _variables(view: View, selection: Selection) -> tuple[Variable, ...]:
    """The variables of a selection in their order; InvalidInputError where one is not there."""
    if selection.variables:
        points.check_variables(view, selection.variables)
    known = {one.name: one for one in Variable.objects.filter(dataset=view.dataset).order_by("id")}
    return tuple(known[name] for name in selection.variables or known)


def _facts(variables: Sequence[Variable]) -> list[Facts]:
    return [Facts(one.name, one.unit, one.kind) for one in variables]


def is_text(variable: Variable) -> bool:
    return variable.kind == Kind.TEXT
