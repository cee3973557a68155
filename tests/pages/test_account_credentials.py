"""Keys and applications on the account page: shown once, one's own only, withdrawn at once."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from oauth2_provider.models import AccessToken, Application, RefreshToken
from rest_framework.test import APIClient

from accounts import selectors
from accounts.models import ApiKey, User
from accounts.services import keys, oauth2
from datastream.core import clock
from tests.factories import make_user
from tests.pages.conftest import Browser, Page

KEY = re.compile(r"dsk_\w+_\w{20,}")
TODAY = clock.now().date()


def form(**changes: Any) -> dict[str, Any]:
    ends = (TODAY + timedelta(days=30)).isoformat()
    return {"name": "my program", "scopes": ["data:read"], "expires_at": ends, **changes}


@pytest.fixture
def others_key(db: None) -> ApiKey:
    key, _ = keys.create(make_user(), name="of another", scopes=["data:read"])
    return key


def test_a_key_is_shown_once_and_opens_the_api(mine: Browser, analyst: User) -> None:
    page = Page(mine.post("/account/keys/", form()))
    (text,) = set(KEY.findall(page.text))
    program = APIClient(HTTP_AUTHORIZATION=f"Api-Key {text}")
    assert program.get("/api/v1/users/me").json()["username"] == analyst.username
    secret = text.rpartition("_")[2]
    for path in ("/account/keys/", "/account/", "/account/activity/"):
        assert secret not in mine.page(path).text
    assert secret not in str(dict(mine.session))
    assert "my program" in mine.page("/account/keys/").text
    key = ApiKey.objects.get()
    assert key.expires_at.isoformat() == f"{TODAY + timedelta(days=30)}T23:59:59+00:00"


def test_only_scopes_that_one_s_roles_can_use_are_offered_and_taken(
    mine: Browser, browser: Browser, viewer: User
) -> None:
    offered = {one["value"] for one in mine.page("/account/keys/").all("input") if "value" in one}
    assert {"data:read", "data:write", "analysis:run"} <= offered
    assert "admin" not in offered
    answer = mine.post("/account/keys/", form(scopes=["admin"]))
    assert answer.status_code == 200
    assert not ApiKey.objects.exists()
    mine.post("/account/logout/")
    browser.sign_in(viewer)
    assert browser.post("/account/keys/", form(scopes=["data:write"])).status_code == 200
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 101}, "at most 100"),
        ({"scopes": []}, "This field is required."),
        ({"expires_at": (TODAY - timedelta(days=2)).isoformat()}, "passed already"),
        ({"expires_at": (TODAY + timedelta(days=400)).isoformat()}, "At most 366 days"),
        ({"expires_at": "soon"}, "Enter a valid date."),
    ],
)
def test_what_is_wrong_with_a_key_stands_beside_the_field(
    mine: Browser, changes: dict[str, Any], says: str
) -> None:
    answer = mine.post("/account/keys/", form(**changes))
    assert says in answer.content.decode()
    (name,) = changes
    assert f'id="id_{name}_error"' in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_after_a_question(mine: Browser, analyst: User) -> None:
    key, text = keys.create(analyst, name="old", scopes=["data:read"])
    path = f"/account/keys/{key.pk}/revoke/"
    assert "“old”" in mine.page(path).text
    program = APIClient(HTTP_AUTHORIZATION=f"Api-Key {text}")
    assert program.get("/api/v1/users/me").status_code == 200
    assert mine.post(path)["Location"] == "/account/keys/"
    assert program.get("/api/v1/users/me").status_code == 401
    assert not selectors.keys_of(analyst).exists()
    assert mine.get(path).status_code == 404


def test_another_s_key_is_like_none(mine: Browser, others_key: ApiKey) -> None:
    assert "of another" not in mine.page("/account/keys/").text
    for send in (mine.get, mine.post):
        answer = send(f"/account/keys/{others_key.pk}/revoke/")
        unknown = send("/account/keys/2b1e4c1e-0000-4000-8000-000000000000/revoke/")
        assert answer.status_code == unknown.status_code == 404
        assert answer.content == unknown.content
    others_key.refresh_from_db()
    assert others_key.revoked_at is None


def application(**changes: Any) -> dict[str, Any]:
    uris = "https://app.example/back"
    return {
        "name": "App", "kind": "confidential", "grants": "code", "redirect_uris": uris, **changes
    }  # fmt: skip


def secret_on(page: Page) -> str:
    found = re.search(r'id="secret"[^>]*>([^<]+)<', page.text)
    return found.group(1) if found else ""


def test_a_secret_of_an_application_is_shown_once(mine: Browser, analyst: User) -> None:
    page = Page(mine.post("/account/applications/", application()))
    secret = secret_on(page)
    assert len(secret) > 30
    made = Application.objects.get(user=analyst)
    assert made.client_id in page.text
    assert secret != made.client_secret
    assert secret not in mine.page("/account/applications/").text
    path = f"/account/applications/{made.pk}/secret/"
    mine.page(path)
    another = secret_on(Page(mine.post(path)))
    assert another not in {"", secret}


def test_a_public_application_has_no_secret(mine: Browser) -> None:
    page = Page(mine.post("/account/applications/", application(kind="public")))
    assert secret_on(page) == ""
    made = Application.objects.get()
    assert mine.post(f"/account/applications/{made.pk}/secret/").status_code == 404


def test_what_is_wrong_with_an_application_stands_on_the_form(mine: Browser) -> None:
    sent = application(redirect_uris="http://app.example/back")
    answer = mine.post("/account/applications/", sent)
    assert 'id="id_redirect_uris_error"' in answer.content.decode()
    assert not Application.objects.exists()


def test_an_application_is_deleted_by_its_owner_only(mine: Browser, analyst: User) -> None:
    own, _ = oauth2.create_application(analyst, name="own", redirect_uris=["https://a.example/"])
    other, _ = oauth2.create_application(
        make_user(), name="another's", redirect_uris=["https://b.example/"]
    )
    for verb in ("delete", "secret"):
        for send in (mine.get, mine.post):
            assert send(f"/account/applications/{other.pk}/{verb}/").status_code == 404
    mine.page(f"/account/applications/{own.pk}/delete/")
    assert mine.post(f"/account/applications/{own.pk}/delete/").status_code == 302
    assert [one.name for one in Application.objects.all()] == ["another's"]


def test_access_given_is_listed_and_withdrawn(mine: Browser, analyst: User) -> None:
    owner = make_user()
    app, _ = oauth2.create_application(owner, name="Asker", redirect_uris=["https://a.example/"])
    for who in (analyst, owner):
        access = AccessToken.objects.create(
            user=who, application=app, token=f"token-{who.pk}", scope="data:read",
            expires=clock.now() + timedelta(minutes=5),
        )  # fmt: skip
        RefreshToken.objects.create(
            user=who,
            application=app,
            token=f"refresh-{who.pk}",
            access_token=access,
            token_family=uuid4(),
        )
    page = mine.page("/account/grants/")
    assert "Asker" in page.text
    assert "data:read" in page.text
    path = f"/account/grants/{app.pk}/withdraw/"
    mine.page(path)
    assert mine.post(path)["Location"] == "/account/grants/"
    mine.page("/account/")  # says what was done
    assert "Asker" not in mine.page("/account/grants/").text
    assert mine.get(path).status_code == 404
    assert AccessToken.objects.get().user == owner
