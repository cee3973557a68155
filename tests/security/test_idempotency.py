"""A write with an `Idempotency-Key` takes effect once, for one caller and one route."""

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.security.people import Person
from tests.security.world import POINTS, World

pytestmark = pytest.mark.slow
OTHER = [{"timestamp": "2002-02-02", "station": "A", "value": {"T": 2.0}}]


@pytest.fixture
def path(world: World) -> str:
    """Where points of a new dataset are written; the owner, the manager and the editor may."""
    return f"/datasets/{world.dataset('private')}/data"


def write(person: Person, path: str, key: str, points: Any = POINTS, **more: Any) -> Any:
    return person("POST", path, json=points, headers={"Idempotency-Key": key}, **more)


def beside(path: str, name: str) -> str:
    return path.removesuffix("data") + name


def revision_of(world: World, path: str) -> int:
    return int(world.made("owner", "GET", path.removesuffix("/data"))["revision"])


def test_k_15_the_same_key_and_body_are_answered_as_before(world: World, path: str) -> None:
    person, key = world.people["owner"], uuid.uuid4().hex
    first = write(person, path, key)
    # What has happened since does not change the answer.
    person("POST", path, 200, json=OTHER)
    again = write(person, path, key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert first.json()["inserted"] == len(POINTS)
    assert revision_of(world, path) == 2


def test_k_15_the_same_key_with_another_body_is_a_conflict(world: World, path: str) -> None:
    person, key = world.people["owner"], uuid.uuid4().hex
    assert write(person, path, key).status_code == 200
    for query, points in (("", OTHER), ("?on_conflict=skip", POINTS)):
        refused = write(person, path + query, key, points)
        assert refused.status_code == 409
        assert refused.json()["detail"]["details"]["reason"]
        assert revision_of(world, path) == 1


def test_k_15_a_key_belongs_to_its_caller(world: World, path: str) -> None:
    key = uuid.uuid4().hex
    receipts = set()
    for who, points in (("owner", POINTS), ("edit", OTHER), ("manage", POINTS)):
        answer = write(world.people[who], path, key, points)
        assert answer.status_code == 200
        receipts.add(answer.json()["receipt"])
    assert len(receipts) == 3
    assert revision_of(world, path) == 2


def test_k_15_a_key_of_somebody_who_may_not_write_answers_nothing(world: World, path: str) -> None:
    key = uuid.uuid4().hex
    assert write(world.people["owner"], path, key).status_code == 200
    assert write(world.people["analyst"], path, key).status_code == 404
    assert write(world.people["view"], path, key).status_code == 403
    assert write(world.people["anonymous"], path, key).status_code == 401


def test_k_15_a_right_taken_away_takes_the_stored_answer_too(world: World, path: str) -> None:
    person, key = world.people["edit"], uuid.uuid4().hex
    assert write(person, path, key).status_code == 200
    body = {"user": person.id, "permission": "view"}
    world.made("owner", "POST", beside(path, "shares"), json=body)
    assert write(person, path, key).status_code == 403


def test_k_15_a_key_belongs_to_its_route(world: World, path: str) -> None:
    person, key = world.people["owner"], uuid.uuid4().hex
    other = f"/datasets/{world.dataset('private')}/data"
    span = {"start": "2001-01-01", "end": "2001-01-02"}
    answers = [
        write(person, path, key),
        write(person, other, key, OTHER),
        person("DELETE", path, params=span, headers={"Idempotency-Key": key}),
    ]
    assert [one.status_code for one in answers] == [200, 200, 200]
    assert answers[2].json()["deleted"] == 1
    again = person("DELETE", path, 200, params=span, headers={"Idempotency-Key": key})
    assert again.json() == answers[2].json()


@pytest.mark.parametrize(
    ("key", "status"),
    [("k" * 255, 200), ("~!#", 200), ("k" * 256, 400), ("a b", 400), ("é".encode(), 400)],
)
def test_k_15_a_key_has_at_most_255_visible_characters(
    key: Any, status: int, world: World, path: str
) -> None:
    answer = write(world.people["owner"], path, key)
    assert answer.status_code == status, answer.text
    assert revision_of(world, path) == (1 if status == 200 else 0)


def test_k_15_of_many_at_once_one_takes_effect(world: World, path: str) -> None:
    person, key = world.people["owner"], uuid.uuid4().hex
    token, answers = person.session.headers["Authorization"], []

    def send() -> None:
        alone = Person(person.server, person.id, person.username, person.password)
        alone.session.headers["Authorization"] = token
        answers.append(write(alone, path, key))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.status_code for one in answers} <= {200, 409}
    done = [one.json() for one in answers if one.status_code == 200]
    assert done
    assert all(one == done[0] for one in done)
    for one in answers:
        if one.status_code == 409:
            assert one.json()["detail"]["details"]["reason"]
    assert revision_of(world, path) == 1


def test_k_15_a_key_lives_a_day(world: World, path: str) -> None:
    person, key = world.people["owner"], uuid.uuid4().hex
    first = write(person, path, key).json()
    for hours, is_kept in ((23, True), (25, False)):
        then = datetime.now(UTC) - timedelta(hours=hours)
        database = world.server.database()
        with database.cursor() as cursor:
            # Nobody waits a day for a test.
            sql = "UPDATE receipts SET created_at = %s WHERE id = %s"
            cursor.execute(sql, [then, first["receipt"]])
        database.close()
        again = write(person, path, key).json()
        assert (again["receipt"] == first["receipt"]) == is_kept
    assert revision_of(world, path) == 1


def test_k_15_the_key_is_told_nobody(world: World, path: str) -> None:
    key = f"key-{time.time_ns()}"
    receipt = write(world.people["owner"], path, key).json()["receipt"]
    for told in (f"/receipts/{receipt}", beside(path, "receipts"), "/audit?page_size=20"):
        assert key not in world.ask("admin", "GET", told).text
    assert key not in world.server.log.read_text()
