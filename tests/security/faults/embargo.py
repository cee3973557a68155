"""Faults of embargoes and coordinate steps."""

from dataclasses import replace
from typing import Any

from django.db.models import F, Value

from analyses import selectors as analyses
from datasets import access
from datasets.access import View
from datasets.selectors import catalogue, coordinates, exports, visible
from datasets.selectors.points import ENDING as LATEST
from tests.security.faults import Switch, fault


@fault("a-06", "Nobody looks at the embargo.")
def forgotten_embargo(is_on: Switch) -> None:
    hidden_from = access._hidden_from

    def nothing(days: int | None) -> Any:
        return None if is_on() else hidden_from(days)

    access._hidden_from = nothing


@fault("a-06", "Tags and files do not depend on what their reader may see.")
def one_digest_for_all(is_on: Switch) -> None:
    digest = View.digest.fget  # type: ignore[attr-defined]

    def same(view: View) -> str:
        blind = replace(view, until=None, coordinate_step_deg=None)
        return digest(blind if is_on() else view)  # type: ignore[no-any-return]

    View.digest = property(same)  # type: ignore[assignment, method-assign]


@fault("a-06", "The file of an export is given whatever its reader may see by now.")
def files_for_ever(is_on: Switch) -> None:
    require_file = exports.require_file

    def lenient(user: Any, export: Any) -> View:
        if is_on():
            return access.view(user, export.dataset_id)
        return require_file(user, export)

    exports.require_file = lenient


@fault("a-06", "An analysis is there for all who see its dataset.")
def analyses_for_all(is_on: Switch) -> None:
    # A name that the module has from another.
    known = vars(analyses)
    until_in_sql = known["until_in_sql"]

    def late(*args: Any) -> Any:
        return Value(LATEST) if is_on() else until_in_sql(*args)

    known["until_in_sql"] = late


@fault("a-05", "Lists are filtered and sorted by all that is in a dataset.")
def sorted_by_everything(is_on: Switch) -> None:
    with_facts = visible.with_facts

    def all_of_it(datasets: Any) -> Any:
        if is_on():
            return datasets.annotate(
                seen_start=F("start"), seen_end=F("end"), seen_count=F("point_count")
            )
        return with_facts(datasets)

    visible.with_facts = all_of_it


@fault("a-05", "Boxes and orders go by exact coordinates.")
def exact_boxes(is_on: Switch) -> None:
    shown = coordinates.shown

    def exact(name: str, step: float | None) -> Any:
        return shown(name, None if is_on() else step)

    coordinates.shown = exact


@fault("a-05", "Revisions count what is hidden.")
def counted_revisions(is_on: Switch) -> None:
    revisions = catalogue.revisions

    def counted(view: View) -> Any:
        return revisions(replace(view, until=None) if is_on() else view)

    catalogue.revisions = counted
