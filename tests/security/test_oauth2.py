"""K-12 and its neighbours: what tokens open, how they are renewed and end, over HTTP."""

from typing import Any

import pytest
import requests

from tests.running import Server
from tests.security.oauth2_flow import (
    ALL,
    App,
    Browser,
    hashed,
    lines,
    reads,
    register,
    sql,
    with_token,
)
from tests.security.people import People, Person

pytestmark = pytest.mark.slow

TEXT_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'ARRAY')"""


def test_k_12_client_credentials_act_as_the_owner(guarded: Server, app_owner: Person) -> None:
    app = register(app_owner, grants="client-credentials", redirect_uris="")
    given = app.ask("token", grant_type="client_credentials").json()
    assert "refresh_token" not in given
    assert given["scope"] == "data:read"
    me = with_token(guarded, given["access_token"], "GET", "/users/me").json()
    assert me["id"] == app_owner.id


def test_k_12_nothing_that_opens_anything_is_stored(
    guarded: Server, app: App, browser: Browser, code: tuple[str, str]
) -> None:
    given = browser.lets_in(app)
    renewed = app.renew(given["refresh_token"]).json()
    secrets = [code[0], app.secret, given["refresh_token"]]
    secrets += [renewed["access_token"], renewed["refresh_token"]]
    columns = sql(guarded, TEXT_COLUMNS)
    assert ("oauth2_provider_accesstoken", "token") in columns
    found = [
        (table, column)
        for table, column in columns
        for secret in secrets
        if sql(
            guarded,
            f'SELECT 1 FROM "{table}" WHERE position(%s IN "{column}"::text) > 0',  # noqa: S608
            secret,
        )
    ]
    assert found == []
    assert sql(
        guarded,
        "SELECT 1 FROM oauth2_provider_accesstoken WHERE token_checksum = %s",
        hashed(renewed["access_token"]),
    )


def test_k_12_a_used_refresh_token_ends_its_family(
    guarded: Server, app: App, browser: Browser, user: Person
) -> None:
    first = browser.lets_in(app)
    second = app.renew(first["refresh_token"]).json()
    assert reads(guarded, first["access_token"]) == 401
    assert reads(guarded, second["access_token"]) == 200
    again = app.renew(first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert reads(guarded, second["access_token"]) == 401
    assert app.renew(second["refresh_token"]).status_code == 400
    assert ("denied", user.id) in lines(guarded, "oauth2.refresh_reused", app)


def test_k_12_a_refresh_token_of_another_application_is_unknown(
    guarded: Server, app: App, app_owner: Person, browser: Browser
) -> None:
    given = browser.lets_in(app)
    answer = register(app_owner).renew(given["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert reads(guarded, given["access_token"]) == 200


def test_k_12_renewing_never_widens_what_was_allowed(app: App, browser: Browser) -> None:
    given = browser.lets_in(app, "data:read data:write")
    wider = app.renew(given["refresh_token"], scope=ALL)
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    narrower = app.renew(given["refresh_token"], scope="data:read").json()
    assert narrower["scope"] == "data:read"
    again = app.renew(narrower["refresh_token"], scope="data:write")
    assert again.json()["error"] == "invalid_scope"


def test_k_12_access_lasts_fourteen_days_in_all(
    guarded: Server, app: App, browser: Browser
) -> None:
    given = app.renew(browser.lets_in(app)["refresh_token"]).json()
    sql(
        guarded,
        "UPDATE oauth2_provider_refreshtoken SET created = now() - interval '14 days' "
        "WHERE revoked IS NOT NULL AND token_family = ("
        "SELECT token_family FROM oauth2_provider_refreshtoken WHERE token_checksum = %s)",
        hashed(given["refresh_token"]),
    )
    answer = app.renew(given["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_k_12_an_application_ends_its_own_tokens_only(
    guarded: Server, app: App, app_owner: Person, browser: Browser
) -> None:
    for name in ("access_token", "refresh_token"):
        given = browser.lets_in(app)
        assert register(app_owner).ask("revoke", token=given[name]).status_code == 200
        assert reads(guarded, given["access_token"]) == 200
        assert app.ask("revoke", token=given[name]).status_code == 200
        assert reads(guarded, given["access_token"]) == 401
        assert app.renew(given["refresh_token"]).status_code == 400
    assert app.ask("revoke", token="unknown").status_code == 200
    stranger = App(app.server, app.id, "wrong").ask("revoke", token="unknown")
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")


def test_k_12_strangers_learn_nothing_about_a_token(
    guarded: Server, app: App, app_owner: Person, user: Person, browser: Browser
) -> None:
    token = browser.lets_in(app)["access_token"]
    about = app.ask("introspect", token=token).json()
    assert (about["active"], about["username"]) == (True, user.username)
    unknown = app.ask("introspect", token="unknown")
    assert unknown.json() == register(app_owner).ask("introspect", token=token).json()
    assert unknown.json() == {"active": False}
    public = register(app_owner, kind="public")
    its_own = browser.lets_in(public)["access_token"]
    for stranger in (App(guarded, app.id, "wrong"), App(guarded, "nobody", "x"), public):
        answer = stranger.ask("introspect", token=its_own)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    by_bearer = requests.post(
        f"{guarded.url}/oauth2/introspect",
        data={"token": token},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert by_bearer.status_code == 401


def test_k_12_who_fails_to_be_an_application_is_written_down(guarded: Server, app: App) -> None:
    answer = App(guarded, app.id, "wrong").ask("token", grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert lines(guarded, "oauth2.failed", app) == [("failed", None)]


def test_k_12_the_discovery_document_tells_where_and_what(guarded: Server) -> None:
    answer = requests.get(f"{guarded.url}/.well-known/oauth-authorization-server", timeout=60)
    about = answer.json()
    assert about["issuer"] == guarded.url
    for name in ("authorization", "token", "revocation", "introspection"):
        url = about[f"{name}_endpoint"]
        assert url.startswith(f"{guarded.url}/oauth2/")
        assert requests.get(url, timeout=60, allow_redirects=False).status_code in {302, 405}
    assert about["grant_types_supported"] == [
        "authorization_code", "client_credentials", "refresh_token",
    ]  # fmt: skip
    assert about["response_types_supported"] == ["code"]
    assert about["code_challenge_methods_supported"] == ["S256"]
    assert set(about["scopes_supported"]) == set(ALL.split())


def test_k_07_a_changed_password_ends_what_was_let_in(
    guarded: Server, app: App, somebody: People
) -> None:
    leaving = somebody("analyst")
    given = Browser(leaving).lets_in(app)
    own = register(leaving, grants="client-credentials", redirect_uris="")
    acting = own.ask("token", grant_type="client_credentials").json()["access_token"]
    body = {"current_password": leaving.password, "new_password": "another-long-sentence-7"}
    assert leaving("POST", "/users/me/password", json=body).status_code in {200, 204}
    assert reads(guarded, given["access_token"]) == 401
    assert reads(guarded, acting) == 401
    assert app.renew(given["refresh_token"]).status_code == 400


def test_k_07_who_is_shut_out_has_no_token_left(
    guarded: Server, app: App, somebody: People, guarded_admin: Person, browser: Browser
) -> None:
    leaving = somebody("analyst")
    given = Browser(leaving).lets_in(app)
    theirs = register(leaving)
    through_theirs = browser.lets_in(theirs)["access_token"]
    guarded_admin("PATCH", f"/users/{leaving.id}", 200, json={"is_active": False})
    assert reads(guarded, given["access_token"]) == 401
    assert app.renew(given["refresh_token"]).status_code == 400
    # Their applications rest, too: they have the secrets still.
    assert reads(guarded, through_theirs) == 401
    answer = theirs.ask("token", grant_type="refresh_token", refresh_token="x")
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/auth/api-keys", None),
        ("POST", "/auth/api-keys", {"name": "x", "scopes": ["data:read"]}),
        ("POST", "/users/me/password", {"current_password": "x", "new_password": "y" * 20}),
        ("PATCH", "/users/me", {"email": "x@example.org", "current_password": "x"}),
    ],
)
def test_k_10_a_token_makes_no_keys_and_changes_no_password(
    guarded: Server, browser: Browser, app: App, method: str, path: str, body: Any
) -> None:
    token = browser.lets_in(app, ALL)["access_token"]
    answer = with_token(guarded, token, method, path, json=body)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (403, "INSUFFICIENT_SCOPE")


def test_k_11_a_token_in_the_address_is_not_looked_at(
    guarded: Server, browser: Browser, app: App
) -> None:
    token = browser.lets_in(app)["access_token"]
    answer = requests.get(f"{guarded.api}/datasets?access_token={token}", timeout=60)
    assert answer.status_code == 400
    refused = requests.post(
        f"{guarded.url}/oauth2/introspect?token={token}", auth=(app.id, app.secret), timeout=60
    )
    assert refused.status_code == 400
    assert all(token.encode() not in log.read_bytes() for log in guarded.logs)


def test_a_06_a_lowered_role_lowers_its_tokens(
    guarded: Server, app: App, somebody: People, guarded_admin: Person
) -> None:
    person = somebody("analyst")
    token = Browser(person).lets_in(app, "data:read data:write")["access_token"]
    made = with_token(guarded, token, "POST", "/datasets", json={"name": "mine"})
    assert made.status_code == 201
    guarded_admin("PATCH", f"/users/{person.id}", 200, json={"roles": ["viewer"]})
    refused = with_token(guarded, token, "POST", "/datasets", json={"name": "more"})
    assert refused.status_code == 403
