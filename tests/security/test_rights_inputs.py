"""Analyses that read several datasets: rights are those on every one of them."""

from typing import Any

import pytest

from tests.running import job
from tests.security.test_rights_paths import alike
from tests.security.world import World

pytestmark = pytest.mark.slow
HERE = {"variable": "T", "station": "A"}


def compared_with(dataset: str) -> dict[str, Any]:
    reference = {**HERE, "dataset": dataset}
    return {"type": "comparison", "parameters": {**HERE, "reference": reference}}


def test_a_04_an_analysis_against_what_cannot_be_seen_is_one_against_nothing(world: World) -> None:
    path = f"/datasets/{world.ids['public']['datasets']}/analysis"
    hidden, unknown = (world.ids[case]["datasets"] for case in ("private", "unknown"))
    sent = [{"id": one, "with": {"json": compared_with(one)}} for one in (hidden, unknown)]
    alike(world, "analyst", "POST", path, sent)


@pytest.fixture
def crossing(world: World) -> str:
    """The path of an analysis of a public dataset that reads a private one too."""
    public, private = (world.ids[case]["datasets"] for case in ("public", "private"))
    path = f"/datasets/{public}/analysis"
    made = world.made("owner", "POST", path, json=compared_with(private))
    done = job(lambda: world.ask("owner", "GET", f"/analyses/{made['id']}"))
    assert done["status"] == "succeeded", done
    return f"/analyses/{made['id']}"


@pytest.mark.parametrize("who", ["anonymous", "viewer", "analyst", "steward"])
def test_a_05_an_analysis_that_reads_what_is_hidden_is_hidden(
    who: str, crossing: str, world: World
) -> None:
    identity = crossing.rpartition("/")[2]
    for path in ("", "/explain?number=n", "/notebook", "/report", "/report?format=pdf"):
        assert world.ask(who, "GET", crossing + path).status_code == 404
    public = world.ids["public"]["datasets"]
    for path in ("/analyses", f"/datasets/{public}/analysis"):
        listed = world.ask(who, "GET", f"{path}?page_size=500").json()["results"]
        assert identity not in {one["id"] for one in listed}


def test_a_05_no_picture_is_made_of_it(crossing: str, world: World) -> None:
    picture = {"title": "Mine", "kind": "line", "analysis": crossing.rpartition("/")[2]}
    answer = world.ask("analyst", "POST", "/visualizations", json=picture)
    assert (answer.status_code, list(answer.json()["detail"]["details"])) == (400, ["analysis"])
