"""A server with narrow limits that asks staff for codes and takes sign-ins from elsewhere."""

import uuid
from collections.abc import Iterator

import pytest
import requests

from tests.pages.provider import CLIENT_ID, CLIENT_SECRET, Provider, key
from tests.running import Server
from tests.security.limited import running
from tests.security.people import Person, make_person
from tests.security.web import Web, code_of

pytestmark = pytest.mark.slow

LOGIN = "/account/oidc/login/"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> None:
    """The provider does no wrong unless a test tells it to, and knows each test as another."""
    provider.key, provider.algorithm = key(0), "RS256"
    provider.claims = {"sub": uuid.uuid4().hex}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("strict"),
        ADMIN_TOTP_REQUIRED="true",
        OIDC_ISSUER=provider.issuer,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="The Office",
        RATE_LOGINS_ACCOUNT="5/15min",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def staff(strict: Server) -> Person:
    """The first admin, with codes switched on: without them the API lets no admin in."""
    kept = strict.first_admin()
    first = Person(strict, "", kept["username"], kept["password"])
    web = Web(strict)
    web.sign_in(first)
    secret, _ = web.switch_codes_on()
    refused = first("POST", "/auth/token", 401, json=kept).json()["detail"]
    assert set(refused["details"]) == {"otp"}
    tokens = first("POST", "/auth/token", 200, json={**kept, "otp": code_of(secret, 1)}).json()
    first.session.headers["Authorization"] = f"Bearer {tokens['access']}"
    return first


@pytest.fixture
def person(strict: Server, staff: Person) -> Person:
    someone = make_person(staff, "viewer")
    someone.session = strict.signed_in(someone.username, someone.password)
    return someone


def test_staff_see_the_admin_only_with_a_code(strict: Server, staff: Person) -> None:
    assert Web(strict).get("/admin/login/").status_code == 200
    admin = make_person(staff, "admin")
    body = {"username": admin.username, "password": admin.password}
    admin("POST", "/auth/token", 403, json=body)
    web = Web(strict)
    web.sign_in(admin)
    asked = web.get("/admin/accounts/user/")
    assert asked.url.startswith(f"{strict.url}/account/2fa/totp/activate/")
    secret, _ = web.switch_codes_on()
    assert web.get("/admin/accounts/user/", allow_redirects=False).status_code == 200
    other = Web(strict)
    other.sign_in(admin)
    assert other.get("/admin/", allow_redirects=False).status_code == 302
    other.send("/account/2fa/authenticate/", {"code": code_of(secret, 1)})
    assert other.get("/admin/", allow_redirects=False).status_code == 200


def come_back(web: Web, provider: Provider, begin: str = LOGIN) -> int:
    """Go to the provider and come back; the status of the coming back."""
    away = web.send(begin)
    assert away.status_code == 302, away.text
    back = provider.authorize(away.headers["Location"])
    assert back.startswith(f"{web.url}/account/oidc/callback/?")
    return web.get(back, allow_redirects=False).status_code


def connect(strict: Server, provider: Provider, person: Person) -> None:
    web = Web(strict)
    web.sign_in(person)
    assert come_back(web, provider, f"{LOGIN}?process=connect") == 302


def test_an_account_elsewhere_opens_the_one_that_connected_it(
    strict: Server, provider: Provider, person: Person
) -> None:
    connect(strict, provider, person)
    web = Web(strict)
    assert "Sign in with The Office" in web.get("/account/login/").text
    assert come_back(web, provider) == 302
    assert web.get("/api/v1/users/me").json()["username"] == person.username
    web = Web(strict)
    back = provider.authorize(web.send(LOGIN).headers["Location"])
    assert Web(strict).get(back).status_code == 401
    assert web.get(back.partition("state=")[0] + "state=made-up").status_code == 401
    assert not web.is_in


@pytest.mark.parametrize("wrong", ["audience", "signature", "nonce"])
def test_an_id_token_that_is_not_right_lets_nobody_in(
    strict: Server, provider: Provider, person: Person, wrong: str
) -> None:
    connect(strict, provider, person)
    if wrong == "signature":
        provider.key = key(1)
    elif wrong == "audience":
        provider.claims["aud"] = "another"
    else:
        provider.claims["nonce"] = "0" * 64
    web = Web(strict)
    assert come_back(web, provider) == 401
    assert not web.is_in


def test_a_stranger_and_the_address_of_somebody_else_open_nothing(
    strict: Server, provider: Provider, person: Person
) -> None:
    for email in ("stranger@example.org", person.email):
        provider.claims["email"] = email
        web = Web(strict)
        assert come_back(web, provider) == 403
        assert not web.is_in


def test_who_is_deactivated_does_not_come_in_from_elsewhere(
    strict: Server, provider: Provider, person: Person, staff: Person
) -> None:
    connect(strict, provider, person)
    staff("PATCH", f"/users/{person.id}", 200, json={"is_active": False})
    web = Web(strict)
    come_back(web, provider)
    assert not web.is_in


def test_k_03_failures_on_the_page_and_at_the_api_are_counted_together(
    strict: Server, person: Person
) -> None:
    web = Web(strict)
    for _ in range(3):
        fields = {"login": person.email, "password": "not-the-password"}
        assert web.send("/account/login/", fields).status_code == 200
    body = {"username": person.username, "password": "not-the-password"}
    for _ in range(2):
        answer = requests.post(f"{strict.api}/auth/token", json=body, timeout=60)
        assert answer.status_code == 401
    answer = web.sign_in(person)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 900
    assert "text/html" in answer.headers["Content-Type"]
    assert not web.is_in


def test_k_03_codes_are_not_guessed_by_signing_in_again(strict: Server, person: Person) -> None:
    web = Web(strict)
    web.sign_in(person)
    secret, _ = web.switch_codes_on()
    seen = []
    for _ in range(6):
        guessing = Web(strict)
        assert guessing.sign_in(person).headers["Location"] == "/account/2fa/authenticate/"
        seen.append(guessing.send("/account/2fa/authenticate/", {"code": "1"}).status_code)
    assert seen == [200] * 5 + [429]
    good = {"code": code_of(secret, 1)}
    assert guessing.send("/account/2fa/authenticate/", good).status_code == 429
