"""K-12: how access is asked for, and how a code becomes tokens, over HTTP."""

import re

import pytest
import requests

from tests.running import Server
from tests.security.oauth2_flow import (
    ALL,
    CALLBACK,
    App,
    Browser,
    hashed,
    lines,
    proof,
    reads,
    register,
    sql,
    told,
    with_token,
)
from tests.security.people import ACCESS_S, Person

pytestmark = pytest.mark.slow


def test_k_12_a_code_with_its_verifier_opens_what_the_user_allowed(
    guarded: Server, app: App, browser: Browser, user: Person
) -> None:
    given = browser.lets_in(app)
    assert (given["token_type"], given["expires_in"], given["scope"]) == (
        "Bearer",
        ACCESS_S,
        "data:read",
    )
    me = with_token(guarded, given["access_token"], "GET", "/users/me").json()
    assert me["id"] == user.id
    refused = with_token(guarded, given["access_token"], "POST", "/datasets", json={"name": "x"})
    assert (refused.status_code, refused.json()["detail"]["code"]) == (403, "INSUFFICIENT_SCOPE")
    assert lines(guarded, "oauth2.authorized", app) == [("done", user.id)]
    assert lines(guarded, "oauth2.token_issued", app) == [("done", user.id)]


def test_k_12_a_code_is_good_once_and_its_second_use_ends_its_tokens(
    guarded: Server, app: App, code: tuple[str, str]
) -> None:
    given = app.redeem(*code).json()
    assert reads(guarded, given["access_token"]) == 200
    again = app.redeem(*code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert reads(guarded, given["access_token"]) == 401
    assert app.renew(given["refresh_token"]).status_code == 400
    assert [outcome for outcome, _ in lines(guarded, "oauth2.code_reused", app)] == ["denied"]


def test_k_12_a_code_lives_a_minute_at_most(
    guarded: Server, app: App, code: tuple[str, str]
) -> None:
    ((seconds,),) = sql(
        guarded,
        "SELECT extract(epoch FROM expires - created)::int FROM oauth2_provider_grant "
        "WHERE code = %s",
        hashed(code[0]),
    )
    assert 0 < seconds <= 60
    sql(
        guarded,
        "UPDATE oauth2_provider_grant SET expires = now() WHERE code = %s",
        hashed(code[0]),
    )
    answer = app.redeem(*code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("verifier", ["", "x" * 43, "short", "x" * 129])
def test_k_12_a_code_is_of_no_use_without_its_verifier(
    app: App, code: tuple[str, str], verifier: str
) -> None:
    answer = app.redeem(code[0], verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_request", "invalid_grant"}


@pytest.mark.parametrize(
    "proven",
    [
        {"code_challenge": ""},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"code_challenge": "=" * 43},
    ],
)
def test_k_12_no_code_is_given_without_a_challenge_by_s256(
    app: App, browser: Browser, proven: dict[str, str]
) -> None:
    url = app.asking(proof()[1], **proven)
    for answer in (browser.get(url), browser.post(url, {"decision": "allow"})):
        assert answer.headers["Location"].startswith(CALLBACK)
        assert told(answer)["error"] == "invalid_request"
        assert told(answer)["state"] == "xyz"


def test_k_12_a_code_of_another_application_is_unknown(
    app: App, app_owner: Person, code: tuple[str, str]
) -> None:
    answer = register(app_owner).redeem(*code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert app.redeem(*code).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        CALLBACK + "/",
        CALLBACK + "?a=b",
        CALLBACK + "?",
        CALLBACK + "/../callback",
        CALLBACK + "#x",
        CALLBACK.replace("callback", "Callback"),
        CALLBACK.replace("app.example.org", "APP.example.org"),
        CALLBACK.replace("example.org", "example.org:443"),
        CALLBACK.replace("example.org", "example.org:"),
        CALLBACK.replace("https", "http"),
        CALLBACK.replace("https://", "https://u@"),
        CALLBACK.replace("https://app", "https://evil"),
        CALLBACK.replace("example.org", "example.org.evil.net"),
        "//evil.example.net",
        "javascript:alert(1)",
        "data:text/html,x",
    ],
)
def test_k_12_nobody_is_sent_anywhere_but_to_the_registered_address(
    app: App, browser: Browser, other: str
) -> None:
    url = app.asking(proof()[1], redirect_uri=other)
    wrong = app.asking(proof()[1], redirect_uri=other, response_type="token", scope="nonsense")
    for answer in (browser.get(url), browser.get(wrong), browser.post(url, {"decision": "refuse"})):
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("other", [CALLBACK + "/", CALLBACK.upper(), "https://evil.example.net"])
def test_k_12_a_code_goes_with_the_address_that_it_was_sent_to(
    app: App, code: tuple[str, str], other: str
) -> None:
    assert app.redeem(*code, redirect_uri=other).status_code == 400


def test_k_12_a_program_on_the_same_computer_takes_any_port(
    app_owner: Person, browser: Browser
) -> None:
    app = register(
        app_owner, kind="public", redirect_uris="http://127.0.0.1/done http://[::1]/done"
    )
    verifier, challenge = proof()
    for base in ("http://127.0.0.1:49152/done", "http://[::1]:50000/done"):
        gained = browser.allow(app.asking(challenge, redirect_uri=base))
        assert app.redeem(gained, verifier, redirect_uri=base).status_code == 200
    for base in ("http://localhost:1/done", "http://127.0.0.1:1/other", "http://127.0.0.2/done"):
        assert browser.get(app.asking(challenge, redirect_uri=base)).status_code == 400


@pytest.mark.parametrize(
    ("kind", "asked", "error"),
    [
        ("implicit", "token", "unsupported_response_type"),
        ("authorization-code", "token", "unsupported_response_type"),
        ("authorization-code", "id_token", "unsupported_response_type"),
        ("authorization-code", "code token", "unauthorized_client"),
        ("openid-hybrid", "code id_token", "unauthorized_client"),
        ("implicit", "code", "unauthorized_client"),
        ("client-credentials", "code", "unauthorized_client"),
    ],
)
def test_k_12_no_token_comes_by_the_browser(
    app_owner: Person, browser: Browser, kind: str, asked: str, error: str
) -> None:
    app = register(app_owner, grants=kind)
    url = app.asking(proof()[1], response_type=asked)
    answer = browser.post(url, {"decision": "allow"})
    assert told(answer)["error"] == error
    assert "access_token" not in answer.headers["Location"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("password", {"grant_type": "password", "username": "x", "password": "y"}),
        (
            "urn:ietf:params:oauth:grant-type:device_code",
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
        ),
        ("implicit", {"grant_type": "implicit"}),
        ("authorization-code", {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}),
    ],
)
def test_k_12_other_grants_are_not_known(
    app_owner: Person, kind: str, fields: dict[str, str]
) -> None:
    answer = register(app_owner, grants=kind).ask("token", **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_k_12_an_application_has_one_way_to_its_tokens(app_owner: Person, app: App) -> None:
    by_secret = app.ask("token", grant_type="client_credentials")
    assert by_secret.json()["error"] == "unauthorized_client"
    public = register(app_owner, grants="client-credentials", kind="public")
    for fields in ({}, {"client_secret": ""}, {"client_secret": "x"}):
        answer = public.ask("token", grant_type="client_credentials", **fields)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "path",
    [
        "/oauth2/device", "/oauth2/device-authorization", "/oauth2/applications",
        "/oauth2/register",
        "/oauth2/userinfo", "/oauth2/authorized_tokens", "/.well-known/openid-configuration",
        "/.well-known/jwks.json", "/oauth2/logout", "/o/token/",
    ],
)  # fmt: skip
def test_k_12_nothing_else_of_the_protocol_is_there(guarded: Server, path: str) -> None:
    assert requests.get(guarded.url + path, timeout=60).status_code == 404
    assert requests.post(guarded.url + path, timeout=60).status_code in {403, 404}


def test_k_12_consent_is_asked_for_at_first_and_when_it_grows(app: App, browser: Browser) -> None:
    url = app.asking(proof()[1])
    assert browser.get(url).status_code == 200
    browser.lets_in(app)
    assert "code" in told(browser.get(url))
    assert browser.get(app.asking(proof()[1], scope="data:read data:write")).status_code == 200


def test_k_12_a_refusal_is_told_and_gives_nothing(
    guarded: Server, app: App, browser: Browser, user: Person
) -> None:
    answer = browser.post(app.asking(proof()[1]), {"decision": "refuse"})
    said = told(answer)
    assert (said["error"], said["state"], said["iss"]) == ("access_denied", "xyz", guarded.url)
    assert lines(guarded, "oauth2.denied", app) == [("denied", user.id)]


def test_k_12_only_the_page_itself_says_yes(app: App, browser: Browser) -> None:
    url = app.asking(proof()[1])
    page = browser.get(url)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "<script" not in page.text
    foreign = browser.session.post(
        url, data={"decision": "allow"}, timeout=60, allow_redirects=False
    )
    assert (foreign.status_code, foreign.json()["error"]) == (403, "invalid_request")
    assert foreign.headers["Cache-Control"] == "no-store"


def test_k_12_a_token_cannot_say_yes_for_its_user(
    guarded: Server, app: App, browser: Browser
) -> None:
    given = browser.lets_in(app, ALL)
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    answer = requests.get(
        app.asking(proof()[1]), headers=headers, timeout=60, allow_redirects=False
    )
    assert answer.headers["Location"].startswith("/account/login/?next=/oauth2/authorize")


def test_k_12_who_is_not_signed_in_signs_in_and_comes_back(
    guarded: Server, app: App, user: Person
) -> None:
    url = app.asking(proof()[1])
    stranger = Browser(user, signed_in=False)
    sent_away = stranger.get(url)
    assert sent_away.status_code == 302
    back = stranger.sign_in(guarded.url + sent_away.headers["Location"])
    assert guarded.url + back.headers["Location"] == url
    assert stranger.get(url).status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.org/cb", "http://localhost/cb", "https://*.example.org/cb",
        "https://u:p@app.example.org/", "https://app.example.org/#x", "myapp://cb",
        "javascript:alert(1)", "http://127.0.0.1.example.org/",
    ],
)  # fmt: skip
def test_k_12_only_https_or_the_same_computer_can_be_registered(
    guarded: Server, browser: Browser, user: Person, uri: str
) -> None:
    facts = {"name": "Hopeful", "kind": "confidential", "grants": "code", "redirect_uris": uri}
    answer = browser.post(f"{guarded.url}/account/applications/", facts)
    assert answer.status_code == 200
    assert 'id="client-id"' not in answer.text
    mine = "SELECT 1 FROM oauth2_provider_application WHERE user_id = %s AND name = 'Hopeful'"
    assert sql(guarded, mine, user.id) == []


def test_k_12_an_application_of_the_account_page_works(guarded: Server, user: Person) -> None:
    browser = Browser(user)
    facts = {"name": "Mine", "kind": "confidential", "grants": "code", "redirect_uris": CALLBACK}
    page = browser.post(f"{guarded.url}/account/applications/", facts).text
    client_id = re.search(r'id="client-id"[^>]*value="([^"]+)"', page)
    secret = re.search(r'id="secret"[^>]*>([^<]+)<', page)
    assert client_id
    assert secret
    app = App(guarded, client_id[1], secret[1])
    token = browser.lets_in(app)["access_token"]
    assert secret[1] not in browser.get(f"{guarded.url}/account/applications/").text
    assert reads(guarded, token) == 200
