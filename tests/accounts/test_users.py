"""People over the API: made, listed, changed, removed."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.serializers.people import masked
from tests.conftest import ClientOf
from tests.factories import PASSWORD, make_dataset, make_user

USERS = "/api/v1/users"
NEW = {"username": "new-one", "email": "new-one@example.org", "password": PASSWORD}


def post(client: APIClient, **changed: Any) -> Any:
    return client.post(USERS, {**NEW, **changed}, format="json")


# ------------------------------------------------------------------ registration


def test_nobody_registers_where_registration_is_closed(
    analyst: User, anyone: APIClient, api: APIClient
) -> None:
    assert post(anyone).status_code == 401
    assert post(api).status_code == 403
    assert not User.objects.filter(username="new-one").exists()


@override_settings(OPEN_REGISTRATION=True)
def test_anyone_registers_where_registration_is_open_and_gets_the_default_role(
    db: None, anyone: APIClient
) -> None:
    answer = post(anyone)
    assert answer.status_code == 201
    assert answer.json()["roles"] == ["analyst"]
    assert answer["Location"] == f"{USERS}/{answer.json()['id']}"
    assert "password" not in answer.json()
    body = {"username": "new-one", "password": PASSWORD}
    assert anyone.post("/api/v1/auth/token", body, format="json").status_code == 200


@override_settings(OPEN_REGISTRATION=True)
@pytest.mark.parametrize(
    "more", [{"roles": ["admin"]}, {"is_admin": True}, {"is_active": True}, {"is_admin": False}]
)
def test_a_07_nobody_but_an_admin_gives_roles(
    db: None, anyone: APIClient, more: dict[str, Any]
) -> None:
    assert post(anyone, **more).status_code == 403
    assert User.objects.count() == 0


def test_an_admin_makes_users_with_roles(admin: User, client_of: ClientOf) -> None:
    answer = post(client_of(admin), roles=["viewer", "steward"])
    assert answer.status_code == 201
    assert answer.json()["roles"] == ["steward", "viewer"]
    assert answer.json()["email"] == NEW["email"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"username": "with@sign"}, "username"),
        ({"username": "with space"}, "username"),
        ({"username": "nul\x00"}, "username"),
        ({"username": ["list"]}, "username"),
        ({"username": "x" * 51}, "username"),
        ({"username": ""}, "username"),
        ({"username": "a\u202eb"}, "username"),
        ({"email": "no-address"}, "email"),
        ({"email": "nul\x00@example.org"}, "email"),
        ({"email": "a@example.org\nBcc: b@example.org"}, "email"),
        ({"email": "x" * 250 + "@example.org"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "new-one@example.org"}, "password"),
        ({"password": "x" * 1_000_001}, "password"),
        ({"roles": ["emperor"]}, "roles.0"),
        ({"roles": "admin"}, "roles"),
        ({"is_superuser": True}, "is_superuser"),
        ({"id": "7a5fe989-ad62-4244-875d-3dcd5d2215f5"}, "id"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_new_user_that_is_wrong_is_400_naming_the_field(
    admin: User, client_of: ClientOf, changed: dict[str, Any], named: str
) -> None:
    answer = post(client_of(admin), **changed)
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {named}


@pytest.mark.parametrize("field", ["username", "email"])
def test_names_and_addresses_are_taken_once_whatever_their_case(
    admin: User, analyst: User, client_of: ClientOf, field: str
) -> None:
    answer = post(client_of(admin), **{field: getattr(analyst, field).upper()})
    assert answer.status_code == 400
    assert "taken" in answer.json()["detail"]["details"][field][0]


@pytest.mark.parametrize("field", ["username", "email"])
def test_the_database_itself_holds_names_and_addresses_apart(analyst: User, field: str) -> None:
    facts = {"username": "other", "email": "other@example.org"}
    facts[field] = getattr(analyst, field).upper()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(**facts)


# ------------------------------------------------------------------ who sees whom


def test_only_admins_list_users(
    analyst: User, steward: User, admin: User, anyone: APIClient, client_of: ClientOf
) -> None:
    assert anyone.get(USERS).status_code == 401
    assert client_of(steward).get(USERS).status_code == 403
    listed = client_of(admin).get(USERS, {"ordering": "username"}).json()
    assert listed["count"] == 3
    assert {one["email"] for one in listed["results"]} >= {analyst.email}


def test_a_list_of_users_costs_the_same_queries_however_long(
    admin: User, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    client = client_of(admin)
    for _ in range(2):
        # The sign-in with what the caller may do, its limit; how many, the page, its roles.
        with django_assert_num_queries(5):
            assert client.get(USERS).status_code == 200
        for _ in range(5):
            make_user("viewer")


def test_a_user_sees_oneself_and_nobody_else(analyst: User, viewer: User, api: APIClient) -> None:
    assert api.get(f"{USERS}/{analyst.pk}").json()["email"] == analyst.email
    unknown = api.get(f"{USERS}/{uuid4()}")
    other = api.get(f"{USERS}/{viewer.pk}")
    assert (other.status_code, other.content) == (404, unknown.content)
    assert api.patch(f"{USERS}/{viewer.pk}", {}, format="json").status_code == 404
    assert api.delete(f"{USERS}/{viewer.pk}").status_code == 404


def test_me_is_oneself_with_a_tag(analyst: User, api: APIClient, anyone: APIClient) -> None:
    assert anyone.get(f"{USERS}/me").status_code == 401
    answer = api.get(f"{USERS}/me", {"fields": "id,username"})
    assert answer.json() == {"id": str(analyst.pk), "username": analyst.username}
    again = api.get(f"{USERS}/me", HTTP_IF_NONE_MATCH=api.get(f"{USERS}/me")["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("address", "shown"),
    [("anna@example.org", "a***@example.org"), ("a@example.org", "a***@example.org")],
)
def test_a_masked_address_shows_its_first_letter_and_its_domain(address: str, shown: str) -> None:
    assert masked(address) == shown


@pytest.mark.parametrize("path", ["nobody", "\x00", "x" * 3000, "me "])
def test_in_44_an_id_that_is_none_is_404(admin: User, client_of: ClientOf, path: str) -> None:
    assert client_of(admin).get(f"{USERS}/{path}").status_code == 404


# ------------------------------------------------------------------ changes


def test_k_07_an_own_e_mail_changes_only_with_the_current_password(
    analyst: User, admin: User, api: APIClient, client_of: ClientOf
) -> None:
    for client in (api, client_of(admin)):
        new = {"email": f"changed-{uuid4().hex[:6]}@example.org"}
        for body in (new, {**new, "current_password": "wrong"}):
            answer = client.patch(f"{USERS}/me", body, format="json")
            assert answer.status_code == 400
            assert set(answer.json()["detail"]["details"]) == {"current_password"}
        body = {**new, "current_password": PASSWORD}
        assert client.patch(f"{USERS}/me", body, format="json").json()["email"] == new["email"]


@pytest.mark.parametrize(
    "body", [{"is_admin": True}, {"roles": ["admin"]}, {"is_active": False}, {"roles": ["analyst"]}]
)
def test_a_07_nobody_raises_oneself(analyst: User, api: APIClient, body: dict[str, Any]) -> None:
    assert api.patch(f"{USERS}/me", body, format="json").status_code == 403
    assert User.objects.get(pk=analyst.pk).roles == ["analyst"]


@pytest.mark.parametrize("name", ["id", "created_at", "is_superuser", "password", "groups"])
def test_a_07_what_cannot_be_set_is_refused_by_its_name(
    admin: User, client_of: ClientOf, name: str
) -> None:
    answer = client_of(admin).patch(f"{USERS}/{admin.pk}", {name: "x"}, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {name}


def test_an_admin_changes_roles_and_activity(
    admin: User, analyst: User, client_of: ClientOf
) -> None:
    client = client_of(admin)
    path = f"{USERS}/{analyst.pk}"
    assert client.patch(path, {"roles": ["viewer"]}, format="json").json()["roles"] == ["viewer"]
    both = client.patch(path, {"is_admin": True}, format="json").json()
    assert (both["roles"], both["is_admin"]) == (["admin", "viewer"], True)
    assert client.patch(path, {"is_admin": False}, format="json").json()["roles"] == ["viewer"]
    assert client.patch(path, {"is_active": False}, format="json").json()["is_active"] is False


def test_a_stale_tag_refuses_a_change(admin: User, analyst: User, client_of: ClientOf) -> None:
    client = client_of(admin)
    path = f"{USERS}/{analyst.pk}"
    tag = client.get(path)["ETag"]
    assert client.patch(path, {"roles": ["viewer"]}, format="json").status_code == 200
    stale = client.patch(path, {"roles": ["steward"]}, format="json", HTTP_IF_MATCH=tag)
    assert stale.status_code == 412
    assert User.objects.get(pk=analyst.pk).roles == ["viewer"]


def test_a_password_changes_only_with_the_current_one(analyst: User, api: APIClient) -> None:
    path = f"{USERS}/me/password"
    wrong = {"current_password": "wrong", "new_password": "a-new-long-sentence-1"}
    assert set(api.post(path, wrong, format="json").json()["detail"]["details"]) == {
        "current_password"
    }
    weak = {"current_password": PASSWORD, "new_password": "short"}
    assert set(api.post(path, weak, format="json").json()["detail"]["details"]) == {"new_password"}
    assert User.objects.get(pk=analyst.pk).check_password(PASSWORD)


# ------------------------------------------------------------------ removal


def test_removal_deactivates_and_anonymises(
    admin: User, analyst: User, client_of: ClientOf, api: APIClient
) -> None:
    name, address = analyst.username, analyst.email
    assert client_of(admin).delete(f"{USERS}/{analyst.pk}").status_code == 204
    left = User.objects.get(pk=analyst.pk)
    assert not left.is_active
    assert not left.has_usable_password()
    assert name not in left.username
    assert address not in left.email
    assert (left.roles, api.get(f"{USERS}/me").status_code) == ([], 401)
    # The name and the address are free again.
    assert post(client_of(admin), username=name, email=address).status_code == 201


def test_a_user_who_owns_datasets_is_not_removed(
    admin: User, analyst: User, client_of: ClientOf
) -> None:
    make_dataset(analyst)
    answer = client_of(admin).delete(f"{USERS}/{analyst.pk}")
    assert answer.status_code == 409
    assert answer.json()["detail"]["code"] == "CONFLICT"
    left = User.objects.get(pk=analyst.pk)
    assert (left.is_active, left.username) == (True, analyst.username)


def test_a_user_may_leave(analyst: User, api: APIClient) -> None:
    assert api.delete(f"{USERS}/{analyst.pk}").status_code == 204
    assert not User.objects.get(pk=analyst.pk).is_active


def test_users_are_found_by_words_of_name_and_address(
    admin: User, analyst: User, client_of: ClientOf
) -> None:
    client = client_of(admin)
    found = client.get(USERS, {"search": analyst.username.upper()}).json()
    assert [one["id"] for one in found["results"]] == [str(analyst.pk)]
    hidden = client.get(USERS, {"ordering": "password"})
    assert hidden.status_code == 400
    assert client.get(USERS, {"owner__password__startswith": "a"}).status_code == 400
