"""Pictures: saved as kind, options and series; compiled and drawn when they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import transaction

from accounts.models import User
from accounts.services import audit
from analyses.models import Analysis
from analyses.selectors import analyses_for
from datasets import access
from datasets.access import Caller, View
from datasets.selectors import series as reading
from datasets.series import Series
from datastream.core import clock
from datastream.core.api.conditional import tag_of
from datastream.core.errors import InvalidInputError, NotFoundError
from visualizations import drawing, options
from visualizations.models import Visualization, VisualizationInput
from visualizations.registry import Drawing, Facts, Kind, kinds

log = structlog.get_logger(__name__)

CACHED_S = 7 * 24 * 3600
MOST_SERIES = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """One series of a picture: which, as whom, and at which revision."""

    view: View
    station: str
    variable: str
    revision: int


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
    dataset_id = analysis.dataset_id if analysis else data.get("dataset")
    given = _with_defaults(data.get("options", {}), data.get("series", []), analysis)
    kind = _kind(data["kind"])
    checked = options.check(kind, given)
    series = _series_of(owner, dataset_id, data.get("series", []), checked)
    picture = Visualization.objects.create(
        owner=owner,
        title=data["title"],
        kind=kind.name,
        dataset_id=None if analysis else dataset_id,
        analysis=analysis,
        options=checked,
        visibility=data.get("visibility", "private"),
    )
    _save_series(picture, series)
    return picture


@transaction.atomic
def change_visualization(caller: User, picture: Visualization, data: Mapping[str, Any]) -> None:
    """Change title, visibility, kind or options; what it is a picture of stays."""
    kind = _kind(data.get("kind", picture.kind))
    if "options" in data or kind.name != picture.kind:
        own = _own_series(picture)
        given = _with_defaults(data.get("options", picture.options), own, picture.analysis)
        picture.options = options.check(kind, given)
        dataset_id = picture.analysis.dataset_id if picture.analysis else picture.dataset_id
        series = _series_of(caller, dataset_id, own, picture.options)
        picture.series.all().delete()
        _save_series(picture, series)
    picture.kind = kind.name
    picture.title = data.get("title", picture.title)
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
    given: Any, series: Sequence[Mapping[str, Any]], analysis: Analysis | None
) -> dict[str, Any]:
    """Options with the variables of the series or of the analysis, where none are given."""
    if not isinstance(given, Mapping):
        raise InvalidInputError.of("options", "Send one JSON object.")
    filled = dict(given)
    if series:
        names = list(dict.fromkeys(one["variable"] for one in series))
        filled.setdefault("variables", names)
    if analysis is not None:
        for name in ("variable", "station"):
            if name in analysis.parameters:
                filled.setdefault(name, analysis.parameters[name])
    return filled


def _series_of(
    caller: User,
    dataset_id: UUID | None,
    series: Sequence[Mapping[str, Any]],
    checked: Mapping[str, Any],
) -> list[VisualizationInput]:
    if not series:
        if dataset_id is None:
            raise InvalidInputError.of("dataset", "Give a dataset, an analysis or series.")
        names = checked.get("variables") or [checked["variable"]]
        station = checked.get("station")
        series = [{"dataset": dataset_id, "station": station, "variable": n} for n in names]
    if len(series) > MOST_SERIES:
        raise InvalidInputError.of("series", f"At most {MOST_SERIES}.")
    return [_input(caller, number, one) for number, one in enumerate(series)]


def _input(caller: User, position: int, one: Mapping[str, Any]) -> VisualizationInput:
    try:
        view = access.view(caller, one["dataset"])
    except NotFoundError as error:
        message = "There is no such dataset, or you may not see it."
        raise InvalidInputError.of("dataset", message) from error
    variable, station = reading.find(view, one["variable"], one.get("station"))
    return VisualizationInput(
        position=position, dataset=view.dataset, station=station.code, variable=variable.name
    )


def _save_series(picture: Visualization, series: list[VisualizationInput]) -> None:
    for one in series:
        one.visualization = picture
    VisualizationInput.objects.bulk_create(series)


# ------------------------------------------------------------------ drawn


def shown(caller: Caller, picture: Visualization) -> list[Shown]:
    """What a picture shows this caller; NotFoundError where a dataset may not be read."""
    pinned = picture.analysis.dataset_revision if picture.analysis else None
    found = []
    for one in picture.series.all():
        view = access.view(caller, one.dataset_id)
        revision = view.dataset.revision if pinned is None else pinned
        found.append(Shown(view, one.station, one.variable, revision))
    return found


def version(picture: Visualization, series: Sequence[Shown], *more: Any) -> str:
    """Equal where the picture is the same: options, data, view, code and what else is given."""
    kind = kinds[picture.kind]
    data = [
        [one.view.digest, one.revision, one.view.dataset.meta_version, one.station, one.variable]
        for one in series
    ]
    return tag_of([kind.name, kind.version, picture.title, picture.options], data, *more)


def compiled(picture: Visualization, series: Sequence[Shown]) -> Drawing:
    """The picture as a drawing's specification, its alt text and its values."""
    arrays = [_array(picture, one) for one in series]
    return kinds[picture.kind].compile(arrays, picture.options, _facts(picture, series, arrays))


def _array(picture: Visualization, one: Shown) -> Series:
    return reading.series(
        one.view,
        one.variable,
        station=one.station,
        start=_instant(picture, "start"),
        end=_instant(picture, "end"),
        revision=one.revision,
    )


def _instant(picture: Visualization, name: str) -> datetime | None:
    text = picture.options.get(name)
    return clock.parse(text, name) if text else None


def _facts(picture: Visualization, series: Sequence[Shown], arrays: Sequence[Series]) -> Facts:
    datasets = {one.view.dataset.pk: one.view.dataset for one in series}.values()
    places = dict.fromkeys(one.station_name or one.station for one in arrays)
    return Facts(
        title=picture.title,
        place=", ".join(filter(None, places)),
        license=", ".join(dict.fromkeys(d.license for d in datasets if d.license)),
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
    key = "picture:" + version(picture, series, form, size.width, size.height, size.scale)
    stored: bytes | None = cache.get(key)
    if stored is not None:
        return stored
    spec = compiled(picture, series).spec
    drawn = drawing.draw(spec, format=form, width=size.width, height=size.height, scale=size.scale)
    cache.set(key, drawn, CACHED_S)
    return drawn
