"""API keys, from their making to their end."""

import hmac
import re
import statistics
import string
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import keys, selectors, services
from accounts.models import ApiKey, AuditEvent, User
from accounts.services import keys as key_services
from datastream.core.errors import ConflictError, InvalidInputError, InvalidTokenError
from datastream.core.scopes import ADMINISTER, READ, RUN, WRITE
from tests.admin import address, browser
from tests.conftest import ClientOf
from tests.factories import make_user
from tests.threads import at_once
from tests.timing import assert_within, seconds_of

KEYS = "/api/v1/auth/api-keys"
BODY = {"name": "nightly upload", "scopes": [READ, WRITE]}
OTHER_KEY = "another-key-of-this-installation-1234567"


@pytest.fixture
def key(analyst: User) -> tuple[ApiKey, str]:
    return key_services.create(analyst, name="notebook", scopes=[READ, WRITE])


def with_key(text: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return client


def scopes_of(text: str) -> set[str]:
    """What a key is good for now."""
    return set(keys.caller_of(text)[1].scopes or ())


def status(text: str) -> int:
    return int(with_key(text).get("/api/v1/users/me").status_code)


# ------------------------------------------------------------------ how they are written


def test_a_key_is_shown_once_and_is_good_in_both_headers(api: APIClient) -> None:
    made = api.post(KEYS, BODY, format="json")
    assert made.status_code == 201
    assert set(made.json()) == {
        "key", "id", "name", "scopes", "created_at", "expires_at", "last_used_at",
    }  # fmt: skip
    text = made.json()["key"]
    assert status(text) == 200
    client = APIClient()
    assert client.get("/api/v1/users/me", HTTP_X_API_KEY=text).status_code == 200
    listed = api.get(KEYS)
    assert listed.json()["results"][0]["id"] == made.json()["id"]
    assert text.split("_")[2] not in listed.content.decode()
    assert "key" not in listed.json()["results"][0]


def test_k_08_a_key_has_a_public_id_a_secret_of_256_bits_and_a_checksum(
    key: tuple[ApiKey, str],
) -> None:
    row, text = key
    assert re.fullmatch(r"dsk_[0-9A-Za-z]{12,16}_[0-9A-Za-z]{49}", text)
    assert 62**43 > 2**256
    assert text.split("_")[1] == row.public_id
    assert row.secret_hash not in text
    assert text[-49:-6] not in str(vars(row))


@pytest.mark.parametrize("place", [4, 10, 19, 40, 61, 62, 67])
def test_k_08_a_mistyped_key_is_refused_without_a_look_up(
    key: tuple[ApiKey, str], place: int
) -> None:
    text = key[1]
    other = "a" if text[place] != "a" else "b"
    with CaptureQueriesContext(connection) as captured, pytest.raises(InvalidTokenError):
        keys.caller_of(text[:place] + other + text[place + 1 :])
    assert len(captured) == 0


@pytest.mark.parametrize(
    "text",
    ["", "dsk_", "dsk__", "x" * 7000, "dsk_" + "0" * 14 + "_" + "0" * 49, "DSK_a_b", "dsk_\u0661"],
)
def test_what_is_no_key_is_401(db: None, text: str) -> None:
    assert status(text.encode().decode("latin-1")) == 401


def test_a_key_with_something_behind_it_is_401(key: tuple[ApiKey, str]) -> None:
    text = key[1]
    assert [status(one) for one in (text + "\n", text + "0", text[:-1], text.upper())] == [401] * 4


def counted(done: list[str], name: str, original: Any) -> Any:
    def count(*args: Any) -> Any:
        done.append(name)
        return original(*args)

    return count


def test_k_08_an_unknown_key_costs_the_same_work(
    key: tuple[ApiKey, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id, secret = keys.parts(key[1])
    done: list[str] = []
    for name in ("new", "compare_digest"):
        original = getattr(hmac, name)
        monkeypatch.setattr(hmac, name, counted(done, name, original))
    for text in (f"{public_id}{'0' * 43}", f"{'0' * 14}{secret}"):
        done.clear()
        with CaptureQueriesContext(connection) as captured, pytest.raises(InvalidTokenError):
            keys.caller_of(f"dsk_{text[:14]}_{text[14:]}{keys.checksum(text)}")
        assert done == ["new", "compare_digest"]
        assert len(captured) == 1


def test_k_08_a_check_costs_less_than_a_millisecond(key: tuple[ApiKey, str]) -> None:
    public_id, secret = keys.parts(key[1])
    user = selectors.user_of_key(public_id)
    assert keys.is_secret_of(user, secret)

    def usual_s() -> float:
        check = partial(keys.is_secret_of, user, secret)
        return statistics.median(seconds_of(check) for _ in range(300))

    assert_within(0.001, usual_s)


def test_the_checksum_is_a_crc_32_in_base_62() -> None:
    # CRC-32 of "123456789" is cbf43926 (its published check value): 3,421,780,262.
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    number = 0
    for digit in keys.checksum("123456789"):
        number = number * 62 + digits.index(digit)
    assert number == 0xCBF43926


def test_one_statement_finds_key_user_roles_and_rights(key: tuple[ApiKey, str]) -> None:
    keys.caller_of(key[1])  # the first use is written down
    with CaptureQueriesContext(connection) as captured:
        user, credential = keys.caller_of(key[1])
        assert user.roles == ["analyst"]
        assert user.has_perm("datasets.add_dataset")
        assert not user.is_admin
    assert len(captured) == 1
    assert credential.scopes == frozenset({READ, WRITE})


# ------------------------------------------------------------------ the key of their hashes


def test_k_08_the_key_of_the_hashes_can_be_changed(key: tuple[ApiKey, str], settings: Any) -> None:
    row, text = key
    first = settings.API_KEY_HASH_KEY
    with override_settings(API_KEY_HASH_KEY=OTHER_KEY):
        assert status(text) == 401
    with override_settings(API_KEY_HASH_KEY=OTHER_KEY, API_KEY_PREVIOUS_HASH_KEY=first):
        assert status(text) == 200
    stored = ApiKey.objects.get(pk=row.pk)
    assert (stored.hash_key, stored.secret_hash) != (row.hash_key, row.secret_hash)
    # Hashed anew when it was used: the first is not needed any more.
    with override_settings(API_KEY_HASH_KEY=OTHER_KEY):
        assert status(text) == 200
    assert status(text) == 401


# ------------------------------------------------------------------ scopes


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("viewer", {READ}),
        ("analyst", {READ, WRITE, RUN}),
        ("steward", {READ, WRITE, RUN}),
        ("admin", {READ, WRITE, RUN, ADMINISTER}),
    ],
)
def test_k_09_a_key_is_good_for_no_more_than_its_makers_role(
    db: None, role: str, scopes: set[str]
) -> None:
    maker = make_user(role)
    for scope in (READ, WRITE, RUN, ADMINISTER):
        if scope in scopes:
            _, text = key_services.create(maker, name="x", scopes=[scope])
            assert scopes_of(text) == {scope}
        else:
            with pytest.raises(InvalidInputError) as caught:
                key_services.create(maker, name="x", scopes=[READ, scope])
            assert set(caught.value.details) == {"scopes"}


def test_k_09_a_lowered_role_lowers_the_keys_too(db: None) -> None:
    maker = make_user("admin")
    every = [READ, WRITE, RUN, ADMINISTER]
    _, text = key_services.create(maker, name="x", scopes=every)
    services.set_roles(maker, ["viewer"])
    assert scopes_of(text) == {READ}
    assert with_key(text).get("/api/v1/users").status_code == 403


def test_a_changed_group_lowers_the_keys_on_the_next_request(key: tuple[ApiKey, str]) -> None:
    from django.contrib.auth.models import Group

    Group.objects.get(name="analyst").permissions.clear()
    assert scopes_of(key[1]) == {READ}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": ...}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ...}, "scopes"),
        ({"scopes": "data:read"}, "scopes"),
        ({"scopes": ["data:read data:write"]}, "scopes.0"),
        ({"scopes": ["in person"]}, "scopes.0"),
        ({"scopes": [["data:read"]]}, "scopes.0"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"expires_at": None}, "expires_at"),
        ({"expires_at": "never"}, "expires_at"),
        ({"expires_at": 99999999999}, "expires_at"),
        ({"expires_at": "2001-01-01"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
        ({"user": "x"}, "user"),
        ({"key": "dsk_x"}, "key"),
        ({"last_used_at": "2026-01-01T00:00:00Z"}, "last_used_at"),
    ],
    ids=str,
)
def test_a_key_that_is_wrong_is_400_naming_the_field(
    api: APIClient, changed: dict[str, Any], named: str
) -> None:
    body = {name: value for name, value in {**BODY, **changed}.items() if value is not ...}
    answer = api.post(KEYS, body, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {named}
    assert not ApiKey.objects.exists()


# ------------------------------------------------------------------ how long, how often, how many


def test_k_09_a_key_lives_90_days_unless_told_and_366_at_most(analyst: User) -> None:
    now = timezone.now()
    usual, _ = key_services.create(analyst, name="x", scopes=[READ])
    assert abs(usual.expires_at - now - timedelta(days=90)) < timedelta(minutes=1)
    longest = now + timedelta(days=366)
    assert key_services.create(analyst, name="x", scopes=[READ], expires_at=longest)
    for wrong in (longest + timedelta(hours=1), now - timedelta(seconds=1)):
        with pytest.raises(InvalidInputError):
            key_services.create(analyst, name="x", scopes=[READ], expires_at=wrong)


def test_k_09_a_key_past_its_end_opens_nothing(key: tuple[ApiKey, str], api: APIClient) -> None:
    row, text = key
    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert status(text) == 401
    assert [one["id"] for one in api.get(KEYS).json()["results"]] == [str(row.pk)]


def test_k_09_the_last_use_is_true_to_a_minute_and_written_once_a_minute(
    key: tuple[ApiKey, str],
) -> None:
    row, text = key
    assert row.last_used_at is None

    def writes() -> int:
        with CaptureQueriesContext(connection) as captured:
            status(text)
        return sum(query["sql"].startswith("UPDATE") for query in captured)

    assert [writes(), writes()] == [1, 0]
    used = ApiKey.objects.get(pk=row.pk).last_used_at
    assert used is not None
    assert abs(timezone.now() - used) < timedelta(seconds=50)
    ApiKey.objects.filter(pk=row.pk).update(last_used_at=timezone.now() - timedelta(seconds=61))
    assert [writes(), writes()] == [1, 0]


def test_a_request_that_fails_has_used_the_key_too(key: tuple[ApiKey, str]) -> None:
    row, text = key
    answer = with_key(text).post("/api/v1/datasets", {"name": ["x"]}, format="json")
    assert answer.status_code == 400
    row.refresh_from_db()
    assert row.last_used_at is not None


def test_twenty_keys_are_the_most(analyst: User, api: APIClient) -> None:
    made = [key_services.create(analyst, name="x", scopes=[READ])[0] for _ in range(20)]
    answer = api.post(KEYS, BODY, format="json")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (409, "CONFLICT")
    key_services.revoke(made[0])
    ApiKey.objects.filter(pk=made[1].pk).update(expires_at=timezone.now())
    statuses = [api.post(KEYS, BODY, format="json").status_code for _ in range(3)]
    assert statuses == [201, 201, 409]


def test_twenty_keys_are_the_most_when_made_at_once(committed_db: None) -> None:
    maker = make_user("viewer")
    for _ in range(18):
        key_services.create(maker, name="x", scopes=[READ])

    def one_more() -> bool:
        try:
            key_services.create(maker, name="x", scopes=[READ])
        except ConflictError:
            return False
        return True

    assert sum(at_once(*[one_more] * 6)) == 2


# ------------------------------------------------------------------ their end


def test_k_09_a_revoked_key_opens_nothing_from_the_next_request_on(
    key: tuple[ApiKey, str], api: APIClient
) -> None:
    row, text = key
    assert status(text) == 200
    assert api.delete(f"{KEYS}/{row.pk}").status_code == 204
    assert status(text) == 401
    assert api.delete(f"{KEYS}/{row.pk}").status_code == 404
    assert api.get(KEYS).json()["count"] == 0


def test_a_key_of_somebody_else_is_like_one_that_never_was(
    key: tuple[ApiKey, str], admin: User, viewer: User, client_of: ClientOf
) -> None:
    for other in (client_of(viewer), client_of(admin)):
        theirs = other.delete(f"{KEYS}/{key[0].pk}")
        never = other.delete(f"{KEYS}/{viewer.pk}")
        assert (theirs.status_code, theirs.content) == (404, never.content)
        assert other.get(KEYS).json()["count"] == 0
    assert status(key[1]) == 200


def test_who_is_shut_out_has_no_key_any_more_and_gets_none_of_them_back(
    key: tuple[ApiKey, str], analyst: User, admin: User
) -> None:
    services.change_user(admin, analyst, {"is_active": False})
    assert status(key[1]) == 401
    services.change_user(admin, analyst, {"is_active": True})
    assert status(key[1]) == 401


def test_a_deactivation_by_hand_shuts_keys_out_too(key: tuple[ApiKey, str], analyst: User) -> None:
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    assert status(key[1]) == 401


def test_making_and_revoking_are_audited_without_the_key(api: APIClient, analyst: User) -> None:
    made = api.post(KEYS, BODY, format="json").json()
    api.delete(f"{KEYS}/{made['id']}")
    events = AuditEvent.objects.filter(object_type="key", object_id=made["id"]).order_by("id")
    assert [event.action for event in events] == ["key.created", "key.revoked"]
    assert {event.user_id for event in events} == {analyst.pk}
    assert {event.credential for event in events} == {"jwt"}
    assert made["key"].split("_")[2] not in str([event.details for event in events])


def test_admins_see_keys_without_their_secret_and_revoke_them(
    key: tuple[ApiKey, str], admin: User
) -> None:
    row, text = key
    client = browser(admin)
    for page in (address(ApiKey, "changelist"), address(row, "change")):
        shown = client.get(page).content.decode()
        assert row.name in shown
        assert row.secret_hash not in shown
        assert text not in shown
    form = {"action": "revoke_selected", "_selected_action": str(row.pk)}
    assert client.post(address(ApiKey, "changelist"), form).status_code == 302
    assert status(text) == 401
    assert client.get(address(ApiKey, "add")).status_code == 403
    assert client.post(address(row, "delete"), {"post": "yes"}).status_code == 403
