"""What a failed sign-in tells, and what it is made from."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model, password_validation
from django.contrib.auth.hashers import identify_hasher
from django.core.exceptions import ValidationError
from django.test import Client, override_settings
from rest_framework.test import APIClient

from accounts import services
from accounts.models import User
from datastream.core.errors import InvalidInputError
from tests.factories import PASSWORD, make_user

PATH = "/api/v1/auth/token"


def attempt(client: APIClient, username: Any, password: Any = PASSWORD) -> Any:
    return client.post(PATH, {"username": username, "password": password}, format="json")


def test_k_02_every_failed_sign_in_looks_the_same(analyst: User, anyone: APIClient) -> None:
    inactive = make_user("analyst")
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    answers = [
        attempt(anyone, "nobody"),
        attempt(anyone, "nobody@example.org"),
        attempt(anyone, analyst.username, "wrong"),
        attempt(anyone, inactive.username),
        attempt(anyone, inactive.email),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["detail"]["code"] == "INVALID_CREDENTIALS"
    names = [set(answer.headers) for answer in answers]
    assert all(one == names[0] for one in names)


def test_k_02_an_unknown_name_costs_one_hash_as_a_wrong_password_does(
    analyst: User, anyone: APIClient
) -> None:
    hashed = []

    class Counting(identify_hasher(analyst.password).__class__):  # type: ignore[misc]
        def encode(self, *args: Any, **kwargs: Any) -> str:
            hashed.append(1)
            return str(super().encode(*args, **kwargs))

    counts = []
    name = f"{__name__}.hasher"
    globals()["hasher"] = Counting
    with override_settings(PASSWORD_HASHERS=[name]):
        for username in ("nobody", analyst.username):
            hashed.clear()
            attempt(anyone, username, "wrong")
            counts.append(len(hashed))
    assert counts == [1, 1]


@pytest.mark.parametrize(
    ("username", "password"),
    [
        (["admin"], PASSWORD),
        ({"a": 1}, PASSWORD),
        (None, PASSWORD),
        ("", PASSWORD),
        ("a\x00b", PASSWORD),
        ("a" * 300, PASSWORD),
        ("admin", ["x"]),
        ("admin", None),
        ("admin", "a\x00b"),
        ("admin", "x" * 1_000_001),
    ],
    ids=lambda value: str(value)[:12],
)
def test_in_48_what_is_no_name_or_no_password_is_400(
    db: None, anyone: APIClient, username: Any, password: Any
) -> None:
    assert attempt(anyone, username, password).status_code == 400


def test_a_password_is_taken_as_it_is_with_its_spaces(db: None, anyone: APIClient) -> None:
    spaced = "  long sentence with spaces  "
    services.create_user("spacer", "spacer@example.org", password=spaced)
    assert attempt(anyone, "spacer", spaced).status_code == 200
    assert attempt(anyone, "spacer", spaced.strip()).status_code == 401


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("x9-" * 4, True),
        ("short-9-pwd", False),
        ("w" * 64 + "Z" * 64, True),
        ("w" * 64 + "Z" * 65, False),
        ("passwordpassword", False),
        ("datastream-2026", False),
        ("1qaz2wsx3edc", False),
        ("пароль-из-слов", True),
    ],
)
def test_k_01_a_password_has_12_to_128_characters_and_is_not_a_common_one(
    db: None, password: str, is_good: bool
) -> None:
    user = User(username="k01", email="k01@example.org")
    if is_good:
        services.check_password(password, user)
    else:
        with pytest.raises(InvalidInputError) as caught:
            services.check_password(password, user)
        assert "password" in caught.value.details


def test_k_01_all_20_000_common_passwords_are_refused_as_common() -> None:
    kept = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    common = gzip.decompress(kept.read_bytes()).decode().splitlines()
    assert len(common) >= 19_000
    validators = password_validation.get_default_password_validators()
    passed = [one for one in common if "password_too_common" not in codes(validators, one)]
    assert passed == []


def codes(validators: Any, password: str) -> set[str]:
    """What all validators hold against a password."""
    found = set()
    for validator in validators:
        try:
            validator.validate(password, None)
        except ValidationError as error:
            found.add(str(error.code))
    return found


def test_k_01_the_real_hasher_is_argon2id_at_one_lane() -> None:
    from accounts.hashers import Argon2Hasher

    encoded = Argon2Hasher().encode("a password", "a-salt-of-22-characters")
    assert encoded.startswith("argon2$argon2id$v=19$m=47104,t=1,p=1$")


def test_the_pages_take_the_same_names_and_the_session_opens_the_api(
    admin: User, client: Client
) -> None:
    page = client.get("/admin/login/?next=/admin/")["Location"]
    form = {"login": admin.email.upper(), "password": PASSWORD}
    assert client.post(page, form)["Location"] == "/admin/"
    assert client.get("/api/v1/users/me").json()["username"] == admin.username


def test_a_session_writes_only_with_the_csrf_token(analyst: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst, "accounts.backends.UsernameOrEmailBackend")
    answer = client.post(
        "/api/v1/datasets", {"name": "by a foreign page"}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert answer.json()["detail"]["code"] == "PERMISSION_DENIED"
    assert get_user_model() is User
