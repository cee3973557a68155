"""Pictures: saved as kind, options and series; compiled and drawn when they are asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import structlog
from django.core.cache import cache
from django.db import transaction
from pyarrow import csv

from accounts.models import User
from accounts.services import audit
from analyses.models import Analysis
from analyses.selectors import analyses_for
from datasets import access
from datasets.access import Caller, View
from datasets.exports import texts
from datasets.selectors import series as reading
from datasets.selectors import window
from datasets.selectors.by_station import values_by_station
from datasets.selectors.points import Selection
from datasets.series import Series, StationValues
from datastream.core import clock, spreadsheets
from datastream.core.api.conditional import tag_of
from datastream.core.errors import InvalidInputError, NotFoundError
from visualizations import drawing, options, results
from visualizations.charts.theme import themed
from visualizations.models import Visualization, VisualizationInput
from visualizations.registry import Drawing, Facts, Kind, kinds
from visualizations.subjects import Subject

log = structlog.get_logger(__name__)

CACHED_S = 7 * 24 * 3600
# A series of more values is read in steps by a kind that draws steps.
LONG = 5000
# Each may have a mark and a number beside it.
MOST_STATIONS = 9000


@dataclass(frozen=True, slots=True)
class Shown:
    """One series of a picture: which, as whom, and at which revision.

    `with_failed` where it is of an analysis that did not leave out what failed quality control.
    """

    view: View
    station: str
    variable: str
    revision: int
    with_failed: bool = False


# What a picture takes from its analysis where nothing else is asked for.
OF_ANALYSIS = ("variable", "station", "start", "end")

# ------------------------------------------------------------------ saved


@transaction.atomic
def create_visualization(owner: User, data: Mapping[str, Any]) -> Visualization:
    """Save a picture.

    Raises
    ------
    InvalidInputError
        An unknown kind, a wrong option, or a dataset, station or variable that the owner cannot
        see or that does not exist.
    """
    analysis = _analysis(owner, data.get("analysis"))
    kind = _kind(data["kind"])
    own = data.get("series", [])
    checked = options.check(kind, _with_defaults(kind, data.get("options", {}), own, analysis))
    subject = Subject(owner, kind, analysis, data.get("dataset"), own)
    series = subject.inputs(checked)
    picture = Visualization.objects.create(
        owner=owner,
        title=data["title"],
        kind=kind.name,
        dataset_id=None if analysis else data.get("dataset"),
        analysis=analysis,
        options=checked,
        alt=data.get("alt", ""),
        visibility=data.get("visibility", "private"),
    )
    _save_series(picture, series)
    return picture


@transaction.atomic
def change_visualization(caller: User, picture: Visualization, data: Mapping[str, Any]) -> None:
    """Change title, words, visibility, kind or options; what it is a picture of stays."""
    kind = _kind(data.get("kind", picture.kind))
    if "options" in data or kind.name != picture.kind:
        own = _own_series(picture)
        given = data.get("options", picture.options)
        checked = options.check(kind, _with_defaults(kind, given, own, picture.analysis))
        subject = Subject(caller, kind, picture.analysis, picture.dataset_id, own)
        series, picture.options = subject.inputs(checked), checked
        picture.series.all().delete()
        _save_series(picture, series)
    picture.kind = kind.name
    picture.title = data.get("title", picture.title)
    picture.alt = data.get("alt", picture.alt)
    picture.visibility = data.get("visibility", picture.visibility)
    _record_visibility(picture)
    picture.save()


def _record_visibility(picture: Visualization) -> None:
    """Note who may see a picture from now on, where that is another than what is stored."""
    stored = Visualization.objects.filter(pk=picture.pk).values_list("visibility", flat=True)
    change: dict[str, Any] = {"from": stored.get(), "to": picture.visibility}
    if change["from"] != change["to"]:
        of = "visualization", picture.pk
        audit.record("visualization.visibility_changed", of=of, **change)


@transaction.atomic
def delete_visualization(picture: Visualization) -> None:
    audit.record("visualization.deleted", of=("visualization", picture.pk), kind=picture.kind)
    picture.delete()


def _own_series(picture: Visualization) -> list[dict[str, Any]]:
    """The series that were given one by one; none where they follow from a dataset."""
    if picture.analysis_id or picture.dataset_id:
        return []
    names = ("dataset", "station", "variable")
    return [dict(one) for one in picture.series.values(*names)]


def _kind(name: Any) -> Kind:
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidInputError.of("kind", f"Choose from {', '.join(kinds.names())}.")
    return kind


def _analysis(owner: User, identity: UUID | None) -> Analysis | None:
    if identity is None:
        return None
    found: Analysis | None = analyses_for(owner).filter(pk=identity).first()
    if found is None:
        raise InvalidInputError.of("analysis", "There is no such analysis, or you may not see it.")
    return found


def _with_defaults(
    kind: Kind, given: Any, series: Sequence[Mapping[str, Any]], analysis: Analysis | None
) -> dict[str, Any]:
    """Options with the variables of the series or of the analysis, where none are given."""
    if not isinstance(given, Mapping):
        raise InvalidInputError.of("options", "Send one JSON object.")
    filled = dict(given)
    if kind.draws == "results":
        return filled
    names = [one["variable"] for one in series]
    for place, name in enumerate(kind.named_by):
        if kind.options[name].get("type") == "array" and names:
            filled.setdefault(name, list(dict.fromkeys(names)))
        elif place < len(names):
            filled.setdefault(name, names[place])
    if analysis is not None:
        chosen = {name: analysis.parameters.get(name) for name in OF_ANALYSIS}
        chosen["variables"] = [chosen["variable"]] if chosen["variable"] else None
        known = {name: value for name, value in chosen.items() if value and name in kind.options}
        filled = known | filled
    return filled


def _save_series(picture: Visualization, series: list[VisualizationInput]) -> None:
    for one in series:
        one.visualization = picture
    VisualizationInput.objects.bulk_create(series)


# ------------------------------------------------------------------ drawn


def shown(caller: Caller, picture: Visualization) -> list[Shown]:
    """What a picture shows this caller; NotFoundError where a dataset may not be read.

    What an analysis read is shown as the analysis read it.
    """
    pinned: dict[UUID, int] = {}
    if picture.analysis is not None:
        analysis = analyses_for(caller).filter(pk=picture.analysis.pk).first()
        if analysis is None:
            raise NotFoundError
        pinned = {one.dataset_id: one.revision for one in analysis.inputs.all()}
    with_failed = takes_failed(picture.analysis)
    views: dict[UUID, View] = {}
    found = []
    for one in picture.series.all():
        if one.dataset_id not in views:
            views[one.dataset_id] = access.view(caller, one.dataset_id)
        view = views[one.dataset_id]
        revision = pinned.get(one.dataset_id, view.dataset.revision)
        found.append(Shown(view, one.station, one.variable, revision, with_failed))
    return found


def takes_failed(analysis: Analysis | None) -> bool:
    """Whether it was asked not to leave out what failed quality control."""
    return analysis is not None and analysis.parameters.get("flags") == "include"


def version(picture: Visualization, series: Sequence[Shown], *more: Any) -> str:
    """Equal where the picture is the same: options, data, view, code and what else is given."""
    kind = kinds[picture.kind]
    data: list[Any] = [
        [
            *(one.view.digest, one.revision, one.view.dataset.meta_version),
            *(one.station, one.variable, one.with_failed),
        ]
        for one in series
    ]
    if kind.draws == "results" and picture.analysis is not None:
        data.append(picture.analysis.result_id)
    own = [kind.name, kind.version, picture.title, picture.alt, picture.options]
    return tag_of(own, data, *more)


def compiled(picture: Visualization, series: Sequence[Shown]) -> Drawing:
    """The picture as a drawing's specification, its alt text and its values."""
    kind = kinds[picture.kind]
    taken: Any
    if kind.draws == "series":
        taken = [_array(picture, one) for one in series]
        places = [one.station_name or one.station for one in taken]
    elif kind.draws == "stations":
        taken, places = _stations(picture, series[0]), [series[0].view.dataset.name]
    else:
        taken = results.of(kind, picture.analysis)
        places = results.places(series, taken)
    found = kind.compile(taken, picture.options, _facts(picture, series, places))
    # Pictures saved before there were themes have none.
    spec = themed(found.spec, picture.options.get("theme", ""))
    return replace(found, spec=spec, alt=picture.alt or found.alt)


def as_csv(picture: Visualization, series: Sequence[Shown]) -> bytes:
    """What is drawn, a column each; no spreadsheet computes a text of it."""
    columns = {
        spreadsheets.guarded(name): pa.array(column)
        for name, column in compiled(picture, series).columns.items()
    }
    guarded = {
        name: texts.guarded(column) if pa.types.is_string(column.type) else column
        for name, column in columns.items()
    }
    target = pa.BufferOutputStream()
    csv.write_csv(pa.table(guarded), target)
    return bytes(target.getvalue())


def as_values(picture: Visualization, series: Sequence[Shown]) -> dict[str, Any]:
    """The picture in words and numbers: what it is of, its options and what is drawn."""
    found = compiled(picture, series)
    datasets = {one.view.dataset.pk: one.view.dataset for one in series}.values()
    return {
        "id": picture.pk,
        "title": picture.title,
        "kind": picture.kind,
        "options": picture.options,
        "alt": found.alt,
        "series": [
            {
                "dataset": one.view.dataset.pk,
                "revision": one.revision,
                "station": one.station,
                "variable": one.variable,
            }
            for one in series
        ],
        "sources": [
            {"dataset": d.pk, "citation": d.citation or d.name, "license": d.license}
            for d in datasets
        ],
        # What is NaN becomes null where it is written as JSON.
        "values": {
            name: column.tolist() if isinstance(column, np.ndarray) else column
            for name, column in found.columns.items()
        },
    }


def _array(picture: Visualization, one: Shown) -> Series:
    """A series whole, or in steps where it is long and the kind draws those."""
    start, end = _instant(picture, "start"), _instant(picture, "end")
    px = kinds[picture.kind].window_px
    # Steps leave out what failed.
    if px is not None and not one.with_failed:
        selection = Selection(
            one.revision, start, end, stations=(one.station,), variables=(one.variable,)
        )
        reading.find(one.view, one.variable, one.station)
        if reading.has_more_than(one.view, selection, LONG):
            found = window.stepped(one.view, selection, px)
            if found is not None:
                return found
    return reading.series(
        one.view,
        one.variable,
        station=one.station,
        start=start,
        end=end,
        revision=one.revision,
        include_failed=one.with_failed,
    )


def _stations(picture: Visualization, one: Shown) -> StationValues:
    start, end = _instant(picture, "start"), _instant(picture, "end")
    selection = Selection(one.revision, start, end, variables=(one.variable,))
    return values_by_station(one.view, selection, picture.options["statistic"], most=MOST_STATIONS)


def _instant(picture: Visualization, name: str) -> datetime | None:
    text = picture.options.get(name)
    return clock.parse(text, name) if text else None


def _facts(picture: Visualization, series: Sequence[Shown], places: Sequence[str]) -> Facts:
    datasets = {one.view.dataset.pk: one.view.dataset for one in series}.values()
    licenses = list(dict.fromkeys(d.license for d in datasets if d.license))
    if licenses and not all(d.license for d in datasets):
        licenses.append("one or more not stated")
    return Facts(
        title=picture.title,
        place=", ".join(filter(None, dict.fromkeys(places))),
        license=", ".join(licenses),
        citation="; ".join(dict.fromkeys(d.citation or d.name for d in datasets)),
    )


@dataclass(frozen=True, slots=True)
class Size:
    """Of the whole picture, in px; `scale` pixels of a PNG for each."""

    width: int = 1200
    height: int = 600
    scale: float = 1.0


def image(picture: Visualization, series: Sequence[Shown], form: str, size: Size) -> bytes:
    """The picture as PNG, SVG or PDF; drawn once for the same version, form and size."""
    drawing.check_size(form, width=size.width, height=size.height, scale=size.scale)
    tag = version(picture, series, form, size.width, size.height, size.scale)

    def draw() -> bytes:
        return drawing.draw(
            compiled(picture, series).spec,
            format=form,
            width=size.width,
            height=size.height,
            scale=size.scale,
        )

    return once(tag, draw)


def once(tag: str, make: Callable[[], bytes]) -> bytes:
    """What was made of that version before, or is made now."""
    key = f"picture:{tag}"
    stored: bytes | None = cache.get(key)
    if stored is None:
        stored = make()
        cache.set(key, stored, CACHED_S)
    return stored
