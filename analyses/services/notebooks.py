"""A notebook that does an analysis again through the API and compares the results."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from analyses.models import Analysis
from analyses.parameters import at_revisions, effective
from analyses.registry import analyses as registry

NEEDS = "Needs the packages `requests` and `pandas`."
CONNECT = """import os

import pandas as pd
import requests

ADDRESS = {address}
KEY = os.environ["DATASTREAM_API_KEY"]  # one with the scopes data:read and analysis:run

session = requests.Session()
session.headers["Authorization"] = f"Api-Key {{KEY}}"


def ask(method, path, **given):
    answer = session.request(method, ADDRESS + "/api/v1" + path, timeout=60, **given)
    answer.raise_for_status()
    return answer"""
READ = """import io

series = {series}
tables = []
for one in series:
    path = "/datasets/" + one["dataset"] + "/data"
    query = {{"variables": one["variable"], "revision": one["revision"], "format": "csv"}}
    query |= {window} | ({{"station": one["station"]}} if one["station"] else {{}})
    table = pd.read_csv(io.StringIO(ask("GET", path, params=query).text), parse_dates=["timestamp"])
    name = (one["station"] + " " + one["variable"]).strip()
    tables.append(table.set_index("timestamp")[one["variable"]].rename(name))
data = pd.concat(tables, axis=1)
data.describe()"""
COMPUTE = """import time

request = {request}
analysis = ask("POST", {path}, params={{"wait": 20}}, json=request).json()
while analysis["status"] in ("queued", "running"):
    time.sleep(1)
    analysis = ask("GET", "/analyses/" + analysis["id"]).json()
analysis["status"], analysis["error"]"""
COMPARE = """DIGEST = {digest}
print("identical" if analysis["digest"] == DIGEST else "different", analysis["libraries"])
analysis["results"]"""


def notebook(analysis: Analysis, *, address: str) -> dict[str, Any]:
    """In Jupyter's format 4.5; what people wrote stands in it as text, never as code."""
    cells = [
        _words(f"# {analysis.type} of {_plain(analysis.dataset.name)}"),
        _words(_told(analysis, address)),
        _code(CONNECT.format(address=_text(address))),
        _words("## The data\n\nAs they stood at the revision that the analysis read."),
        _code(READ.format(series=_text(_series(analysis)), window=_text(_window(analysis)))),
        _words("## The analysis, again"),
        _code(COMPUTE.format(request=_text(_request(analysis)), path=_text(_path(analysis)))),
        _words("## The same result?"),
        _code(COMPARE.format(digest=_text(analysis.result.digest if analysis.result else ""))),
    ]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
    }


def _told(analysis: Analysis, address: str) -> str:
    link = f"[{analysis.pk}]({address}/api/v1/analyses/{analysis.pk})"
    lines = [
        f"Analysis {link}, method version {analysis.method_version}.",
        *(f"Reads dataset {row.dataset_id} at revision {row.revision}." for row in _rows(analysis)),
        NEEDS,
    ]
    return "\n\n".join(lines)


def _series(analysis: Analysis) -> list[dict[str, Any]]:
    return [
        {
            "dataset": str(row.dataset_id),
            "revision": row.revision,
            "station": told["station"],
            "variable": told["variable"],
        }
        for row in _rows(analysis)
        for told in row.series
    ]


def _rows(analysis: Analysis) -> list[Any]:
    return list(analysis.inputs.order_by("pk"))


def _window(analysis: Analysis) -> dict[str, str]:
    given = analysis.parameters
    return {name: given[name] for name in ("start", "end", "flags") if name in given}


def _request(analysis: Analysis) -> dict[str, Any]:
    """The same again on the revisions that were read, whatever came since."""
    revisions = {str(row.dataset_id): row.revision for row in _rows(analysis)}

    def read_at(reference: Mapping[str, Any]) -> int:
        named = UUID(reference["dataset"]) if "dataset" in reference else analysis.dataset_id
        return int(revisions[str(named)])

    method = registry[analysis.type]
    pinned = at_revisions(method, effective(method, analysis.parameters), read_at)
    pinned["revision"] = analysis.dataset_revision
    return {"type": analysis.type, "parameters": pinned}


def _path(analysis: Analysis) -> str:
    return f"/datasets/{analysis.dataset_id}/analysis"


def _text(value: Any) -> str:
    """A literal of Python in one line of ASCII, whatever somebody wrote into it."""
    return ascii(value)


def _plain(name: str) -> str:
    """A name as Markdown shows it: nothing in it is a link, a formula or an element."""
    return "".join(f"&#{ord(one)};" if one in "<>&[]()`*_$\\!#|~" else one for one in name)


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None,
    }  # fmt: skip
