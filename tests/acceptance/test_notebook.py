"""The notebook of an analysis runs as it stands, and finds the same result."""

import os
import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.running import Server, job

pytestmark = pytest.mark.slow

HOSTILE = "a'); import os; os.abort() # `</script>` {x} $y$"


@pytest.fixture
def analysis(server: Server) -> dict[str, Any]:
    """Of a dataset whose names are code."""
    admin, api = server.admin(), server.api
    dataset = made(admin, f"{api}/datasets", name=HOSTILE)
    points = [
        {"timestamp": f"20{year}-{month:02}-01", "station": HOSTILE, "value": {"T": year + month}}
        for year in range(10, 24)
        for month in range(1, 13)
    ]
    assert admin.post(f"{api}/datasets/{dataset['id']}/data", json=points).status_code == 200
    path = f"{api}/datasets/{dataset['id']}/analysis"
    parameters = {"variable": "T", "start": "2011-01-01"}
    asked = made(admin, path, type="trend", parameters=parameters)
    return job(lambda: admin.get(f"{api}/analyses/{asked['id']}"))


def made(admin: requests.Session, path: str, **facts: object) -> dict[str, Any]:
    answer = admin.post(path, json=facts)
    assert answer.status_code in {200, 201, 202}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def printed(server: Server, analysis: dict[str, Any]) -> str:
    """What its notebook prints, and how many rows it reads."""
    admin, api = server.admin(), server.api
    key = made(admin, f"{api}/auth/api-keys", name="book", scopes=["data:read", "analysis:run"])
    answer = admin.get(f"{api}/analyses/{analysis['id']}/notebook")
    assert answer.headers["Content-Type"] == "application/x-ipynb+json"
    cells = answer.json()["cells"]
    code = "\n".join(one["source"] for one in cells if one["cell_type"] == "code")
    code += "\nprint(len(data), analysis['digest'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DATASTREAM_API_KEY": key["key"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_in_53_it_runs_and_finds_the_same_result(server: Server, analysis: dict[str, Any]) -> None:
    told = printed(server, analysis)
    assert told.startswith("identical ")
    assert told.split()[-2:] == ["156", analysis["digest"]]


def test_it_reads_other_datasets_as_they_stood(server: Server, analysis: dict[str, Any]) -> None:
    admin, api = server.admin(), server.api
    other = made(admin, f"{api}/datasets", name="Other")["id"]
    points = [{"timestamp": f"20{year}-01-01", "value": {"R": year}} for year in range(10, 24)]
    assert admin.post(f"{api}/datasets/{other}/data", json=points).status_code == 200
    home = analysis["dataset"]
    asked = made(
        admin,
        f"{api}/datasets/{home}/analysis",
        type="comparison",
        parameters={"variable": "T", "reference": {"dataset": other, "variable": "R"}},
    )
    compared = job(lambda: admin.get(f"{api}/analyses/{asked['id']}"))
    assert compared["status"] == "succeeded", compared
    changed = [{"timestamp": "2012-01-01", "value": {"R": 99}}]
    assert admin.post(f"{api}/datasets/{other}/data", json=changed).status_code == 200
    assert printed(server, compared).startswith("identical ")
