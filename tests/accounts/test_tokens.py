"""A sign-in from its first token to its end."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from accounts import services
from accounts.models import Login, User
from datastream.core import clock
from tests.accounts.conftest import SignIn
from tests.factories import PASSWORD, make_user
from tests.threads import at_once

StatusWith = Callable[[str], int]


def renew(client: APIClient, refresh: str) -> Any:
    return client.post("/api/v1/auth/refresh", {"refresh": refresh}, format="json")


def test_the_answer_to_a_sign_in_is_that_of_the_contract(analyst: User, sign_in: SignIn) -> None:
    tokens = sign_in(analyst)
    assert set(tokens) == {"access", "refresh", "expires_in"}
    assert tokens["expires_in"] == 600


def test_an_e_mail_address_signs_in_as_the_user_name_does_whatever_the_case(
    analyst: User, anyone: APIClient
) -> None:
    for name in (analyst.email, analyst.email.upper(), analyst.username.upper()):
        body = {"username": name, "password": PASSWORD}
        assert anyone.post("/api/v1/auth/token", body, format="json").status_code == 200


def test_a_user_name_with_letters_beyond_ascii_signs_in_whatever_the_case(
    db: None, anyone: APIClient
) -> None:
    services.create_user("Éric.Ångström", "eric@example.org", password=PASSWORD)
    for name in ("Éric.Ångström", "éric.ångström", "ÉRIC.ÅNGSTRÖM"):
        body = {"username": name, "password": PASSWORD}
        assert anyone.post("/api/v1/auth/token", body, format="json").status_code == 200, name


def test_an_access_token_opens_what_is_ones_own(
    analyst: User, sign_in: SignIn, anyone: APIClient
) -> None:
    header = f"Bearer {sign_in(analyst)['access']}"
    me = anyone.get("/api/v1/users/me", HTTP_AUTHORIZATION=header).json()
    assert me["id"] == str(analyst.pk)


def test_a_refresh_token_is_no_access_token_and_the_other_way_round(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    tokens = sign_in(analyst)
    assert status_with(tokens["refresh"]) == 401
    assert renew(anyone, tokens["access"]).status_code == 401


def test_renewing_gives_a_new_pair_and_keeps_the_first_access_token_alive(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    first = sign_in(analyst)
    second = renew(anyone, first["refresh"]).json()
    assert second["refresh"] != first["refresh"]
    assert [status_with(pair["access"]) for pair in (first, second)] == [200, 200]


def test_k_06_a_used_refresh_token_ends_its_whole_family_access_tokens_too(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    first = sign_in(analyst)
    second = renew(anyone, first["refresh"]).json()
    again = renew(anyone, first["refresh"])
    assert again.status_code == 401
    assert again.json()["detail"]["code"] == "INVALID_TOKEN"
    assert renew(anyone, second["refresh"]).status_code == 401
    assert [status_with(pair["access"]) for pair in (first, second)] == [401, 401]


def test_reuse_in_one_sign_in_leaves_the_others_alone(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    other, stolen = sign_in(analyst), sign_in(analyst)
    renew(anyone, stolen["refresh"])
    renew(anyone, stolen["refresh"])
    assert (status_with(stolen["access"]), status_with(other["access"])) == (401, 200)


def test_renewing_never_prolongs_a_sign_in(
    analyst: User, sign_in: SignIn, anyone: APIClient
) -> None:
    refresh = sign_in(analyst)["refresh"]
    ends = Login.objects.get(user=analyst).expires_at
    newest = renew(anyone, refresh).json()["refresh"]
    assert Login.objects.get(user=analyst).expires_at == ends
    assert RefreshToken(newest)["exp"] == int(ends.timestamp())


def test_k_05_a_sign_in_past_its_end_is_over(
    analyst: User, sign_in: SignIn, anyone: APIClient
) -> None:
    with override_settings(REFRESH_TOKEN_DAYS=-1):
        refresh = sign_in(analyst)["refresh"]
    assert renew(anyone, refresh).status_code == 401
    assert Login.objects.get(user=analyst).expires_at < clock.now()


def test_the_key_that_signs_can_be_changed_while_what_it_signed_stays_good(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    old, second = sign_in(analyst), "the-second-signing-key-0123456789abcdef"
    first = settings.JWT_SIGNING_KEY
    with override_settings(JWT_SIGNING_KEY=second):
        assert status_with(old["access"]) == 401
    with override_settings(JWT_SIGNING_KEY=second, JWT_PREVIOUS_SIGNING_KEY=first):
        assert status_with(old["access"]) == 200
        new = renew(anyone, old["refresh"]).json()
        # Its kind is looked at whichever key has signed it.
        assert status_with(old["refresh"]) == 401
    with override_settings(JWT_SIGNING_KEY=second):
        assert [status_with(pair["access"]) for pair in (old, new)] == [401, 200]


def test_k_07_signing_out_ends_the_tokens_on_the_next_request(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    tokens = sign_in(analyst)
    body = {"refresh": tokens["refresh"]}
    assert anyone.post("/api/v1/auth/revoke", body, format="json").status_code == 204
    assert status_with(tokens["access"]) == 401
    assert renew(anyone, tokens["refresh"]).status_code == 401
    # A second time is no error: what was asked for is so.
    assert anyone.post("/api/v1/auth/revoke", body, format="json").status_code == 204


def test_k_07_deactivation_ends_the_tokens_on_the_next_request(
    analyst: User, admin: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    tokens = sign_in(analyst)
    services.change_user(admin, analyst, {"is_active": False})
    assert status_with(tokens["access"]) == 401
    assert renew(anyone, tokens["refresh"]).status_code == 401


def test_a_deactivation_by_hand_in_the_database_counts_as_well(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    tokens = sign_in(analyst)
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    assert status_with(tokens["access"]) == 401
    assert renew(anyone, tokens["refresh"]).status_code == 401


def test_activation_does_not_bring_old_tokens_back(
    analyst: User, admin: User, sign_in: SignIn, status_with: StatusWith
) -> None:
    access = sign_in(analyst)["access"]
    services.change_user(admin, analyst, {"is_active": False})
    services.change_user(admin, analyst, {"is_active": True})
    assert status_with(access) == 401


def test_k_07_a_changed_password_ends_every_sign_in_on_the_next_request(
    analyst: User, sign_in: SignIn, anyone: APIClient, status_with: StatusWith
) -> None:
    both = [sign_in(analyst), sign_in(analyst)]
    answer = anyone.post(
        "/api/v1/users/me/password",
        {"current_password": PASSWORD, "new_password": "another-long-sentence-1"},
        format="json",
        HTTP_AUTHORIZATION=f"Bearer {both[0]['access']}",
    )
    assert answer.status_code == 204
    assert [status_with(tokens["access"]) for tokens in both] == [401, 401]
    assert renew(anyone, both[1]["refresh"]).status_code == 401


def test_k_07_who_signs_in_while_the_password_changes_is_not_in(committed_db: None) -> None:
    user = make_user("analyst")
    is_changed, is_entered = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            services.change_password(
                user, current_password=PASSWORD, new_password="another-long-sentence-1"
            )
            is_changed.set()
            # Who signs in waits for this one, and not the other way round.
            assert not is_entered.wait(0.5)

    def enter() -> int:
        # What is not committed is not seen: the old password is still right.
        assert is_changed.wait(60)
        client = APIClient(raise_request_exception=False)
        body = {"username": user.username, "password": PASSWORD}
        status = int(client.post("/api/v1/auth/token", body, format="json").status_code)
        is_entered.set()
        return status

    assert at_once(change, enter) == [None, 401]
    assert not Login.objects.filter(user=user, ended_at=None).exists()


def test_k_11_a_token_in_the_query_is_an_unknown_parameter(
    analyst: User, sign_in: SignIn, anyone: APIClient
) -> None:
    access = sign_in(analyst)["access"]
    answer = anyone.get("/api/v1/datasets", {"access_token": access})
    assert answer.status_code == 400
    assert "access_token" in answer.json()["detail"]["details"]


@pytest.mark.parametrize("path", ["token", "refresh", "revoke"])
def test_a_bad_token_in_the_header_does_not_stop_anyone_from_signing_in(
    db: None, anyone: APIClient, path: str
) -> None:
    answer = anyone.post(
        f"/api/v1/auth/{path}", {}, format="json", HTTP_AUTHORIZATION="Bearer rubbish"
    )
    assert answer.status_code == 400
