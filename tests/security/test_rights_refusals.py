"""A refused write changes nothing and leaves one line in the audit log."""

import uuid
from typing import Any

import pytest

from tests.security.asking import Described, request_of
from tests.security.matrix import OK, OPERATIONS, PEOPLE, Row
from tests.security.world import VISIBILITIES, World, patiently

pytestmark = pytest.mark.slow
LISTS = ("stations", "variables", "shares", "revisions", "receipts", "analysis")
VERBS = (
    "create", "update", "destroy", "revoke", "change", "range", "rerun", "_run", "cancel", "apply",
    "gaps", "password", "visibility",
)  # fmt: skip
WRITES = [name for name, row in OPERATIONS.items() if row.scopes and name.endswith(VERBS)]


def test_every_write_is_among_them(described: dict[str, Described]) -> None:
    writing = {one.id for one in described.values() if one.method != "get"}
    signing_in = {"auth_token", "auth_refresh", "auth_revoke"}
    assert {name.partition(":")[0] for name in WRITES} == writing - signing_in


def state(world: World) -> list[Any]:
    """The tag and revision of each dataset, and how much there is of everything in it."""
    found: list[Any] = [world.made("admin", "GET", "/users")["count"]]
    for visibility in VISIBILITIES:
        ids = world.ids[visibility]
        path = f"/datasets/{ids['datasets']}"
        answer = world.ask("admin", "GET", path)
        assert answer.status_code == 200
        found += [answer.headers["ETag"], answer.json()["revision"], answer.json()["point_count"]]
        found += [world.made("admin", "GET", f"{path}/{name}")["count"] for name in LISTS]
        found.append(world.made("admin", "GET", f"/runs?feed={ids['feeds']}")["count"])
        found.append(world.made("admin", "GET", "/feeds")["count"])
        for kind in ("analyses", "visualizations", "feeds"):
            found.append(world.ask("admin", "GET", f"/{kind}/{ids[kind]}").headers["ETag"])
    return found


def refused(row: Row) -> list[tuple[str, str]]:
    return [
        (case, who)
        for case, answers in row.rule.cases.items()
        for who in PEOPLE
        if answers[who] != OK
    ]


@pytest.mark.parametrize("name", WRITES)
def test_a_02_a_refusal_changes_nothing_and_is_in_the_audit_log_once(
    name: str, world: World, described: dict[str, Described]
) -> None:
    row, one = OPERATIONS[name], described[name.partition(":")[0]]
    assert one.method != "get", name
    asked = {}
    before = state(world)
    for case, who in refused(row):
        request = request_of(world, one, name, case, who)
        identity = f"refused-{uuid.uuid4()}"
        more = {**request.sent, "headers": {"X-Request-ID": identity}}
        answer = patiently(request.person, request.method, request.path, **more)
        assert answer.status_code in {401, 403, 404}, (case, who, answer.text)
        asked[identity] = (case, who, request.path)
    assert state(world) == before
    lines = audited(world, list(asked))
    assert {key: asked[key] for key in asked if lines.get(key, 0) != 1} == {}


def audited(world: World, identities: list[str]) -> dict[str, int]:
    """How many lines of the audit log name each request."""
    database = world.server.database()
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, count(*) FROM audit_events "
            "WHERE request_id = ANY(%s) AND outcome = 'denied' GROUP BY 1",
            [identities],
        )
        found = dict(cursor.fetchall())
    database.close()
    return found


def test_a_02_the_line_says_who_wanted_what(world: World) -> None:
    dataset, viewer = world.ids["internal"]["datasets"], world.people["viewer"]
    identity = f"refused-{uuid.uuid4()}"
    headers = {"X-Request-ID": identity}
    refused = viewer("DELETE", f"/datasets/{dataset}", 403, headers=headers)
    assert refused.headers["X-Request-ID"] == identity
    (line,) = world.made("admin", "GET", f"/audit?request_id={identity}")["results"]
    assert line["outcome"] == "denied"
    assert dataset in str(line)
    assert viewer.id in str(line)
