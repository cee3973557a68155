"""Rate limits: who is counted with whom, what is announced, and the last one that is let in."""

import re
import time
import uuid
from collections.abc import Iterator

import pytest
import requests

from accounts.counters import AWAY_S
from tests import redis as redis_server
from tests.redis import Redis
from tests.running import Server
from tests.security.asking import Described
from tests.security.conftest import People, Person
from tests.security.limited import (
    ANALYSES,
    EXPORTS,
    POINTS,
    READS,
    SMALL,
    WRITES,
    announces,
    assert_refused,
    left,
    network,
    person,
    running,
    stranger,
)
from tests.security.oauth2_flow import address_for

pytestmark = pytest.mark.slow

STRANGERS_READS = READS // 10
PARAMETER = re.compile(r"\{\w+\}")
NUMBERED = re.compile(r"(stations|variables|revisions)/\{\w+\}")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with redis_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Small limits, counted in the database."""
    with running(tmp_path_factory.mktemp("strict"), **SMALL) as server:
        yield server


@pytest.fixture(scope="module")
def with_redis(tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Server]:
    """Small limits, counted in Redis."""
    folder = tmp_path_factory.mktemp("strict-redis")
    with running(folder, REDIS_URL=redis.url, **SMALL) as server:
        yield server


def read(server: Server, **headers: str) -> requests.Response:
    return requests.get(f"{server.api}/analysis-types", headers=headers, timeout=60)


def make_dataset(owner: Person, points: int = 0) -> str:
    body = {"name": f"Limits {uuid.uuid4().hex[:8]}"}
    dataset: str = owner("POST", "/datasets", 201, json=body).json()["id"]
    if points:
        owner("POST", f"/datasets/{dataset}/data", 200, json=rows(points))
    return dataset


def rows(number: int) -> list[dict[str, object]]:
    return [
        {"timestamp": f"2001-01-01T{n // 60:02}:{n % 60:02}:00Z", "value": {"T": n}}
        for n in range(number)
    ]


def key_of(owner: Person) -> dict[str, str]:
    """The header of a new API key."""
    body = {"name": "limits", "scopes": ["data:read"]}
    made = owner("POST", "/auth/api-keys", 201, json=body).json()
    return {"X-API-Key": made["key"], **network()}


# ------------------------------------------------------------------ announced


def test_k_14_every_limited_route_announces_its_limits_whatever_it_answers(
    guarded: Server, guarded_admin: Person, described: dict[str, Described]
) -> None:
    silent = []
    for one in described.values():
        if one.method != "get":
            continue
        url = guarded.url + PARAMETER.sub(UNKNOWN, NUMBERED.sub(r"\1/1", one.path))
        signed, anonymous = (
            get(url, timeout=60) for get in (guarded_admin.session.get, requests.get)
        )
        if not (announces(signed) and announces(anonymous)):
            silent.append((one.path, signed.status_code, anonymous.status_code))
    assert silent == []


def test_k_14_refusals_and_odd_answers_announce_too(
    guarded: Server, somebody: People, guarded_admin: Person
) -> None:
    owner = somebody("analyst")
    dataset = make_dataset(owner, points=3)
    path = f"/datasets/{dataset}"
    tag = owner("GET", path).headers["ETag"]
    bad = {"Authorization": "Bearer a.b.c"}
    answers = {
        200: owner("HEAD", path),
        304: owner("GET", path, headers={"If-None-Match": tag}),
        400: owner("GET", "/datasets?unknown=1"),
        401: requests.get(f"{guarded.api}/users/me", headers=bad, timeout=60),
        403: owner("GET", "/audit"),
        404: owner("GET", f"/datasets/{UNKNOWN}"),
        405: owner("DELETE", "/datasets"),
        406: owner("GET", f"{path}/data?format=png"),
        415: owner("POST", f"{path}/data", data=b"x", headers={"Content-Type": "image/png"}),
    }
    assert {status: one.status_code for status, one in answers.items()} == {
        status: status for status in answers
    }
    assert [status for status, one in answers.items() if not announces(one)] == []
    stream = owner("GET", f"{path}/data?format=csv")
    assert stream.status_code == 200
    assert announces(stream)
    assert announces(requests.post(f"{guarded.api}/auth/token", json={}, timeout=60))


def test_k_14_what_is_not_limited_announces_nothing(guarded: Server) -> None:
    for path in ("/health/live", "/health/ready", "/api/schema", "/api/docs"):
        answer = requests.get(guarded.url + path, timeout=60)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers, path


# ------------------------------------------------------------------ who is counted with whom


@pytest.mark.parametrize("place", ["strict", "with_redis"])
def test_k_14_users_keys_and_networks_have_counters_of_their_own(
    place: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue(place)
    one, other = person(server), person(server)
    key = key_of(one)
    at_home = network()
    for _ in range(READS):
        assert one("GET", "/users/me").status_code == 200
    assert_refused(one("GET", "/users/me"), "reads")
    # From elsewhere, too: it is the user who is counted.
    assert_refused(one("GET", "/users/me", headers=network()), "reads")
    # Writes are counted apart, and nobody else is held to it: no key, no user, no network.
    assert one("POST", "/datasets", json={"name": "Still"}).status_code == 201
    assert left(read(server, **key), "reads") == READS - 1
    assert left(other("GET", "/users/me"), "reads") == READS - 1
    assert left(read(server, **at_home), "reads") == STRANGERS_READS - 1


def test_k_14_strangers_of_a_network_share_a_tenth(strict: Server) -> None:
    at_home = network()
    assert [read(strict, **at_home).status_code for _ in range(STRANGERS_READS)] == [200] * 4
    assert_refused(read(strict, **at_home), "reads")
    assert read(strict, **network()).status_code == 200


def test_k_14_an_ipv6_network_is_one_caller(strict: Server) -> None:
    beginning = f"2001:db8:{uuid.uuid4().hex[:4]}:1"
    hosts = [f"{beginning}:{n}:{n}:{n}:{n}" for n in range(1, STRANGERS_READS + 1)]
    for host in hosts:
        assert read(strict, **{"X-Forwarded-For": host}).status_code == 200
    assert_refused(read(strict, **{"X-Forwarded-For": f"{beginning}::1"}), "reads")


def test_k_14_a_bad_credential_counts_as_the_stranger_who_sent_it(strict: Server) -> None:
    at_home = network()
    bad = {**at_home, "Authorization": "Bearer a.b.c"}
    statuses = [read(strict, **bad).status_code for _ in range(STRANGERS_READS)]
    assert statuses == [401] * STRANGERS_READS
    assert_refused(read(strict, **bad), "reads")
    assert_refused(read(strict, **at_home), "reads")


def test_k_14_what_a_stranger_says_of_addresses_is_not_believed(strict: Server) -> None:
    session = stranger(address_for(uuid.uuid4().hex))
    answers = [
        session.get(f"{strict.api}/analysis-types", headers=network(), timeout=60)
        for _ in range(STRANGERS_READS + 1)
    ]
    assert [one.status_code for one in answers[:-1]] == [200] * STRANGERS_READS
    assert_refused(answers[-1], "reads")


def test_k_14_before_the_address_that_a_proxy_saw_anything_may_stand(strict: Server) -> None:
    at_home = network()["X-Forwarded-For"]
    for n in range(STRANGERS_READS):
        read(strict, **{"X-Forwarded-For": f"203.0.113.{n}, garbage, {at_home}"})
    assert_refused(read(strict, **{"X-Forwarded-For": at_home}), "reads")


# ------------------------------------------------------------------ at each limit, and one past it


def test_k_14_writes(strict: Server) -> None:
    writer = person(strict)
    for _ in range(WRITES):
        writer("PATCH", "/users/me", 200, json={})
    assert_refused(writer("PATCH", "/users/me", json={}), "writes")
    assert writer("GET", "/users/me").status_code == 200


def test_k_14_points_are_paid_afterwards(strict: Server) -> None:
    writer = person(strict)
    dataset = make_dataset(writer)
    path = f"/datasets/{dataset}/data"
    assert left(writer("POST", path, 200, json=rows(POINTS - 1)), "points") == 1
    # One is left, so one more body is taken, however long it is.
    assert left(writer("POST", path, 200, json=rows(POINTS)), "points") == 0
    refused = writer("POST", path, json=rows(1))
    assert_refused(refused, "points")
    # All but one of those of the last body are owed.
    hour = 3600
    assert refused.headers["Retry-After"].isdecimal()
    assert (POINTS - 2) / POINTS * hour < int(refused.headers["Retry-After"]) <= hour
    assert writer("GET", f"/datasets/{dataset}").status_code == 200


def test_k_14_a_long_page_weighs_more_and_a_stream_most(strict: Server) -> None:
    reader = person(strict)
    dataset = make_dataset(reader, points=2)
    before = left(reader("GET", "/users/me"), "reads")
    after = left(reader("GET", f"/datasets/{dataset}/data?limit=50000"), "reads")
    assert before - after == 6
    refused = reader("GET", f"/datasets/{dataset}/data?format=csv")
    assert_refused(refused)
    assert left(refused, "reads") == after


def test_k_14_exports(strict: Server) -> None:
    reader = person(strict)
    dataset = make_dataset(reader, points=2)
    later = {"Prefer": "respond-async"}

    def export(variables: str) -> requests.Response:
        path = f"/datasets/{dataset}/data?fields={variables}"
        answer: requests.Response = reader("GET", path, headers=later)
        return answer

    kinds = ["timestamp", "value", "station", "id"][: EXPORTS + 1]
    answers = [export(kind) for kind in kinds]
    assert [one.status_code for one in answers[:-1]] == [202] * EXPORTS
    assert_refused(answers[-1], "exports")
    assert reader("GET", f"/datasets/{dataset}/data").status_code == 200


def test_k_14_analyses(strict: Server) -> None:
    reader = person(strict)
    dataset = make_dataset(reader, points=2)
    body = {"type": "trend", "parameters": {"variable": "T"}}
    answers = [
        reader("POST", f"/datasets/{dataset}/analysis", json=body) for _ in range(ANALYSES + 1)
    ]
    # The third may find the result of the first, which is then there at once.
    assert all(one.status_code in {200, 202} for one in answers[:-1])
    assert_refused(answers[-1], "analyses")


# ------------------------------------------------------------------ a cache that dies


def test_k_14_f_05_limits_go_on_without_redis_and_are_stricter(
    with_redis: Server, redis: Redis
) -> None:
    reader = person(with_redis)
    assert left(reader("GET", "/users/me"), "reads") == READS - 1
    redis.kill()
    try:
        seconds = []
        for _ in range(READS):
            answer = reader("GET", "/users/me")
            seconds.append(answer.elapsed.total_seconds())
            if answer.status_code == 429:
                break
        assert_refused(answer, "reads")
        # Half of it; each process finds out by itself, with the whole, and again after a while.
        assert READS // 2 <= len(seconds) <= READS // 2 + 8
        assert f'"reads";q={READS // 2};w=3600' in answer.headers["RateLimit-Policy"]
        # None waits for what is not there; the machine may hold one of them up.
        assert sorted(seconds)[-2] < 2
    finally:
        redis.start()
        # Each process asks it again only then, and until then other tests would have half.
        time.sleep(AWAY_S + 0.5)
