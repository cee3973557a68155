"""Hostile bodies and queries for feeds, their runs and raw answers: nothing of them is kept."""

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.hostile.conftest import made
from tests.hostile.target import CANARY, JSON, LIST, Target, fields
from tests.running import Server

pytestmark = pytest.mark.slow

FEEDS, RUNS = "/api/v1/feeds", "/api/v1/runs"
DOCUMENTS, CONNECTORS = "/api/v1/documents", "/api/v1/connectors"
# Days that are yet to come, so that nobody is asked.
PARAMETERS = {"stations": ["USW00094728"], "start": "2190-01-01"}


class Collected(Target):
    """What is collected into a dataset, as an admin sees it."""

    feed = ""

    def _read_state(self) -> list[Any]:
        paths = (FEEDS, RUNS, DOCUMENTS, LIST, f"{self.url}/variables", f"{FEEDS}/{self.feed}")
        answers = [self.get(path) for path in paths]
        assert {answer.status for answer in answers} == {200}
        return [answer.body for answer in answers]

    def body(self, **more: Any) -> dict[str, Any]:
        dataset = self.url.rpartition("/")[2]
        facts = {"name": f"{CANARY} {uuid.uuid4().hex}", "connector": "noaa", "dataset": dataset}
        return {**facts, "parameters": PARAMETERS, **more}


@pytest.fixture(scope="module")
def collected(attacked_server: Server) -> Iterator[Collected]:
    target = made(attacked_server, attacked_server.admin())
    collected = Collected(target.server, target.token, target.url.rpartition("/")[2])
    collected.feed = collected.make(FEEDS, collected.body())["id"]
    before = collected.state
    yield collected
    collected.known = None
    assert collected.state == before


NESTED: Any = 1
for _ in range(200):
    NESTED = [NESTED]
WRONG: dict[str, list[Any]] = {
    "name": [None, "", " ", 3, [], {}, "a\x00b", "a\u202eb", "a\nb", "x" * 256],
    "connector": [None, "", 3, [], "NOAA", "../noaa", "n\x00aa", "x" * 10_000],
    "product": [None, 3, {}, "__class__", "x" * 10_000],
    "dataset": [None, "", 3, [], "x", "' OR 1=1", str(uuid.uuid4())],
    "parameters": [
        None, 3, [], "x", {"x": NESTED, "y\x00": 1}, {"x": "y" * 2**20}, {"\x00": 1},
        {"x": ["\x00"]}, {"x": [{}] * 300}, {"x": [1] * 3000},
    ],
    "schedule": [
        3, [], "1d", {}, {"every": "-1d"}, {"every": "1 d"}, {"every": "99999d9"}, {"every": 6},
        {"every": "٣d"}, {"at": "noon"}, {"cron": None}, {"cron": "* * * *"}, {"cron": "\x00"},
        {"cron": "*/0 * * * *"}, {"cron": "61 * * * *"}, {"cron": "0 0 31 2 *"},
        {"cron": "x" * 100_000}, {"cron": "1," * 50_000 + "1"},
    ],
    "lookback_days": [None, -1, 1.5, "x", 10**12, [], "1" * 5000],
    "enabled": [None, 2, "perhaps", []],
    "credential": ["", 3, [], "x", str(uuid.uuid4())],
    "owner": ["x"],
    "__class__": ["x"],
}  # fmt: skip
EACH = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), EACH, ids=lambda one: str(one)[:20])
def test_what_no_feed_has_is_named(collected: Collected, name: str, value: Any):
    detail = collected.send(collected.body(**{name: value}), path=FEEDS)
    assert name in fields(detail)
    if name not in {"connector", "dataset", "product"}:
        assert name in fields(collected.patch({name: value}, path=f"{FEEDS}/{collected.feed}"))


WRONG_PARAMETERS: dict[str, list[Any]] = {
    "stations": [
        None, "", 3, {}, [], [3], [None], ["x"], [["USW00094728"]], ["USW00094728"] * 501,
        ["ＵＳＷ00094728"],
    ],
    "start": [
        None, "", 3, "x", "2012-02-30", "2012-1-1", "1e9", "0001-01-01", "2012-01-01T00:00:00Z",
        "20120101", "٢٠١٢-01-01", "9999-12-31",
    ],
    "end": ["2012-01-01"],
    "variables": [
        ["TMAX", "TMAX"],
        [{"a": n} for n in range(3_000)],
        [n if n % 2 else str(n) for n in range(3_000)],
    ],
    "url": ["http://169.254.169.254/"],
    "__proto__": [{}],
    "a" * 5_000: [1],
}  # fmt: skip
EACH_PARAMETER = [(name, value) for name, values in WRONG_PARAMETERS.items() for value in values]


@pytest.mark.parametrize(("name", "value"), EACH_PARAMETER, ids=lambda one: str(one)[:20])
def test_wrong_parameters_are_named(collected: Collected, name: str, value: Any):
    body = collected.body(parameters={**PARAMETERS, name: value})
    named = [name[:300], "parameters", "stations"]
    assert set(fields(collected.send(body, path=FEEDS))) & set(named)
    body = {"parameters": body["parameters"]}
    assert set(fields(collected.patch(body, path=f"{FEEDS}/{collected.feed}"))) & set(named)


@pytest.mark.parametrize("sent", ["", "null", "3", "[]", '"x"', "{", '{"name": NaN}', "\xff"])
def test_bodies_that_are_no_objects(collected: Collected, sent: str):
    for path in (FEEDS, f"{FEEDS}/{collected.feed}/run"):
        if sent == "" and path != FEEDS:
            continue
        detail = collected.send(sent, path=path)
        assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}


@pytest.mark.parametrize("kind", ["text/csv", "application/x-www-form-urlencoded", "text/html"])
def test_bodies_of_another_kind(collected: Collected, kind: str):
    sent = orjson.dumps(collected.body())
    for path in (FEEDS, f"{FEEDS}/{collected.feed}/run"):
        collected.send(sent, 415, path, kind=kind)


@pytest.mark.parametrize(
    "day", [None, "", 3, [], "x", "2012-02-30", "0000-01-01", "10000-01-01", "٢٠١٢-01-01", "now",
            "2012-01-01\x00", "1" * 5000, "-1-01-01"],
)  # fmt: skip
def test_days_of_a_period_that_are_none(collected: Collected, day: Any):
    path = f"{FEEDS}/{collected.feed}/run"
    assert fields(collected.send({"start": day, "end": "2191-01-01"}, path=path)) == ["start"]
    assert fields(collected.send({"start": "2190-01-01", "end": day}, path=path)) == ["end"]


def test_a_body_past_the_limit_is_refused(collected: Collected):
    sent = orjson.dumps(collected.body(parameters={"x": "y" * 2**24}))
    answer = collected.request("POST", FEEDS, body=sent, headers={"Content-Type": JSON})
    assert answer.status in {400, 413}


IDS = [
    "x",
    "1",
    "%00",
    "..%2f",
    "' OR 1=1",
    "{id}",
    "a" * 3000,
    "%F0%9F%98%80",
    str(uuid.UUID(int=0)),
]


@pytest.mark.parametrize("identity", IDS, ids=range(len(IDS)))
def test_ids_of_nothing(collected: Collected, identity: str):
    place = identity.replace(" ", "%20").replace("'", "%27").replace("{", "%7B").replace("}", "%7D")
    for base, ends in (
        (FEEDS, ("", "/plan", "/coverage")), (RUNS, ("",)), (DOCUMENTS, ("", "/body")),
        (CONNECTORS, ("",)),
    ):  # fmt: skip
        for end in ends:
            assert collected.ask(f"{base}/{place}{end}", 404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "name", "values"),
    [
        (FEEDS, "dataset", ("x", "1", "a\x00")),
        (FEEDS, "enabled", ("\x00",)),
        (RUNS, "feed", ("x", "1")),
        (RUNS, "status", ("x", "queued,running")),
        (RUNS, "trigger", ("x",)),
        (RUNS, "created_after", ("x", "2001-02-30", "infinity")),
        (DOCUMENTS, "run", ("x", "1")),
        (DOCUMENTS, "received_before", ("x", "1e9")),
        (CONNECTORS, "search", ("noaa",)),
        (CONNECTORS, "fields", ("schema", "")),
        ("/coverage", "state", ("x",)),
        ("/coverage", "start", ("x", "now")),
        ("/coverage", "station", ("\x00",)),
        ("/plan", "start", ("2012-01-01",)),
    ],
)
def test_filters_that_are_none(collected: Collected, path: str, name: str, values: tuple[str, ...]):
    place = path if path.startswith("/api") else f"{FEEDS}/{collected.feed}{path}"
    for value in values:
        assert fields(collected.ask(f"{place}?{urlencode({name: value})}")) == [name]
