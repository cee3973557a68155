"""F-19, F-20: writes that get into each other's way, and connections cut while committing."""

import json
import os
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest

from datastream.core import embedded
from tests.hostile.conftest import Fresh
from tests.hostile.target import JSON, Target
from tests.hostile.test_points import WRITERS, at
from tests.hostile.wire import Answer
from tests.running import Server, eventually

pytestmark = pytest.mark.slow

# ------------------------------------------------------------------ F-19

CLIENTS = 4
ROUNDS = 12
STATIONS = 25


def round_of(number: int, client: int) -> list[dict[str, Any]]:
    """The same keys for each client, in opposite orders, all with the client's own value."""
    made = [
        {
            "timestamp": f"2001-01-{day:02}",
            # Half of them are new in each round, so that names are made in opposite orders too.
            "station": f"s{k}" if k % 2 else f"s{k}-{number}",
            "value": {"SHARED": number * CLIENTS + client, f"V{number}-{k % 3}": 1},
        }
        for k in range(STATIONS)
        for day in range(1, 11)
    ]
    return made if client % 2 else made[::-1]


@pytest.mark.parametrize("kind", WRITERS)
def test_f_19_the_same_rows_in_opposite_order(fresh: Fresh, kind: str):
    dataset = fresh()

    def write_all(client: int) -> list[tuple[int, dict[str, Any]]]:
        own = Target(dataset.server, dataset.token, dataset.url.rpartition("/")[2])
        answers = []
        for number in range(ROUNDS):
            body = WRITERS[kind](round_of(number, client))
            raw = body.encode() if isinstance(body, str) else body
            answer = own.request("POST", "/data", body=raw, headers={"Content-Type": kind})
            answers.append((answer.status, answer.json()))
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [one for found in pool.map(write_all, range(CLIENTS)) for one in found]
    assert {status for status, _ in answers} == {200}, [a for s, a in answers if s != 200][:1]
    acked = [outcome for _, outcome in answers]
    adds_up(dataset, acked)


def adds_up(dataset: Target, acked: list[dict[str, Any]]) -> None:
    """Each write took effect once and whole: counts, revisions and the points themselves."""
    for outcome in acked:
        parts = ("inserted", "updated", "unchanged", "skipped", "rejected")
        assert outcome["received"] == sum(outcome[name] for name in parts)
    # Each says another value, so each changed something, in a revision of its own.
    assert sorted(outcome["revision"] for outcome in acked) == list(range(1, len(acked) + 1))
    inserted = sum(outcome["inserted"] for outcome in acked)
    points = dataset.read()
    assert len({(point["station"], point["timestamp"]) for point in points}) == len(points)
    assert inserted == len(points) == dataset.get().json()["point_count"]
    rounds: dict[str, set[float]] = {}
    for point in points:
        key = point["station"].partition("-")[2]
        rounds.setdefault(key, set()).add(point["value"]["SHARED"])
    assert {len(values) for values in rounds.values()} == {1}, "a write was torn"


# ------------------------------------------------------------------ F-20

ROLE = "datastream_owner"
# Long enough for a busy machine to find the commit and to cut it.
HOLD_S = 10
# Workers commit meanwhile too, but no revision.
COMMITTING = """
SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
WHERE a.query ILIKE 'COMMIT%%' AND a.state = 'active' AND a.wait_event = %s
AND l.relation = 'revisions'::regclass AND l.mode = 'RowExclusiveLock'"""
HOLD = f"""
CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep({HOLD_S}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON revisions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION hold_commit();"""
LET_GO = "DROP TRIGGER IF EXISTS hold_commit ON revisions; DROP FUNCTION IF EXISTS hold_commit()"


def run(server: Server, statement: str, *values: Any, role: str = ROLE) -> list[Any]:
    url = embedded.Server(server.var / "postgres").url(role=role)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def held_before_commit(server: Server) -> Iterator[str]:
    """A commit waits in a deferred trigger: nothing is committed yet."""
    run(server, HOLD)
    try:
        yield "PgSleep"
    finally:
        run(server, LET_GO)


@contextmanager
def held_after_commit(server: Server) -> Iterator[str]:
    """A commit waits for a standby that is not there: all is committed, and not said yet."""
    run(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", role="postgres")
    run(server, "SELECT pg_reload_conf()", role="postgres")
    try:
        yield "SyncRep"
    finally:
        run(server, "ALTER SYSTEM RESET synchronous_standby_names", role="postgres")
        run(server, "SELECT pg_reload_conf()", role="postgres")


HOLDS = {"before": held_before_commit, "after": held_after_commit}
POINTS = [*at("2001-01-01"), *at("2001-01-02"), *at("2001-01-03")]


def send_keyed(dataset: Target, key: str) -> Answer:
    own = Target(dataset.server, dataset.token, dataset.url.rpartition("/")[2])
    headers = {"Content-Type": JSON, "Idempotency-Key": key}
    return own.request("POST", "/data", body=json.dumps(POINTS).encode(), headers=headers)


def committing(server: Server, event: str) -> int:
    """The session that is in the middle of its commit."""
    found: list[Any] = []

    def is_there() -> bool:
        found[:] = run(server, COMMITTING, event)
        return bool(found)

    assert eventually(is_there, 30, every_s=0.02), run(
        server, "SELECT state, wait_event, query FROM pg_stat_activity"
    )
    return int(found[0][0])


def tells_the_truth(dataset: Target, key: str) -> None:
    """The repeat says that all was inserted, in revision 1, and so it is, once."""
    again = send_keyed(dataset, key)
    assert again.status == 200, again.body
    outcome = again.json()
    assert (outcome["inserted"], outcome["unchanged"], outcome["revision"]) == (3, 0, 1)
    assert send_keyed(dataset, key).json() == outcome
    assert dataset.get().json()["point_count"] == len(dataset.read()) == 3
    revisions = dataset.get("/revisions").json()["results"]
    assert [(one["number"], one["inserted"]) for one in revisions] == [(1, 3)]
    receipt = dataset.get(f"/receipts/{outcome['receipt']}")
    assert receipt.status == 200
    plain = dataset.accepted(POINTS)
    assert (plain["unchanged"], plain["revision"]) == (3, 1)


@pytest.mark.parametrize("moment", HOLDS)
def test_f_20_a_connection_cut_while_committing(fresh: Fresh, moment: str):
    dataset, key = fresh(), uuid.uuid4().hex
    server = dataset.server
    with ThreadPoolExecutor(1) as pool:
        with HOLDS[moment](server) as event:
            sent: Future[Answer] = pool.submit(send_keyed, dataset, key)
            process = committing(server, event)
            assert run(server, "SELECT pg_terminate_backend(%s)", process, role="postgres")
        answer = sent.result(60)
    assert answer.status == 503, answer.body
    assert answer.json()["detail"]["code"] == "SERVICE_UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) > 0
    stored = dataset.get().json()["point_count"]
    assert stored == (3 if moment == "after" else 0)
    tells_the_truth(dataset, key)


@pytest.mark.parametrize("moment", HOLDS)
def test_f_20_a_web_process_killed_while_committing(fresh: Fresh, moment: str):
    """What was sent to be committed may be committed although nobody is there to be told."""
    dataset, key = fresh(), uuid.uuid4().hex
    server = dataset.server
    with ThreadPoolExecutor(1) as pool, HOLDS[moment](server) as event:
        sent: Future[Answer] = pool.submit(send_keyed, dataset, key)
        committing(server, event)
        # Not the first: it starts the others again.
        for process in server.web_processes()[1:]:
            os.kill(process, signal.SIGKILL)
        assert sent.exception(60) is not None
    assert eventually(lambda: is_answering(dataset), 60)
    tells_the_truth(dataset, key)


def is_answering(dataset: Target) -> bool:
    try:
        return dataset.get().status == 200
    except OSError:
        return False
