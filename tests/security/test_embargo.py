"""What an embargo hides and a coordinate step blurs, over HTTP: on every path, from the next
request on, and in no filter or order."""

import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from pyarrow import ipc, parquet

from tests.running import Server, eventually, job
from tests.security.conftest import People, Person
from tests.timing import keep_off_midnight

pytestmark = pytest.mark.slow

DAYS, HIDDEN_DAYS = 60, 20
SENTINEL = 98765
EXACT = {"A": (47.4491, -122.3093), "B": (48.9012, -123.8034)}


class River:
    """A public dataset whose newest values are `SENTINEL`, with its owner and others."""

    def __init__(self, somebody: People) -> None:
        self.owner, self.editor, self.viewer = map(somebody, ("analyst", "analyst", "viewer"))
        self.name = f"River {uuid.uuid4().hex[:8]}"
        # Midnight while a test runs would let one day more be seen.
        keep_off_midnight()
        today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        self.times = [today - timedelta(days=n) for n in reversed(range(DAYS))]
        self.until = self.times[-HIDDEN_DAYS - 1].replace(hour=0)
        made = self.owner(
            "POST", "/datasets", 201, json={"name": self.name, "visibility": "public"}
        ).json()
        self.path = f"/datasets/{made['id']}"
        for code, (latitude, longitude) in EXACT.items():
            body = {"code": code, "latitude": latitude, "longitude": longitude}
            self.owner("POST", f"{self.path}/stations", 201, json=body)
        self.owner("POST", f"{self.path}/data", 200, json=self.points())
        share = {"user": self.editor.id, "permission": "edit"}
        self.share = self.owner("POST", f"{self.path}/shares", 201, json=share).json()["id"]

    def analysed(self, body: dict[str, Any]) -> dict[str, Any]:
        made = self.editor("POST", f"{self.path}/analysis", json=body).json()
        return job(lambda: self.editor("GET", f"/analyses/{made['id']}", 200))

    def points(self) -> list[dict[str, Any]]:
        return [
            {
                "timestamp": time.isoformat(),
                "station": code,
                "value": {"T": SENTINEL if time >= self.until else number},
            }
            for code in EXACT
            for number, time in enumerate(self.times)
        ]

    def set(self, **facts: Any) -> None:
        self.owner("PATCH", self.path, 200, json=facts)

    def hide(self) -> None:
        self.set(embargo_days=HIDDEN_DAYS, coordinate_step_deg=1)

    def lower(self) -> None:
        body = {"user": self.editor.id, "permission": "view"}
        self.owner("POST", f"{self.path}/shares", 201, json=body)

    def found(self, who: Person, query: str) -> int:
        words = self.name.replace(" ", "+")
        return int(who("GET", f"/datasets?search={words}&{query}", 200).json()["count"])


@pytest.fixture
def river(somebody: People) -> River:
    return River(somebody)


@pytest.fixture
def nobody(guarded: Server) -> Person:
    return Person(guarded, "", "", "", requests.Session())


READS = [
    "/data?limit=50000", "/data?order=desc", "/data?layout=columns", "/data?revision=1",
    "/data?format=csv", "/data?format=ndjson", "/data?format=geojson", "/data?format=arrow",
    "/data?format=parquet", "/data?resolution=day&statistic=max",
    "/data?resolution=year&statistic=max", "/data?resolution=month&statistic=max&format=csv",
    "/window?variable=T&station=A", "/changes", "/changes?format=ndjson",
]  # fmt: skip


def text(who: Person, path: str) -> str:
    """What is answered, as text; a table as what is in it."""
    answer = who("GET", path, 200)
    if "arrow" in path:
        return str(ipc.open_stream(answer.content).read_all().to_pylist())
    if "parquet" in path:
        return str(parquet.read_table(io.BytesIO(answer.content)).to_pylist())
    return str(answer.text)


def is_told(who: Person, river: River) -> set[bool]:
    """Whether each read tells of what an embargo hides."""
    return {str(SENTINEL) in text(who, river.path + path) for path in READS}


def facts(who: Person, river: River) -> tuple[int, str, int]:
    one = who("GET", river.path, 200).json()
    year = who("GET", f"{river.path}/completeness", 200).json()["results"]
    return one["point_count"], one["end"], sum(row["present"] for row in year)


# ------------------------------------------------------------------ from the next request on


def test_a_06_an_embargo_works_on_the_next_request_on_every_path(river: River, nobody: Person):
    everybody = (river.owner, river.editor, river.viewer, nobody)
    assert [is_told(who, river) for who in everybody] == [{True}] * 4
    everything = facts(nobody, river)
    river.hide()
    assert [is_told(who, river) for who in everybody] == [{True}, {True}, {False}, {False}]
    assert facts(river.editor, river) == everything
    for who in (river.viewer, nobody):
        seen = facts(who, river)
        assert seen[0] == seen[2] == 2 * (DAYS - HIDDEN_DAYS - 1)
        assert seen[1] < river.until.isoformat()
    river.set(embargo_days=None)
    assert is_told(nobody, river) == {True}
    assert facts(nobody, river) == everything


def test_a_06_who_loses_the_right_to_edit_sees_no_more_than_others(river: River):
    river.hide()
    following = river.editor("GET", f"{river.path}/data?order=desc&limit=5", 200).json()["next"]
    newest = river.editor("GET", f"{river.path}/data?order=desc&limit=1", 200).json()["results"][0]
    point = f"{river.path}/data/{newest['id']}"
    tags = {path: river.editor("GET", river.path + path, 200).headers["ETag"] for path in READS}
    river.editor("GET", point, 200)
    river.lower()
    assert is_told(river.editor, river) == {False}
    assert river.editor("GET", following).status_code == 400
    assert (
        river.editor("GET", point, 404).json()
        == river.editor("GET", f"{river.path}/data/{uuid.uuid4()}", 404).json()
    )
    for path, tag in tags.items():
        river.editor("GET", river.path + path, 200, headers={"If-None-Match": tag})


def test_a_06_an_export_of_a_greater_right_is_withheld(river: River):
    river.hide()
    prefer = {"Prefer": "respond-async"}
    job = river.editor("GET", f"{river.path}/data?format=csv", 202, headers=prefer).json()
    path = f"/exports/{job['id']}"
    assert eventually(lambda: river.editor("GET", path).json()["status"] == "succeeded")
    assert str(SENTINEL) in river.editor("GET", f"{path}/file", 200).text
    river.lower()
    river.editor("GET", f"{path}/file", 404)
    again = river.editor("GET", f"{river.path}/data?format=csv", 202, headers=prefer).json()
    assert again["id"] != job["id"]
    path = f"/exports/{again['id']}"
    assert eventually(lambda: river.editor("GET", path).json()["status"] == "succeeded")
    file = river.editor("GET", f"{path}/file", 200)
    assert str(SENTINEL) not in file.text
    assert river.times[-1].date().isoformat() not in file.headers["Content-Disposition"]


def test_a_06_an_analysis_of_hidden_values_is_for_those_who_see_them(river: River, nobody: Person):
    river.hide()
    body = {"type": "summary", "parameters": {"variable": "T", "station": "A"}}
    wide = river.analysed(body)
    assert str(SENTINEL) in str(wide["results"])
    picture = {"title": "T", "kind": "line", "dataset": river.path.split("/")[-1],
               "options": {"variables": ["T"], "station": "A"}, "visibility": "public"}  # fmt: skip
    drawn = river.owner("POST", "/visualizations", 201, json=picture).json()["id"]
    paths = [f"/analyses/{wide['id']}", "/analyses?page_size=500", f"{river.path}/analysis"]
    data = f"/visualizations/{drawn}/data"
    for who in (river.owner, river.editor):
        assert all(wide["id"] in who("GET", path, 200).text for path in paths)
        assert str(SENTINEL) in who("GET", data, 200).text
    river.lower()
    for who in (river.editor, river.viewer, nobody):
        who("GET", paths[0], 404)
        assert not any(wide["id"] in who("GET", path, 200).text for path in paths[1:])
        assert str(SENTINEL) not in who("GET", data, 200).text
    own = river.analysed(body)
    assert str(SENTINEL) not in str(own["results"])


# ------------------------------------------------------------------ no filter and no order


def test_a_05_lists_are_filtered_and_sorted_by_what_one_may_see(river: River, nobody: Person):
    river.hide()
    late = f"start={river.times[-2].date()}"
    assert river.found(river.editor, late) == 1
    assert [river.found(who, late) for who in (river.viewer, nobody)] == [0, 0]
    # Another that ends between what one sees of the first and what there is.
    body = {"name": f"{river.name} other", "visibility": "public"}
    other = river.owner("POST", "/datasets", 201, json=body).json()["id"]
    between = [one for one in river.points() if one["value"]["T"] != SENTINEL]
    between.append({**between[-1], "timestamp": river.times[-HIDDEN_DAYS].isoformat()})
    river.owner("POST", f"/datasets/{other}/data", 200, json=between)
    for name in ("end", "point_count"):
        query = f"/datasets?search={river.name.replace(' ', '+')}&ordering=-{name}"
        first = [who("GET", query, 200).json()["results"][0]["id"]
                 for who in (river.editor, river.viewer, nobody)]  # fmt: skip
        assert first == [river.path.split("/")[-1], other, other]


def test_a_05_boxes_and_order_go_by_the_coordinates_that_are_shown(river: River, nobody: Person):
    river.hide()
    exact, shown = "bbox=-122.31,47.44,-122.3,47.45", "bbox=-122,47,-122,47"
    for who, boxes in ((river.editor, (1, 0)), (river.viewer, (0, 1)), (nobody, (0, 1))):
        assert tuple(river.found(who, box) for box in (exact, shown)) == boxes
        points = [who("GET", f"{river.path}/data?{box}", 200).json() for box in (exact, shown)]
        assert tuple(bool(page["results"]) for page in points) == boxes
    for path in ("/stations", "/stations?format=geojson", "/data?format=geojson"):
        for who, is_exact in ((river.editor, True), (river.viewer, False), (nobody, False)):
            assert ("47.4491" in who("GET", river.path + path, 200).text) == is_exact
    # Both lie in one cell from now on; who sees cells sees them in the order of their making.
    station = river.owner("GET", f"{river.path}/stations?search=B", 200).json()["results"][0]["id"]
    near = {"latitude": 47.4, "longitude": -122.4}
    river.owner("PATCH", f"{river.path}/stations/{station}", 200, json=near)
    for name in ("latitude", "longitude"):
        codes = [
            [one["code"] for one in page["results"]]
            for who in (river.editor, river.viewer)
            for page in [who("GET", f"{river.path}/stations?ordering={name}", 200).json()]
        ]
        assert codes == [["B", "A"], ["A", "B"]]


def test_a_05_revisions_do_not_count_what_is_hidden(river: River, nobody: Person):
    river.hide()
    names = ("inserted", "updated", "deleted", "unchanged", "digest")
    for who, is_counted in ((river.editor, True), (river.viewer, False), (nobody, False)):
        (one,) = who("GET", f"{river.path}/revisions", 200).json()["results"]
        assert [one[name] is not None for name in names] == [is_counted] * 5


# ------------------------------------------------------------------ caches


def test_a_06_answers_to_one_caller_are_kept_by_nobody(river: River, nobody: Person):
    river.hide()
    for path in ("", "/data", "/data?format=csv", "/stations", "/revisions", "/changes"):
        public = nobody("GET", river.path + path, 200)
        assert public.headers["Cache-Control"] == "no-cache"
        varies = {name.strip().lower() for name in public.headers["Vary"].split(",")}
        assert {"authorization", "cookie", "x-api-key"} <= varies
        own = river.editor("GET", river.path + path, 200)
        assert own.headers["Cache-Control"] == "private, no-store"
        refused = nobody("GET", river.path + path, headers={"X-API-Key": "dsk_wrong"})
        assert refused.headers["Cache-Control"] == "private, no-store"
