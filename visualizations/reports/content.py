"""What a report of an analysis says and shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analyses.models import Analysis
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from datasets import access
from datasets.access import Caller
from datastream.core.errors import ConflictError, PlatformError
from visualizations import options, services
from visualizations.models import Visualization
from visualizations.registry import Drawing, Kind, kinds
from visualizations.reports.tables import Table, shown, tables_of, words
from visualizations.services import Shown

# What shows most of an analysis whose results no kind of picture draws.
OF_SERIES = {
    "anomaly": "bars",
    "anomaly_detection": "line",
    "changepoint": "line",
    "climatology": "box_by_month",
    "drought": "bars",
    "gaps": "availability",
    "indices": "line",
    "outliers": "line",
    "regression": "line",
    "summary": "histogram",
    "trend": "anomaly_trend",
}
MOST_SECTIONS = 20
MOST_TABLES = 40
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    """The results on one series, or all of an analysis that has no sections."""

    title: str
    notes: list[str]
    tables: list[Table]


@dataclass(frozen=True)
class Picture:
    """A drawing and what it is."""

    caption: str
    drawing: Drawing


@dataclass(frozen=True)
class Report:
    """Text and drawings; nothing in it is markup."""

    title: str
    description: str
    words: list[str]
    facts: Pairs
    parameters: Pairs
    sections: list[Section]
    pictures: list[Picture]
    undrawn: list[str]
    missing: str
    references: tuple[str, ...]
    provenance: Pairs
    left_out_sections: int = 0
    created_at: Any = field(default=None, compare=False)


def report(caller: Caller, analysis: Analysis) -> Report:
    """The report of an analysis that the caller may see.

    Raises
    ------
    ConflictError
        It has no result yet, or never will.
    """
    if analysis.result is None:
        message = (analysis.error or {}).get("message", f"It is {analysis.status}.")
        raise ConflictError(f"There is no result to report. {message}")
    method = registry[analysis.type]
    results: Mapping[str, Any] = analysis.result.results
    parts = results["series"] if method.several else [results]
    inputs = list(_shown(caller, analysis))
    pictures, undrawn = _pictures(analysis, method, inputs)
    return Report(
        title=f"{method.title}: {_subject(inputs)}",
        description=method.description,
        words=method.words(results),
        facts=_facts(inputs),
        parameters=[(words(k), _parameter(v, k)) for k, v in sorted(analysis.parameters.items())],
        sections=[_section(one, is_named=len(parts) > 1) for one in parts[:MOST_SECTIONS]],
        left_out_sections=max(0, len(parts) - MOST_SECTIONS),
        pictures=pictures,
        undrawn=undrawn,
        missing=method.missing.replace("`", ""),
        references=method.references,
        provenance=_provenance(analysis),
        created_at=analysis.finished_at,
    )


def _shown(caller: Caller, analysis: Analysis) -> Iterator[Shown]:
    """The series that it read, as they stood then."""
    told = [(row, one) for row in analysis.inputs.order_by("pk") for one in row.series]
    for row, one in sorted(told, key=lambda pair: int(pair[1]["place"])):
        view = access.view(caller, row.dataset_id)
        with_failed = services.takes_failed(analysis)
        yield Shown(view, one["station"], one["variable"], row.revision, with_failed)


def _subject(inputs: list[Shown]) -> str:
    first = inputs[0]
    where = f" at {first.station}" if first.station else ""
    more = f" and {len(inputs) - 1} more" if len(inputs) > 1 else ""
    return f"{first.variable}{where}{more}, {first.view.dataset.name}"


def _facts(inputs: list[Shown]) -> Pairs:
    found: Pairs = []
    for dataset, revision in {one.view.dataset: one.revision for one in inputs}.items():
        found.append(("dataset", f"{dataset.name}, revision {revision}"))
        found.append(("source", dataset.citation or dataset.source))
        found.append(("licence", dataset.license or "not stated"))
    return [(name, text) for name, text in found if text]


def _parameter(value: Any, name: str = "") -> str:
    if isinstance(value, list):
        return ", ".join(map(_parameter, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_parameter(one, key)}" for key, one in value.items())
    return shown(value, name)


def _section(results: Mapping[str, Any], *, is_named: bool) -> Section:
    names = [results.get("variable"), results.get("station")] if is_named else []
    tables = tables_of(results)
    more = len(tables) - MOST_TABLES
    return Section(
        title=" at ".join(str(name) for name in names if name),
        notes=[f"{more} more tables are in the results."] if more > 0 else [],
        tables=tables[:MOST_TABLES],
    )


def _provenance(analysis: Analysis) -> Pairs:
    result = analysis.result
    if result is None:
        return []
    versions = ", ".join(f"{name} {version}" for name, version in result.libraries.items())
    return [
        ("analysis", str(analysis.pk)),
        ("method", f"{analysis.type}, version {analysis.method_version}"),
        ("libraries", versions),
        ("digest of the results", result.digest),
        ("computed", f"{result.created_at:%Y-%m-%d %H:%M} UTC, in {result.seconds:.2f} s"),
    ]


# ------------------------------------------------------------------ pictures


def _pictures(
    analysis: Analysis, method: Method, inputs: list[Shown]
) -> tuple[list[Picture], list[str]]:
    """What the kinds that draw such results make of them, and why one could not."""
    found: list[Picture] = []
    undrawn = []
    for kind in kinds:
        if method.name in kind.analyses or kind.name == OF_SERIES.get(method.name):
            try:
                drawing = _drawing(kind, analysis, inputs)
            except PlatformError as error:
                why = "; ".join(str(one[0]) for one in error.details.values()) or error.message
                undrawn.append(f"There is no picture ({kind.title}): {why}")
            else:
                told = f"Picture {len(found) + 1}: {kind.title}{_apart(kind, analysis)}"
                found.append(Picture(told, drawing))
    return found, undrawn


def _apart(kind: Kind, analysis: Analysis) -> str:
    """What a picture computes in another way than the analysis, where that is so."""
    result = analysis.result
    if kind.name != "anomaly_trend" or result is None:
        return ""
    step = result.results.get("step")
    means = "the values themselves" if step == "raw" else f"means of each {step}"
    return (
        ". Its line is always of complete years, rain added up, with the correction of Yue and "
        f"Wang and at 95 %; the numbers of this report are of {means}."
    )


def _drawing(kind: Kind, analysis: Analysis, inputs: list[Shown]) -> Drawing:
    first = inputs[0]
    given: dict[str, Any] = {}
    if kind.draws == "series":
        name = kind.named_by[0]
        is_list = kind.options[name]["type"] == "array"
        given = {name: [first.variable] if is_list else first.variable}
        given |= {"station": first.station} if first.station else {}
        given |= {k: analysis.parameters[k] for k in ("start", "end") if k in analysis.parameters}
    checked = options.check(kind, given)
    picture = Visualization(kind=kind.name, options=checked, analysis=analysis)
    taken = inputs[:1] if kind.draws == "series" else inputs
    return services.compiled(picture, taken)
