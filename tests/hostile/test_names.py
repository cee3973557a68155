"""IN-46 to IN-50: hosts, names, passwords, credentials and tokens that are none."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from tests.hostile import wire
from tests.hostile.conftest import made
from tests.hostile.target import CANARY, JSON, LIST, Target, fields
from tests.running import Server
from tests.timing import assert_within

pytestmark = pytest.mark.slow

ME = "/api/v1/users/me"
TOKEN = "/api/v1/auth/token"
REFRESH = "/api/v1/auth/refresh"
USERS, KEYS, PICTURES = "/api/v1/users", "/api/v1/auth/api-keys", "/api/v1/visualizations"


class Door(Target):
    """The lists in which anything would show that got in."""

    def _read_state(self) -> list[Any]:
        below = [f"{self.url}/{name}" for name in ("stations", "variables", "shares")]
        answers = [self.get(path) for path in (USERS, KEYS, PICTURES, LIST, *below)]
        assert {answer.status for answer in answers} == {200}
        return [answer.json()["count"] for answer in answers]


@pytest.fixture(scope="module")
def door(attacked_server: Server) -> Door:
    target = made(attacked_server, attacked_server.admin())
    return Door(target.server, target.token, target.url.rpartition("/")[2])


# ------------------------------------------------------------------ IN-46


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80", "",
     "127.0.0.1:99999999", "127.0.0.1/evil", "user@127.0.0.1", "[::1", "a b",
     "127.0.0.1, evil.example",
     "127.0.0.1,127.0.0.1", "evil.example#127.0.0.1", "\x07", "é.example", "x" * 300, "[::2]"],
)  # fmt: skip
def test_in_46_a_foreign_host(door: Door, host: str):
    for path in (ME, LIST, TOKEN, "/api/v1/nonsense", "/oauth2/token"):
        detail = door.ask(path, headers={"Host": host})
        assert detail["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("second", ["evil.example", "127.0.0.1", ""])
@pytest.mark.parametrize("order", [1, -1])
def test_in_46_two_hosts(door: Door, second: str, order: int):
    hosts = [("Host", "127.0.0.1"), ("host", second)][::order]
    head = "".join(f"{name}: {value}\r\n" for name, value in hosts)
    answered_400(door, f"GET {LIST} HTTP/1.1\r\n{head}\r\n")


@pytest.mark.parametrize("place", ["http://evil.example", "https://evil.example:1", "http://a@b"])
def test_in_46_another_host_in_the_address(door: Door, place: str):
    answered_400(door, f"GET {place}{LIST} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")


def test_in_46_our_own_host_in_the_address(door: Door):
    port = door.server.port
    with wire.connect(port) as connection:
        address = f"127.0.0.1:{port}"
        head = f"GET http://{address}{LIST} HTTP/1.1\r\nHost: {address}\r\n\r\n"
        connection.sendall(head.encode())
        assert wire.answer(connection).status == 200


def answered_400(door: Door, head: str) -> None:
    with door.watched(), wire.connect(door.server.port) as connection:
        connection.sendall(head.encode("latin-1"))
        answer = wire.answer(connection)
    assert answer.status == 400
    assert answer.json()["detail"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded"])
def test_in_46_a_forwarded_host_is_not_believed(door: Door, name: str):
    answer = door.get(f"{USERS}?page_size=1", **{name: "host=evil.example"})
    assert answer.status == 200
    assert b"evil.example" not in answer.body
    assert "127.0.0.1" in str(answer.json()["next"] or "127.0.0.1")


# ------------------------------------------------------------------ IN-47

NO_NAMES: list[Any] = [{}, [], ["x"], {"x": "y"}, 3, True, None, "", " ", "   ", "\t", "\u3000",
                       "a\x07b",
                       "a\nb", "\x00", "a\x7fb", "\x9bx", "a\u202eb", "\u2066a\u2069",
                       "x" * 256]  # fmt: skip
GOOD_KEY = {"scopes": ["data:read"]}
GOOD_USER = {"email": "new@example.org", "password": "a-long-sentence-9"}
# Path, field, and what else is right.
NAMED: list[tuple[str, str, dict[str, Any]]] = [
    (LIST, "name", {}),
    (LIST, "source", {"name": "x"}),
    ("/stations", "code", {}),
    ("/stations", "name", {"code": "x"}),
    ("/variables", "name", {"unit": "degC"}),
    ("/variables", "standard_name", {"name": "x", "unit": "degC"}),
    (USERS, "username", GOOD_USER),
    (USERS, "email", {**GOOD_USER, "username": "somebody-new"}),
    (KEYS, "name", GOOD_KEY),
    (PICTURES, "title", {"kind": "line"}),
]
# A text that may be left empty, and words in which digits are as good as letters.
MAY_BE_EMPTY = {("/stations", "name"), ("/stations", "code"), ("/variables", "standard_name")}
MAY_BE_DIGITS = {("/variables", "standard_name"), (LIST, "source")}


@pytest.mark.parametrize("name", NO_NAMES, ids=range(len(NO_NAMES)))
@pytest.mark.parametrize(("path", "field", "rest"), NAMED, ids=lambda one: str(one)[:30])
def test_in_47_what_is_no_name(door: Door, path: str, field: str, rest: dict[str, Any], name: Any):
    if (name == "" and (path, field) in MAY_BE_EMPTY) or (
        type(name) is int and (path, field) in MAY_BE_DIGITS
    ):
        pytest.skip("it may be that")
    detail = door.send({**rest, field: name}, path=path)
    assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}
    assert any(one.split(".")[0] == field for one in detail["details"]), detail


@pytest.mark.parametrize("name", [one for one in NO_NAMES if one is not None], ids=str)
def test_in_47_with_whom_nothing_is_shared(door: Door, name: Any):
    for body in ({"user": name}, {"role": name}):
        detail = door.send({**body, "permission": "view"}, path="/shares")
        assert detail["code"] == "VALIDATION_ERROR"
        assert fields(detail), detail
    detail = door.send({"role": "viewer", "permission": name}, path="/shares")
    assert fields(detail) == ["permission"]


@pytest.mark.parametrize("name", NO_NAMES, ids=range(len(NO_NAMES)))
def test_in_47_a_dataset_is_not_renamed_to_what_is_no_name(door: Door, name: Any):
    assert "name" in door.patch({"name": name})["details"]


# ------------------------------------------------------------------ IN-48

QUICK_S = 0.05
LONG = CANARY + "p" * 2**20


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [(TOKEN, {"username": "admin", "password": LONG}, "password"),
     (TOKEN, {"username": LONG, "password": "x"}, "username"),
     (USERS, {"username": "new", "email": "new@example.org", "password": LONG}, "password"),
     (f"{ME}/password", {"current_password": LONG, "new_password": "y" * 20}, "current_password"),
     (f"{ME}/password", {"current_password": "x", "new_password": LONG}, "new_password")],
    ids=["sign in", "user name", "register", "current", "new"],
)  # fmt: skip
def test_in_48_a_password_of_a_megabyte(door: Door, path: str, body: dict[str, str], field: str):
    assert fields(door.send(body, path=path)) == [field]
    quick(door, path, body)


@pytest.mark.parametrize(
    "name", [["admin"], {"username": "admin"}, {"$ne": ""}, True, None, "ad\x00min", "\x00", ""],
    ids=str,
)  # fmt: skip
def test_in_48_a_user_name_that_is_none(door: Door, name: Any):
    body = {"username": name, "password": "a-long-sentence-9"}
    assert fields(door.send(body, path=TOKEN)) == ["username"]
    quick(door, TOKEN, body)
    body = {"username": "admin", "password": name}
    assert fields(door.send(body, path=TOKEN)) == ["password"]


def quick(door: Door, path: str, body: Any) -> None:
    """400 within 50 ms, so nobody's password was hashed.

    Others work on this machine too: it is the best of some tries that counts, and by how much it
    takes longer than saying no to next to nothing.
    """
    headers = {"Content-Type": JSON}

    def longer_s() -> float:
        took: dict[bytes, list[float]] = {b"{}": [], json.dumps(body).encode(): []}
        for _ in range(5):
            for raw, times in took.items():
                answer = door.request("POST", path, body=raw, headers=headers)
                assert answer.status == 400
                times.append(answer.took_s)
        least, best = (min(times) for times in took.values())
        return best - least

    assert_within(QUICK_S, longer_s)


# ------------------------------------------------------------------ IN-49

ODD_WORDS = ["", " ", "Bearer", "Bearer ", "Bearer  ", "Bearer a b", "Bearer a b c",
             "Bearer " + "x" * 7_000,
             "Bearer é", "Bearer \xff\xfe", "bearer", "Basic YWRtaW46YWRtaW4=", "Basic", "Digest x",
             "Nonsense", "Nonsense x", "Token x", "Api-Key", "Api-Key ", "Api-Key a b", "Api-Key é",
             "Api-Key " + "x" * 7_000, "Api-Key dsk_", "Api-Key dsk_a_b", "Bearer dsk_x",
             "Bearer a.b.c",
             "Bearer ..", "Bearer a.b", "Bearer null", "Bearer undefined", "Bearer, x", "Bearer=x",
             "\tBearer x", "é", "x" * 7_000]  # fmt: skip


def unauthorised(door: Door, headers: Mapping[str, str]) -> None:
    answer = ask(door, headers)
    assert answer.status == 401, (headers, answer.body[:300])
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    code = answer.json()["detail"]["code"]
    assert code in {"INVALID_TOKEN", "AUTHENTICATION_REQUIRED"}


def ask(door: Door, headers: Mapping[str, str], path: str = ME) -> wire.Answer:
    """A request with these credentials and no others."""
    return wire.ask(door.server.port, "GET", path, headers={"User-Agent": CANARY, **headers})


@pytest.mark.parametrize("words", ODD_WORDS, ids=range(len(ODD_WORDS)))
def test_in_49_authorization_that_is_none(door: Door, words: str):
    with door.watched():
        unauthorised(door, {"Authorization": words})
        # What is public is refused too: whoever sends credentials wants them looked at.
        assert ask(door, {"Authorization": words}, LIST).status == 401


@pytest.mark.parametrize(
    "key", ["", " ", "x", "a b", "é", "x" * 7_000, "dsk_", "dsk_a_b", "dsk_a_b_c"]
)
def test_in_49_api_keys_that_are_none(door: Door, key: str):
    with door.watched():
        unauthorised(door, {"X-API-Key": key})


def test_in_49_two_credentials_at_once(door: Door):
    right = f"Bearer {door.token}"
    with door.watched():
        unauthorised(door, {"Authorization": right, "X-API-Key": "dsk_x"})
        unauthorised(door, {"Authorization": right, "X-API-Key": ""})
        unauthorised(door, {"Authorization": right, "authorization": right})
        unauthorised(door, {"Authorization": f"{right}, {right}"})
    assert ask(door, {"Authorization": right}).status == 200


# ------------------------------------------------------------------ IN-50


def claims(door: Door) -> dict[str, Any]:
    """What a genuine access token says."""
    payload = door.token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


def signed(door: Door, **changed: Any) -> str:
    """A token with some claims changed, signed with the server's own key."""
    key = (door.server.var / "jwt-key").read_text()
    told = {**claims(door), **changed}
    kept = {name: value for name, value in told.items() if value is not ...}
    return jwt.encode(kept, key, algorithm="HS256")


ODD: list[Any] = [1e300, -1e300, 1e400, float("nan"), "x", "", [], [1], {}, {"x": 1}, True, None,
                  -1, 0,
                  "\x00", 10**30, ..., 1.5]  # fmt: skip
TIMES: list[Any] = [("exp", one) for one in ODD]
TIMES += [("iat", "x"), ("iat", []), ("nbf", 1e300), ("nbf", "x")]
PEOPLE: list[Any] = [
    "x", "", "\x00", [], {}, 3, True, None, ["x"], "0" * 32, "é" * 100, "x" * 5000, ..., 1e300,
    "00000000-0000-0000-0000-000000000000",
]  # fmt: skip
KINDS: list[Any] = [[], {}, None, ..., "x", 3]
OTHERS = [(name, one) for name in ("token_type", "iss", "aud") for one in KINDS]
OTHERS += [("jti", one) for one in KINDS[:4]]


def by_hand(door: Door, claim: str, value: Any) -> str:
    def coded(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    head = coded(b'{"alg":"HS256","typ":"JWT"}')
    payload = coded(json.dumps({**claims(door), claim: value}).encode())
    key = (door.server.var / "jwt-key").read_bytes()
    proof = coded(hmac.new(key, head + b"." + payload, hashlib.sha256).digest())
    return b".".join((head, payload, proof)).decode()


@pytest.mark.parametrize(
    ("claim", "value"),
    [*TIMES, *(("login", one) for one in PEOPLE), *OTHERS],
    ids=lambda one: str(one)[:20],
)
def test_in_50_a_genuine_token_that_says_something_odd(door: Door, claim: str, value: Any):
    with door.watched():
        try:
            token = signed(door, **{claim: value})
        except TypeError:
            # The library that signs refuses some of them; they are put together without it.
            token = by_hand(door, claim, value)
        answer = ask(door, {"Authorization": f"Bearer {token}"})
        if claim == "jti" and answer.status == 200:
            # An access token is known by its sign-in; the id of its own says nothing.
            return
        unauthorised(door, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("claim", ["exp", "login", "jti", "token_type"])
def test_in_50_odd_tokens_renew_nothing(door: Door, claim: str):
    for value in [*KINDS[:3], 1e300, "x", "\x00"]:
        body = {"refresh": by_hand(door, claim, value)}
        answer = door.send(body, 401, path=REFRESH)
        assert answer["code"] == "INVALID_TOKEN"


def test_in_50_what_is_signed_here_and_says_nothing_odd_is_good(door: Door):
    """Else the refusals above would say nothing."""
    token = signed(door, exp=int(time.time()) + 60)
    assert ask(door, {"Authorization": f"Bearer {token}"}).status == 200
    assert ask(door, {"Authorization": f"Bearer {by_hand(door, 'x', 1)}"}).status == 200
