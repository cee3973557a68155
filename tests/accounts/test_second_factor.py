"""Codes of the second factor, where somebody signs in without a browser."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import override_settings
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Login, User
from accounts.services import second_factor
from datastream.env import Rate
from tests.factories import PASSWORD, make_user
from tests.threads import at_once

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
Attempt = Callable[..., Any]


@pytest.fixture
def guarded_user(analyst: User) -> User:
    """The analyst, with a second factor switched on."""
    totp.TOTP.activate(analyst, SECRET)
    return analyst


@pytest.fixture
def attempt(anyone: APIClient, analyst: User) -> Attempt:
    def attempt(password: str = PASSWORD, **more: Any) -> Any:
        body = {"username": analyst.username, "password": password, **more}
        return anyone.post("/api/v1/auth/token", body, format="json")

    return attempt


def code(step: int = 0) -> str:
    """The code of this half minute, or of one beside it."""
    now = sorted(totp.yield_hotp_counters_from_time())
    return str(totp.format_hotp_value(totp.hotp_value(SECRET, now[len(now) // 2] + step)))


def test_without_a_second_factor_no_code_is_asked_for(analyst: User, attempt: Attempt) -> None:
    assert attempt().status_code == 200


def test_a_password_alone_does_not_open_an_account_with_a_second_factor(
    guarded_user: User, attempt: Attempt
) -> None:
    answer = attempt()
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "INVALID_CREDENTIALS"
    assert set(answer.json()["detail"]["details"]) == {"otp"}
    assert not Login.objects.exists()


def test_the_code_opens_it(guarded_user: User, attempt: Attempt) -> None:
    assert attempt(otp=code()).status_code == 200


def test_a_wrong_password_does_not_tell_that_there_is_a_second_factor(
    guarded_user: User, attempt: Attempt
) -> None:
    for more in ({}, {"otp": code()}, {"otp": "000000"}):
        answer = attempt("wrong-password-of-mine", **more)
        assert answer.status_code == 401
        assert answer.json()["detail"]["details"] == {}
    # The right code was not used up by it.
    assert attempt(otp=code()).status_code == 200


@pytest.mark.parametrize("is_cache_lost", [False, True])
def test_a_code_works_once_though_the_cache_is_lost(
    guarded_user: User, attempt: Attempt, is_cache_lost: bool
) -> None:
    once = code()
    assert attempt(otp=once).status_code == 200
    if is_cache_lost:
        cache.clear()
    assert attempt(otp=once).status_code == 401
    assert attempt(otp=code(-1)).status_code == 401, "one before a used one is of no use"
    assert attempt(otp=code(1)).status_code == 200


def test_a_code_sent_many_times_at_once_works_once(committed_db: None) -> None:
    user = make_user("analyst")
    totp.TOTP.activate(user, SECRET)
    kept = RecoveryCodes.activate(user).get_unused_codes()[0]
    for once in (code(), kept):
        assert sum(at_once(*[partial(second_factor.use_code, user, once)] * 4)) == 1


def test_a_recovery_code_works_once(guarded_user: User, attempt: Attempt) -> None:
    first, second = RecoveryCodes.activate(guarded_user).get_unused_codes()[:2]
    assert [attempt(otp=one).status_code for one in (first, first, second)] == [200, 401, 200]
    mine = Authenticator.objects.get(user=guarded_user, type="recovery_codes")
    assert mine.last_used_at is not None


@pytest.mark.parametrize("otp", ["000000", "abc", "12345", "١٢٣٤٥٦", "é", "-", " 1 "])
def test_what_is_no_code_is_401(guarded_user: User, attempt: Attempt, otp: str) -> None:
    assert attempt(otp=otp).status_code == 401


@pytest.mark.parametrize("otp", [["000000"], {"a": 1}, None, "1" * 21, "1\x00", ""])
def test_what_is_no_text_of_a_code_is_400(guarded_user: User, attempt: Attempt, otp: Any) -> None:
    answer = attempt(otp=otp)
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {"otp"}


def test_a_code_of_somebody_else_is_of_no_use(
    guarded_user: User, viewer: User, attempt: Attempt
) -> None:
    totp.TOTP.activate(viewer, totp.generate_totp_secret())
    theirs = RecoveryCodes.activate(viewer).get_unused_codes()[0]
    assert attempt(otp=theirs).status_code == 401


@override_settings(RATE_LOGINS_ACCOUNT=Rate(3, 900))
def test_k_03_guessing_codes_has_the_limit_of_guessing_passwords(
    guarded_user: User, attempt: Attempt
) -> None:
    # The right password in between does not let the guesses begin anew.
    assert [attempt(otp="000000").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert attempt(otp=code()).status_code == 429
    failed = AuditEvent.objects.filter(action="login.failed", user_id=guarded_user.pk)
    assert [event.details for event in failed] == [{"second_factor": True}] * 3


@override_settings(ADMIN_TOTP_REQUIRED=True)
def test_an_admin_who_must_have_a_second_factor_gets_in_with_one_only(
    admin: User, anyone: APIClient
) -> None:
    body = {"username": admin.username, "password": PASSWORD}
    answer = anyone.post("/api/v1/auth/token", body, format="json")
    assert answer.status_code == 403
    assert "two-step" in answer.json()["detail"]["message"]
    pages = APIClient()
    pages.force_login(admin)
    assert pages.get("/api/v1/users").status_code == 403
    totp.TOTP.activate(admin, SECRET)
    answer = anyone.post("/api/v1/auth/token", {**body, "otp": code()}, format="json")
    assert answer.status_code == 200
    assert pages.get("/api/v1/users").status_code == 200


@override_settings(ADMIN_TOTP_REQUIRED=True)
def test_a_second_factor_is_asked_of_nobody_but_admins(attempt: Attempt) -> None:
    assert attempt().status_code == 200
