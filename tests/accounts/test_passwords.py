"""Checking passwords: in turns, counted, and the same for those who are not there."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from accounts import limits, passwords
from accounts.hashers import Argon2Hasher
from accounts.limits import ACCOUNT, NETWORK, Caller
from accounts.models import AuditEvent, User
from accounts.turns import RUNNING, Turns
from datastream.core.errors import TooManyRequestsError
from datastream.env import Rate
from tests.conftest import ClientOf
from tests.factories import PASSWORD, make_user
from tests.threads import at_once

SIGN_IN = "/api/v1/auth/token"


@pytest.fixture
def three_tries() -> Iterator[None]:
    with override_settings(RATE_LOGINS_ACCOUNT=Rate(3, 900), RATE_LOGINS_NETWORK=Rate(8, 60)):
        yield


WRONG = "no-password-of-theirs"


def tries(client: Any, name: str, password: str = WRONG, number: int = 1) -> list[int]:
    body = {"username": name, "password": password}
    return [client.post(SIGN_IN, body, format="json").status_code for _ in range(number)]


@pytest.mark.usefixtures("three_tries")
@pytest.mark.parametrize("is_there", [True, False])
def test_k_03_after_three_failures_none_is_looked_at(
    analyst: User, anyone: Any, is_there: bool
) -> None:
    name = analyst.username if is_there else "nobody-of-this-name"
    assert tries(anyone, name, number=3) == [401] * 3
    answer = anyone.post(SIGN_IN, {"username": name, "password": PASSWORD}, format="json")
    assert answer.status_code == 429
    assert answer.json()["detail"] == {
        "code": "RATE_LIMITED",
        "message": "Too many failed sign-ins; wait and try again.",
        "details": {},
    }
    assert 800 < int(answer["Retry-After"]) <= 900


@pytest.mark.usefixtures("three_tries")
def test_k_03_name_and_e_mail_in_any_case_are_one_account(analyst: User, anyone: Any) -> None:
    assert tries(anyone, analyst.username, number=2) == [401] * 2
    assert tries(anyone, analyst.email.upper(), number=2) == [401, 429]
    assert tries(anyone, analyst.username.upper()) == [429]


@pytest.mark.usefixtures("three_tries")
def test_k_03_a_success_wipes_the_failures_out_and_is_not_counted(
    analyst: User, anyone: Any
) -> None:
    for _ in range(6):
        assert tries(anyone, analyst.username, number=1) == [401]
        assert tries(anyone, analyst.username, PASSWORD) == [200]
    assert tries(anyone, analyst.username, number=4) == [401, 401, 429, 429]


@pytest.mark.usefixtures("three_tries")
def test_k_03_many_accounts_from_one_network(analyst: User, anyone: Any) -> None:
    assert [tries(anyone, f"nobody-{n}")[0] for n in range(10)] == [401] * 8 + [429] * 2
    assert tries(anyone, analyst.username, PASSWORD) == [429]
    body = {"username": analyst.username, "password": PASSWORD}
    elsewhere = anyone.post(SIGN_IN, body, format="json", REMOTE_ADDR="198.51.100.9")
    assert elsewhere.status_code == 200


@pytest.mark.usefixtures("three_tries")
def test_k_03_a_refused_try_counts_for_nobody_else(analyst: User, anyone: Any) -> None:
    tries(anyone, analyst.username, number=30)
    assert tries(anyone, "another-nobody") == [401]


@pytest.mark.usefixtures("committed_db", "three_tries")
@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        ("post", "/api/v1/users/me/password", {"new_password": "another-long-sentence-9"}),
        ("patch", "/api/v1/users/me", {"email": "another@example.org"}),
    ],
)
def test_k_03_the_current_password_is_guessed_no_more_often_though_all_is_undone(
    client_of: ClientOf, method: str, path: str, change: dict[str, str]
) -> None:
    user = make_user()
    ask = getattr(client_of(user), method)
    body = {"current_password": WRONG, **change}
    answers = [ask(path, body, format="json").status_code for _ in range(4)]
    assert answers == [400, 400, 400, 429]
    with pytest.raises(TooManyRequestsError):
        passwords.check(user, PASSWORD)


@pytest.mark.usefixtures("committed_db")
def test_k_03_guesses_at_the_same_moment_are_no_more_than_the_limit() -> None:
    user = make_user()

    def guess() -> str:
        try:
            return str(passwords.check(user, "wrong"))
        except TooManyRequestsError:
            return "refused"

    with override_settings(RATE_LOGINS_ACCOUNT=Rate(5, 900), RATE_LOGINS_NETWORK=Rate(30, 60)):
        answers = at_once(*[guess] * 12)
    assert sorted(answers) == ["False"] * 5 + ["refused"] * 7


@pytest.mark.usefixtures("committed_db")
def test_right_passwords_at_the_same_moment_are_all_right() -> None:
    user = make_user()
    with override_settings(RATE_LOGINS_ACCOUNT=Rate(2, 900), RATE_LOGINS_NETWORK=Rate(2, 60)):
        assert at_once(*[lambda: passwords.check(user, PASSWORD)] * 8) == [True] * 8


@pytest.mark.usefixtures("three_tries")
def test_a_failure_is_audited_without_what_was_typed(analyst: User, anyone: Any) -> None:
    tries(anyone, "a-password-typed-as-a-name")
    tries(anyone, analyst.username, "canary-password")
    rows = list(AuditEvent.objects.filter(action="login.failed").order_by("id"))
    assert [row.user_id for row in rows] == [None, analyst.pk]
    assert {row.outcome for row in rows} == {"failed"}
    assert "typed" not in str([vars(row) for row in rows])
    assert "canary" not in str([vars(row) for row in rows])


@pytest.mark.usefixtures("three_tries")
def test_nothing_tells_how_often_an_account_was_tried(analyst: User, anyone: Any) -> None:
    answer = anyone.post(SIGN_IN, {"username": analyst.username, "password": "x"}, format="json")
    assert 'logins";q=8;w=60' in answer["RateLimit-Policy"]
    assert "q=3" not in answer["RateLimit-Policy"]


def test_a_caller_is_named_alike_whoever_they_are(db: None) -> None:
    for name in ("user", "account", "name"):
        counter = limits.quota(ACCOUNT, Caller(f"{name} somebody")).counter
        assert counter.startswith("logins_account:")
    assert limits.quota(NETWORK, Caller("network ")).counter


# ------------------------------------------------------------------ turns


def test_k_04_one_at_a_time_and_the_same_thread_again() -> None:
    turns = Turns(patience_s=5, waiting_most=20)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with turns.turn(), turns.turn():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.002)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1] * 12


def held(turns: Turns) -> tuple[threading.Thread, threading.Event]:
    """A thread that has the turn until the event."""
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn():
            begun.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(60)
    return thread, done


def test_k_04_who_waits_too_long_is_told_to_come_back() -> None:
    turns = Turns(patience_s=0.02, waiting_most=5)
    thread, done = held(turns)
    with pytest.raises(TooManyRequestsError), turns.turn():
        pass
    done.set()
    thread.join()
    with turns.turn():
        pass


def test_k_04_the_queue_is_short() -> None:
    turns = Turns(patience_s=10, waiting_most=0)
    thread, done = held(turns)
    began = time.monotonic()
    with pytest.raises(TooManyRequestsError), turns.turn():
        pass
    assert time.monotonic() - began < 5
    done.set()
    thread.join()


def test_k_04_the_real_hasher_takes_turns() -> None:
    seen = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(sum(one.value for metric in RUNNING.collect() for one in metric.samples))
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    hasher = Argon2Hasher()
    encoded = hasher.encode("a password", "a-salt-of-22-characters")
    answers = at_once(*[lambda: hasher.verify("a password", encoded)] * 4)
    stop.set()
    watcher.join()
    assert answers == [True] * 4
    assert max(seen) == 1
