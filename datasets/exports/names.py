"""What the file of an export is called."""

import re

from datasets.access import View
from datasets.models import Export
from datasets.selectors import visible
from datasets.selectors.points import Selection
from datasets.selectors.questions import question

SUFFIXES = {
    "ndjson": ".ndjson",
    "csv": ".csv",
    "arrow": ".arrows",
    "parquet": ".parquet",
    "geojson": ".geojson",
}
# With days, revision and suffix a name stays below 150 letters.
LONGEST_NAME, LONGEST_STATION = 60, 40
# What no system takes for a part of a path, an option or an end of a name.
ODD = re.compile(r"[^\w.-]+")


def name_of(view: View, selection: Selection, kind: str) -> str:
    """Dataset, the station if it is one, first and last day, revision: what is in the file."""
    words = [_safe(view.dataset.name, LONGEST_NAME) or "dataset"]
    if len(selection.stations) == 1:
        words.append(_safe(selection.stations[0], LONGEST_STATION))
    known = visible.facts(view)
    ends = (selection.start or known.start, selection.end or known.end)
    words += [instant.date().isoformat() for instant in ends if instant]
    return "_".join(filter(None, [*words, f"r{selection.revision}"])) + SUFFIXES[kind]


def file_name(view: View, export: Export) -> str:
    """What the file of a job is called."""
    asked = question(export.query, export.revision)
    return name_of(view, asked.selection, export.format)


def _safe(text: str, longest: int) -> str:
    return ODD.sub("-", text)[:longest].strip("-._")
